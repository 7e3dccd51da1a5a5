"""Matches of any two agents: agents, games in pairs, ratings, sequential tests."""
