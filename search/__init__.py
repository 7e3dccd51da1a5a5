"""Search: searches and solvers over any game, budgets, and results.

`trees` has MCTS, batches and graphs; `regret` has CFR, MCCFR and their relatives; `in_play` has what a player in a game
needs. `budget` says how long to work, and `run` is the loop around all of them.
"""
