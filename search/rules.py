"""Selection rules: how a search chooses which action to look at next. The formulas run in csrc/tree.c.

Values are the game's utilities scaled to [-1, 1], so that one `c` means the same in every game.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from longthink.errors import ParameterError


@dataclass(frozen=True)
class Rule:
    """A selection rule; `c` weighs exploration, `virtual_loss` is what a simulation in flight counts as.

    A simulation in flight (of another thread, or asked and not yet told) counts as a visit that lost
    `virtual_loss` (0 to 2), so that others look elsewhere meanwhile.
    """

    kind: ClassVar[str]
    c: float
    virtual_loss: float = 1.0

    def __post_init__(self) -> None:
        for name, high in (("c", math.inf), ("virtual_loss", 2.0)):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and 0 <= value <= high) or value == math.inf:
                raise ParameterError(
                    f"{type(self).__name__}({name}=...) expects a number from 0 to {high}, got {value!r}"
                )


@dataclass(frozen=True)
class UCT(Rule):
    """Upper confidence bounds applied to trees: W/n + c sqrt(ln N / n), untried actions first.

    Kocsis and Szepesvari, "Bandit based Monte-Carlo planning", ECML 2006; c as OpenSpiel's `uct_c`.
    """

    kind: ClassVar[str] = "uct"
    c: float = 2.0


@dataclass(frozen=True)
class PUCT(Rule):
    """Predictor UCT: Q + c P sqrt(N) / (1 + n); an untried action is as good as its tried siblings on average.

    Rosin, "Multi-armed bandits with episode context", AMAI 2011; in the form of Silver et al., Nature 2017.
    """

    kind: ClassVar[str] = "puct"
    c: float = 1.25


# ---- Mixed strategies: for information states, in `ISMCTS` alone ----


@dataclass(frozen=True)
class RegretMatching:
    """Play in proportion to positive regrets; what comes near an equilibrium is the average strategy.

        strategy(a) = max(R(a), 0) / sum of max(R(b), 0)

    In each simulation one player learns: it draws a share `c` (above 0, up to 1) of its moves uniformly, and adds to
    the regrets R of the information states it came through how much better each action is estimated to be than its
    strategy. The others play their strategies, whose averages are kept. Two players of a zero-sum game with perfect
    recall come to an equilibrium of what is below the root.

    Hart and Mas-Colell, Econometrica 68(5), 2000. In trees of simultaneous moves: Lanctot, Lisy and Winands, "Monte
    Carlo tree search in simultaneous move games with applications to Goofspiel", CGW 2013; Tak, Lanctot and Winands,
    "Monte Carlo tree search variants for simultaneous move games", CIG 2014. The sampled regrets: Lanctot et al.,
    "Monte Carlo sampling for regret minimization in extensive games", NIPS 2009; the baselines: Schmid et al., AAAI
    2019.
    """

    kind: ClassVar[str] = "regret_matching"
    c: float = 0.6

    def __post_init__(self) -> None:
        if not (isinstance(self.c, (int, float)) and 0 < self.c <= 1):
            raise ParameterError(f"RegretMatching(c=...) expects a number above 0 and up to 1, got {self.c!r}")
