"""Magnetic mirror descent with dilated entropy: no average, the last strategy itself is the answer.

Sokota et al., "A unified approach to reinforcement learning, quantal response equilibria, and two-player zero-sum
games", ICLR 2023, over the sequence form. Two-player zero-sum, a constant temperature and `alternating=False`: the last
strategy goes exponentially fast to the quantal response equilibrium of that temperature (of the reduced normal form),
for steps small enough. The weights here cool down as 1 / t and alternate: towards a Nash equilibrium, by observation.
"""

import math

from longthink.search.regret.variants.weights import MirrorDescent, Power

VARIANT = MirrorDescent(step=2.0, temperature=Power(1.0, -1.0), gamma=math.inf)
