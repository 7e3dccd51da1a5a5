"""CFR+: negative cumulative regrets are set to zero, strategies are averaged linearly, and players alternate.

Tammelin, "Solving large imperfect information games using CFR+", arXiv 1407.5042, 2014, which also delays averaging.
Two-player zero-sum: O(1 / sqrt(T)) (Tammelin, Burch, Johanson and Bowling, IJCAI 2015, as corrected by Burch, Moravcik
and Schmid, JAIR 2019); in practice often near O(1 / T). `gamma=2` averages quadratically; `delay=d` leaves out the
first d iterations.
"""

import math

from longthink.search.regret.updates import RegretUpdate

VARIANT = RegretUpdate(alpha=math.inf, beta=-math.inf, gamma=1)
