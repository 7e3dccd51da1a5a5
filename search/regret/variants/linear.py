"""Linear CFR: regrets and strategies of iteration t have weight t.

Brown and Sandholm, "Solving imperfect-information games via discounted regret minimization", AAAI 2019, section on
linear CFR: multiplying by t / (t + 1) after each iteration is the same up to scale. Two-player zero-sum:
O(1 / sqrt(T)), as shown there.
"""

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=1, beta=1, gamma=1)
