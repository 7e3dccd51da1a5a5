"""Selection rules: how a search chooses the next action to try. The formulas run in csrc/search/rules.h.

Values are the game's utilities scaled to [-1, 1], so that `c` means the same in every game. In the formulas W is the
sum of an action's values, n its visit count, Q = W/n, and N the visit count of the node. If the value of an action is
proven, it alone counts; an action that is proven to lose is not tried again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from longthink.validation import real_number, whole_number


def check(part: object, name: str, low: float = 0, high: float = math.inf, *, above: bool = False) -> None:
    """Convert a parameter to `float`. Raises `ParameterError` unless it is a finite number in `low`..`high`."""
    number = real_number(f"{type(part).__name__}({name}=...)", getattr(part, name), low, high, above=above)
    object.__setattr__(part, name, number)


def check_whole(part: object, name: str, low: int = 0, high: float = math.inf) -> None:
    """Convert a parameter to `int`. Raises `ParameterError` unless it is a whole number in `low`..`high`."""
    object.__setattr__(part, name, whole_number(f"{type(part).__name__}({name}=...)", getattr(part, name), low, high))


@dataclass(frozen=True)
class Widening:
    """Progressive widening: a node with N visits uses only its first k N^alpha children, at least one.

    Children are ordered by their priors if the search has any (`PUCT` and `Gumbel` with priors from `tell`, or a game's
    knowledge), else at random. Outcomes of chance are ordered by a random draw with their probabilities; among those in
    use they are drawn by their probabilities. alpha: from 0 to 1; 1/2 is usual.

    Coulom, "Computing Elo ratings of move patterns", 2007; for chance Couetoux et al., "Continuous upper confidence
    trees", LION 2011. All children get memory from the start, so widening saves simulations and not memory.
    """

    k: float = 1.0
    alpha: float = 0.5

    def __post_init__(self) -> None:
        check(self, "k", low=1e-9)
        check(self, "alpha", high=1.0)


@dataclass(frozen=True)
class Rule:
    """A selection rule. All rules have these options, by keyword:

    virtual_loss: a simulation in flight (of another thread, of the same batch, or a leaf of `ask` without a value)
    counts as a visit with this loss (0 to 2), so that other simulations choose other actions.
    unobserved: a simulation in flight counts as a visit for exploration instead, and not in the mean (WU-UCT: Liu et
    al., "Watch the unobserved", ICLR 2020); it takes 4 more bytes per node.
    widening: None, or a `Widening`.
    """

    kind: ClassVar[str]
    virtual_loss: float = field(default=1.0, kw_only=True, repr=False)
    unobserved: bool = field(default=False, kw_only=True, repr=False)
    widening: Widening | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        check(self, "virtual_loss", high=2.0)
        object.__setattr__(self, "unobserved", bool(self.unobserved))
        if hasattr(self, "c"):
            check(self, "c")


@dataclass(frozen=True)
class UCT(Rule):
    """Upper confidence bounds applied to trees: Q + c sqrt(ln N / n), untried actions first.

    Kocsis and Szepesvari, "Bandit based Monte-Carlo planning", ECML 2006; c is OpenSpiel's `uct_c`.
    """

    kind: ClassVar[str] = "uct"
    c: float = 2.0


@dataclass(frozen=True)
class UCB1Tuned(Rule):
    """UCT with less exploration of actions whose values vary little: Q + c sqrt(ln N / n min(1, V + 4 sqrt(2 ln N /
    n))).

    V is the variance of the action's values. c = 1 is the paper's (its 1/4, for values in [0, 1], is our 1). It takes 8
    more bytes per node. Auer, Cesa-Bianchi and Fischer, "Finite-time analysis of the multiarmed bandit problem", 2002,
    section 4.
    """

    kind: ClassVar[str] = "ucb1_tuned"
    c: float = 1.0


@dataclass(frozen=True)
class Thompson(Rule):
    """Thompson sampling: a sample of each action's mean from Beta(1 + won, 1 + lost); the largest sample wins.

    Of n values with the sum W, (n + W)/2 count as won and (n - W)/2 as lost, both divided by c^2: a larger c explores
    more.
    Thompson 1933; Chapelle and Li, NIPS 2011; in trees Bai, Wu and Chen, "Bayesian mixture modelling and inference
    based Thompson sampling in Monte-Carlo tree search", NIPS 2013.
    """

    kind: ClassVar[str] = "thompson"
    c: float = 1.0


@dataclass(frozen=True)
class PUCT(Rule):
    """Predictor UCT: Q + c P sqrt(N) / (1 + n), with an action's prior P.

    base: if given, c grows with the visits, c + ln((1 + N + base) / base); AlphaZero has c = 1.25 and base = 19652.
    fpu: the value of an untried action (first-play urgency), in [-1, 1]; None: the mean of its tried siblings, 0 at
    first. fpu_reduction: subtracted from it, times the square root of the sum of the tried actions' P.
    noise: the share of Dirichlet(alpha) noise in the root's priors, for self-play (AlphaZero: 0.25; alpha 0.3 in chess,
    0.03 in Go).

    Rosin, "Multi-armed bandits with episode context", AMAI 2011; Silver et al., Nature 2017 and Science 2018.
    """

    kind: ClassVar[str] = "puct"
    c: float = 1.25
    base: float | None = None
    fpu: float | None = None
    fpu_reduction: float = 0.0
    noise: float = 0.0
    alpha: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base is not None:
            check(self, "base", low=1e-9)
        if self.fpu is not None:
            check(self, "fpu", low=-2, high=2)
        check(self, "fpu_reduction")
        check(self, "noise", high=1.0)
        check(self, "alpha", low=1e-9)


@dataclass(frozen=True)
class RAVE(Rule):
    """Rapid action value estimation: simulations in which an action was played later also count for its value.

        (1 - beta) Q + beta V/m + c sqrt(ln N / (1 + n))

    V is the sum of the results of the m simulations through the parent in which the same player took the action at any
    later time, in the tree or in the playout ("all moves as first"). An action with n = m = 0 comes first.

    beta is the weight of least expected squared error, m / (n + m + bias^2 n m). `bias` is the error of V/m for values
    in [-1, 1], twice the paper's b (4 b^2 n m is bias^2 n m): 0 trusts V/m like Q, 1 hardly at all.
    equivalence: if given, beta = sqrt(k / (3 N + k)) with this k instead: both weigh the same at k visits.
    decay: from 0 to 1, how much less a later action counts in V and m: an action after the share x of the moves from
    the parent to the end counts 1 - decay x, because late moves belong to another position (Fuego has such weights:
    Enzenberger, Muller, Arneson and Segal, "Fuego", IEEE TCIAIG 2(4), 2010).

    Gelly and Silver, "Monte-Carlo tree search and rapid action value estimation in computer Go", Artificial
    Intelligence 175, 2011, equations 10 and 12. Their c is 0, and in Go about 0 is best; but with 0 a search may stay
    with one bad action for ever. It takes 8 more bytes per node.
    """

    kind: ClassVar[str] = "rave"
    c: float = 0.1
    bias: float = 0.1
    equivalence: float | None = None
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "bias")
        check(self, "decay", high=1.0)
        if self.equivalence is not None:
            check(self, "equivalence", low=1e-9)


@dataclass(frozen=True)
class GRAVE(RAVE):
    """Generalised RAVE: a node with few visits uses the all-moves-as-first values of an ancestor.

    As `RAVE`, but V and m are those of the action at the nearest ancestor (or the node itself) with at least `ref`
    visits at which the same player acts; if the action did not exist there, those of the node itself. In the paper a
    node keeps the values of every player; here it keeps those of the player who acts.

    Cazenave, "Generalized rapid action value estimation", IJCAI 2015.
    """

    kind: ClassVar[str] = "grave"
    ref: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "ref", high=2**31)


@dataclass(frozen=True)
class Gumbel(Rule):
    """Gumbel search: plans its budget, and improves on the priors even with few simulations.

    At the root the `considered` actions with the largest Gumbel number + ln P share the budget by sequential halving.
    The action to play has the largest Gumbel number + ln P + (visit + max n) scale Q, with Q in [0, 1]. Below the root,
    the search takes the action with the largest p - n / (1 + sum of n), where p is the softmax of the same score
    without Gumbel numbers, and an untried action has a mixed value for Q. `result.policy` is that softmax at the root,
    a target for learning; `result.best_action` is the planned choice.

    scale: 0.1 to 1 for values of a network; single playouts are far noisier and need 0.03 or less. simulations: the
    plan of a search by `ask` and `tell`; `run` plans the simulations of its budget. It uses one thread (or
    parallel="root") and 8 more bytes per node.

    Danihelka, Guez, Schrittwieser and Silver, "Policy improvement by planning with Gumbel", ICLR 2022, equations 8 and
    33; sequential halving: Karnin, Koren and Somekh, ICML 2013.
    """

    kind: ClassVar[str] = "gumbel"
    considered: int = 16
    visit: float = 50.0
    scale: float = 0.1
    simulations: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "considered", low=1, high=65534)
        check(self, "visit")
        check(self, "scale")
        if self.simulations is not None:
            check_whole(self, "simulations", low=1, high=2**62)


@dataclass(frozen=True)
class Knowledge:
    """How a search uses what a game knows besides its rules: `MCTS(game, knowledge=Knowledge(...))`.

    priors: weight of the virtual visits that the game's `priors` gives an action: they enter its mean value from the
    start, but no result counts them. amaf: the same for the all-moves-as-first values of `RAVE` and `GRAVE`. Both are
    from 0 (not used); 1 takes the game's numbers unchanged. playouts: whether to use the game's `informed_playout`.

    Gelly and Silver, "Combining online and offline knowledge in UCT", ICML 2007.
    """

    priors: float = 1.0
    amaf: float = 1.0
    playouts: bool = True

    def __post_init__(self) -> None:
        check(self, "priors")
        check(self, "amaf")


# ---- Mixed strategies, for information states: `ISMCTS` alone has them ----


@dataclass(frozen=True)
class RegretMatching:
    """Regret matching: play in proportion to positive regrets; the average strategy approaches an equilibrium.

        strategy(a) = max(R(a), 0) / sum of max(R(b), 0)

    In each simulation one player learns: it draws a share `c` (above 0, up to 1) of its moves uniformly. To the regrets
    R of the information states on its way it adds the estimated advantage of each action over its strategy. The others
    play their strategies, whose averages are kept. In a two-player zero-sum game with perfect recall the average
    strategies approach an equilibrium of the game below the root.

    Hart and Mas-Colell, Econometrica 68(5), 2000. In trees of simultaneous moves: Lanctot, Lisy and Winands, "Monte
    Carlo tree search in simultaneous move games with applications to Goofspiel", CGW 2013; Tak, Lanctot and Winands,
    "Monte Carlo tree search variants for simultaneous move games", CIG 2014. The sampled regrets: Lanctot et al.,
    "Monte Carlo sampling for regret minimization in extensive games", NIPS 2009; the baselines: Schmid et al., AAAI
    2019.
    """

    kind: ClassVar[str] = "regret_matching"
    c: float = 0.6

    def __post_init__(self) -> None:
        check(self, "c", high=1.0, above=True)
