"""PCFR+: CFR+ with the last regret as a prediction of the next one, and quadratic averaging.

Farina, Kroer and Sandholm, "Faster game solving via predictive Blackwell approachability", AAAI 2021: predictive regret
matching+, their algorithm from online mirror descent. Two-player zero-sum: O(1 / sqrt(T)); very fast if predictions
are good, weaker on some poker games. `prediction=1 / 3` trusts predictions less (SAPCFR+, Meng et al.,
arXiv 2503.12770, 2025).
"""

import math

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=math.inf, beta=-math.inf, gamma=2, prediction=1)
