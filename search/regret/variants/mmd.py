"""Magnetic mirror descent with dilated entropy: nothing is averaged, the last strategy itself is the answer.

Sokota et al., "A unified approach to reinforcement learning, quantal response equilibria, and two-player zero-sum
games", ICLR 2023, over the sequence form. Two-player zero-sum, with a constant temperature, `alternating=False` and
small enough steps: the last strategy converges exponentially fast to the quantal response equilibrium of that
temperature (of the reduced normal form). The weights here cool down as 1 / t and alternate: they approach a Nash
equilibrium, by observation.
"""

import math

from longthink.search.regret.updates import MirrorDescentUpdate, Power

VARIANT = MirrorDescentUpdate(step=2.0, temperature=Power(1.0, -1.0), gamma=math.inf)
