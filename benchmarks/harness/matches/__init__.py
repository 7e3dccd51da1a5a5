"""Matches between any agents, in any game: who plays (agents.py, registry.py), and how a game is played (play.py)."""
