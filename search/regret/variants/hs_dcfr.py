"""HS-DCFR(30): discounted CFR whose weights change linearly over a horizon of n iterations.

Zhang, McAleer and Sandholm, "Faster game solving via hyperparameter schedules", arXiv 2404.09097, 2024:
alpha = 1 + 3 t / n, beta = -1 - 2 t / n, gamma = 30 - 5 t / n. `horizon=` is n; after it the weights stay.
`gamma=lt.Line(15, 10)` is their HS-DCFR(15). Two-player zero-sum: converges to an equilibrium, as shown there for
weights in bounded ranges; its speed is an observation.
"""

from longthink.search.regret.updates import Line, RegretUpdate

VARIANT = RegretUpdate(alpha=Line(1, 4), beta=Line(-1, -3), gamma=Line(30, 25))
