"""HS-PCFR+(30): PCFR+ whose averaging forgets early strategies fast; its weight changes linearly over n iterations.

Zhang, McAleer and Sandholm, "Faster game solving via hyperparameter schedules", arXiv 2404.09097, 2024:
gamma = 30 - 5 t / n. `horizon=` is n; after it gamma stays. `gamma=lt.Line(15, 10)` is their HS-PCFR+(15).
Two-player zero-sum: converges to an equilibrium, as shown there for gamma in a bounded range; its speed is an
observation.
"""

import math

from longthink.search.regret.updates import Line, RegretUpdate

VARIANT = RegretUpdate(alpha=math.inf, beta=-math.inf, gamma=Line(30, 25), prediction=1)
