"""Selection rules: how a search chooses which action to look at next. The formulas run in csrc/rules.h.

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
        check(self, "c")
        check(self, "virtual_loss", high=2.0)


def check(part: object, name: str, low: float = 0, high: float = math.inf) -> None:
    """Refuse a parameter that is not a finite number in `low`..`high`."""
    value = getattr(part, name)
    if not (isinstance(value, (int, float)) and low <= value <= high) or math.isinf(value):
        raise ParameterError(f"{type(part).__name__}({name}=...) expects a number from {low} to {high}, got {value!r}")


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


@dataclass(frozen=True)
class RAVE(Rule):
    """Rapid action value estimation: an action is also judged by the simulations in which it came later.

        (1 - beta) W/n + beta V/m + c sqrt(ln N / (1 + n))

    V are the results of the m simulations through the parent in which the same player took the action at any
    later time, in the tree or in the playout ("all moves as first"). An action with neither comes first.

    beta is the weight of least expected squared error, m / (n + m + bias^2 n m). `bias` is how far V/m is off
    where values are in [-1, 1], twice the paper's b (4 b^2 n m is bias^2 n m): 0 trusts V/m as W/n, 1 hardly at all.
    equivalence: where given, beta = sqrt(k / (3 N + k)) with this k instead: both weigh the same at k visits.

    Gelly and Silver, "Monte-Carlo tree search and rapid action value estimation in computer Go", Artificial
    Intelligence 175, 2011, equations 10 and 12. c is 0 there, and best 0 or nearly so in Go; but with 0 a search
    may stay with one bad action for ever.
    """

    kind: ClassVar[str] = "rave"
    c: float = 0.1
    bias: float = 0.1
    equivalence: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "bias")
        if self.equivalence is not None:
            check(self, "equivalence", low=1e-9)


@dataclass(frozen=True)
class GRAVE(RAVE):
    """Generalised RAVE: a node with few visits borrows the all-moves-as-first values of an ancestor.

    As `RAVE`, but V and m are those of the action at the nearest ancestor (the node itself counts) that has at
    least `ref` visits and where the same player acts; at the action's own place where that had no such action.
    The paper keeps every player's values in a node, here a node keeps those of the player who acts.

    Cazenave, "Generalized rapid action value estimation", IJCAI 2015.
    """

    kind: ClassVar[str] = "grave"
    ref: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "ref", high=2**31)


@dataclass(frozen=True)
class Knowledge:
    """How a search uses what a game knows besides its rules: `MCTS(game, knowledge=Knowledge(...))`.

    priors: weight of the visits that the game's `priors` says an action is worth: they enter the action's mean
    value from the start as if made, and no result counts them. amaf: the same in the all-moves-as-first
    values of `RAVE` and `GRAVE`. Both from 0 (not used); 1 takes the game's numbers as they are.
    playouts: whether playouts are the game's `informed_playout`.

    Gelly and Silver, "Combining online and offline knowledge in UCT", ICML 2007.
    """

    priors: float = 1.0
    amaf: float = 1.0
    playouts: bool = True

    def __post_init__(self) -> None:
        check(self, "priors")
        check(self, "amaf")


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
