"""Selection rules: how a search chooses which action to look at next. The formulas run in csrc/search/rules.h.

Values are the game's utilities scaled to [-1, 1], so that one `c` means the same in every game. In the formulas W is
the sum of an action's values, n how often it was visited, Q = W/n, and N how often the node was. An action whose value
is proven is judged by that alone; one that is proven to lose is not looked at again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from longthink.validation import real_number, whole_number


def check(part: object, name: str, low: float = 0, high: float = math.inf, *, above: bool = False) -> None:
    """Make a parameter a `float`, or refuse one that is not a finite number in `low`..`high`."""
    number = real_number(f"{type(part).__name__}({name}=...)", getattr(part, name), low, high, above=above)
    object.__setattr__(part, name, number)


def check_whole(part: object, name: str, low: int = 0, high: float = math.inf) -> None:
    """The same for an `int`."""
    object.__setattr__(part, name, whole_number(f"{type(part).__name__}({name}=...)", getattr(part, name), low, high))


@dataclass(frozen=True)
class Widening:
    """Progressive widening: of a node with N visits only the first k N^alpha children are looked at, at least one.

    Children come in the order of their priors where the search has any (`PUCT` and `Gumbel` with told ones, or a game's
    knowledge), else in random order; outcomes of chance in the order of a random draw by their probabilities, and among
    those let in they are drawn by their probabilities. alpha: from 0 to 1; 1/2 is usual.

    Coulom, "Computing Elo ratings of move patterns", 2007; for chance Couetoux et al., "Continuous upper confidence
    trees", LION 2011. All children have room from the start, so that widening saves simulations and not memory.
    """

    k: float = 1.0
    alpha: float = 0.5

    def __post_init__(self) -> None:
        check(self, "k", low=1e-9)
        check(self, "alpha", high=1.0)


@dataclass(frozen=True)
class Rule:
    """A selection rule. What all have, by name:

    virtual_loss: a simulation in flight (of another thread, of the same batch, or asked and not yet told) counts as a
    visit that lost so much (0 to 2), so that others look elsewhere meanwhile.
    unobserved: it counts as a visit for exploration instead, and not at all in the mean (WU-UCT: Liu et al., "Watch the
    unobserved", ICLR 2020); 4 bytes a node more.
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

    Kocsis and Szepesvari, "Bandit based Monte-Carlo planning", ECML 2006; c as OpenSpiel's `uct_c`.
    """

    kind: ClassVar[str] = "uct"
    c: float = 2.0


@dataclass(frozen=True)
class UCB1Tuned(Rule):
    """UCT with less exploration where values vary little: Q + c sqrt(ln N / n min(1, V + 4 sqrt(2 ln N / n))).

    V is the variance of the action's values. c = 1 is the paper's (with values in [0, 1] its 1/4 stands for our 1).
    8 bytes a node more. Auer, Cesa-Bianchi and Fischer, "Finite-time analysis of the multiarmed bandit problem", 2002,
    section 4.
    """

    kind: ClassVar[str] = "ucb1_tuned"
    c: float = 1.0


@dataclass(frozen=True)
class Thompson(Rule):
    """Thompson sampling: the action with the largest of samples from what each mean may be, Beta(1 + won, 1 + lost).

    Of n values with the sum W, (n + W)/2 count as won and (n - W)/2 as lost, divided by c^2: a larger c explores more.
    Thompson 1933; Chapelle and Li, NIPS 2011; in trees Bai, Wu and Chen, "Bayesian mixture modelling and inference
    based Thompson sampling in Monte-Carlo tree search", NIPS 2013.
    """

    kind: ClassVar[str] = "thompson"
    c: float = 1.0


@dataclass(frozen=True)
class PUCT(Rule):
    """Predictor UCT: Q + c P sqrt(N) / (1 + n), P an action's prior.

    base: where given, c grows with the visits, c + ln((1 + N + base) / base); AlphaZero has c = 1.25 and base = 19652.
    fpu: the value of an untried action (first-play urgency), in [-1, 1]; None: the mean of its tried siblings, which is
    the node's own as far as it was tried, and 0 at first. fpu_reduction: taken from it, times the square root of the
    sum of the tried ones' P.
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
    """Rapid action value estimation: an action is also judged by the simulations in which it came later.

        (1 - beta) Q + beta V/m + c sqrt(ln N / (1 + n))

    V are the results of the m simulations through the parent in which the same player took the action at any
    later time, in the tree or in the playout ("all moves as first"). An action with neither comes first.

    beta is the weight of least expected squared error, m / (n + m + bias^2 n m). `bias` is how far V/m is off
    where values are in [-1, 1], twice the paper's b (4 b^2 n m is bias^2 n m): 0 trusts V/m as Q, 1 hardly at all.
    equivalence: where given, beta = sqrt(k / (3 N + k)) with this k instead: both weigh the same at k visits.
    decay: from 0 to 1, how much less a later action counts in V and m: one after the share x of what was played from
    the parent to the end counts 1 - decay x. What is played late belongs to another position (Fuego weighs so:
    Enzenberger, Muller, Arneson and Segal, "Fuego", IEEE TCIAIG 2(4), 2010).

    Gelly and Silver, "Monte-Carlo tree search and rapid action value estimation in computer Go", Artificial
    Intelligence 175, 2011, equations 10 and 12. c is 0 there, and best 0 or nearly so in Go; but with 0 a search
    may stay with one bad action for ever. 8 bytes a node more.
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
        check_whole(self, "ref", high=2**31)


@dataclass(frozen=True)
class Gumbel(Rule):
    """Gumbel search: plans its budget, and improves on the priors even with few simulations.

    At the root the `considered` actions with the largest Gumbel number + ln P share the budget by sequential halving;
    the one to play has the largest Gumbel number + ln P + (visit + max n) scale Q, Q in [0, 1]. Below it the action
    with the largest p - n / (1 + sum of n), p the softmax of the same without Gumbel numbers, where an untried action
    has a mixed value for Q. `result.policy` is that softmax at the root, to learn from, and `result.best_action` the
    planned choice.

    scale: 0.1 to 1 for values of a network; single playouts are far noisier, and want 0.03 or less. simulations: the
    plan of a search by `ask` and `tell`; `run` plans the simulations of its budget. One thread (or parallel="root").
    8 bytes a node more.

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
        check(self, "c", high=1.0, above=True)
