"""Predictive CFR: regret matching with the last regret as a prediction of the next one.

Farina, Kroer and Sandholm, "Faster game solving via predictive Blackwell approachability", AAAI 2021: predictive regret
matching, their algorithm from follow the regularised leader; here with quadratic averaging. Two-player zero-sum with
equal averaging: O(1 / sqrt(T)), with a constant that is smaller for better predictions. It can do much worse than the
others.
"""

import math

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=math.inf, beta=math.inf, gamma=2, prediction=1)
