"""Predictive CFR: regret matching that takes the next regret to be the last one.

Farina, Kroer and Sandholm, "Faster game solving via predictive Blackwell approachability", AAAI 2021: predictive regret
matching, their algorithm from follow the regularised leader; here averaged quadratically. Two-player zero-sum, equal
averages: O(1 / sqrt(T)), with a smaller constant the better the predictions. It can do much worse than the others.
"""

import math

from longthink.search.regret.variants.weights import RegretMatching

VARIANT = RegretMatching(alpha=math.inf, beta=math.inf, gamma=2, prediction=1)
