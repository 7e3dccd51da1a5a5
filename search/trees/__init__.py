"""Searches that grow a tree or a graph while they look: MCTS, batches, graphs, selection rules, results."""
