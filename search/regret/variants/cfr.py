"""CFR: cumulative regrets are kept as they are, and all strategies are averaged equally.

Zinkevich, Johanson, Bowling and Piccione, "Regret minimization in games with incomplete information", NIPS 2007,
equations 7 and 8. In two-player zero-sum games exploitability is O(1 / sqrt(T)) after T iterations (their theorem 4;
for alternating updates Burch, Moravcik and Schmid, JAIR 2019). With more players or general sums, regrets still vanish
(the joint play approaches a coarse correlated equilibrium), but the average strategies need not be an equilibrium.
"""

import math

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=math.inf, beta=math.inf, gamma=0)
