"""Search: solvers over any game, budgets, and what they find.

`mcts` searches games of perfect information; `cfr` solves the others; `budget` says how long.
"""
