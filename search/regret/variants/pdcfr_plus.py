"""PDCFR+: PCFR+ with discounted regrets.

Xu et al., "Minimizing weighted counterfactual regret with optimistic online mirror descent", IJCAI 2024, with
alpha = 2.3 and gamma = 5 as in the code they published. Two-player zero-sum: converges to an equilibrium, as shown
there.
"""

import math

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=2.3, beta=-math.inf, gamma=5, prediction=1)
