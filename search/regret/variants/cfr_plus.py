"""CFR+: negative cumulative regrets are floored at zero, strategies averaged linearly, players alternate.

Tammelin, "Solving large imperfect information games using CFR+", arXiv 1407.5042, 2014, which delays averaging, too.
Two-player zero-sum: O(1 / sqrt(T)) (Tammelin, Burch, Johanson and Bowling, IJCAI 2015, as corrected by Burch, Moravcik
and Schmid, JAIR 2019); in practice often near O(1 / T). `gamma=2` averages quadratically, `delay=d` leaves the first d
iterations out.
"""

import math

from longthink.search.regret.variants.weights import RegretMatching

VARIANT = RegretMatching(alpha=math.inf, beta=-math.inf, gamma=1)
