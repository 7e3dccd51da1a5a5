"""PCFR+: CFR+ that takes the next regret to be the last one, averaged quadratically.

Farina, Kroer and Sandholm, "Faster game solving via predictive Blackwell approachability", AAAI 2021: predictive regret
matching+, their algorithm from online mirror descent. Two-player zero-sum: O(1 / sqrt(T)); very fast where predictions
are good, weaker on some poker games. `prediction=1 / 3` trusts them less (SAPCFR+,
Meng et al., arXiv 2503.12770, 2025).
"""

import math

from longthink.search.regret.variants.weights import RegretMatching

VARIANT = RegretMatching(alpha=math.inf, beta=-math.inf, gamma=2, prediction=1)
