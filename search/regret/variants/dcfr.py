"""Discounted CFR: early regrets fade, positive ones slowly and negative ones fast; averaging is quadratic.

Brown and Sandholm, "Solving imperfect-information games via discounted regret minimization", AAAI 2019: DCFR(alpha,
beta, gamma); (3/2, 0, 2) did best there. Two-player zero-sum: O(1 / sqrt(T)) for these three, as shown there.
"""

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=1.5, beta=0, gamma=2)
