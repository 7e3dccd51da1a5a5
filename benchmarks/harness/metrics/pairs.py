"""The result of a match of two players: Elo difference, likelihood of superiority, and when to stop (GSPRT).

A match is played in pairs of games with the same opening and swapped colours. What counts is how many pairs scored 0,
1/2, 1, 3/2 and 2 points, five numbers (pentanomial): both games of a pair depend on its opening, so pairs, not games,
are independent. Single games are three numbers: losses, draws and wins (trinomial).

The distribution of the score of a pair is free; the likelihood of a mean score is that of the most likely distribution
with that mean (empirical likelihood; Owen, Biometrika 1988). One virtual game, spread evenly over all results, is added
to every match, so that a match without any loss has a finite Elo difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longthink.benchmarks.harness.metrics.ratings import ELO
from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError, require

Counts = Sequence[int]
"""How many pairs scored 0, 1/2, 1, 3/2, 2 points, `[5]`; or how many games were lost, drawn and won, `[3]`."""
_Array = NDArray[np.float64]


def pentanomial(pairs: Iterable[tuple[float, float]]) -> list[int]:
    """The counts of pairs. pairs: our score of either game, each 0, 1/2 or 1. Raises `ParameterError` for others."""
    counts = [0] * 5
    for pair in pairs:
        if len(pair) != 2 or not {*pair} <= {0, 0.5, 1}:
            raise ParameterError(f"a pair of games expects two scores of 0, 0.5 or 1, got {pair}")
        counts[round(2 * sum(pair))] += 1
    return counts


def elo_of(score: float) -> float:
    """The Elo difference at which the expected score is `score`, in (0, 1)."""
    return ELO * math.log(score / (1 - score))


def score_of(elo: float) -> float:
    """The expected score at an Elo difference."""
    return 1 / (1 + math.exp(-elo / ELO))


@dataclass(frozen=True)
class MatchResult:
    """A match from our side. score: our points per game, without the virtual game. elo: the difference; its n is the
    number of pairs (or games). superiority: the probability that our expected score is truly above 1/2."""

    score: float
    elo: Estimate
    superiority: float


def match_result(counts: Counts) -> MatchResult:
    """Score, Elo difference and likelihood of superiority of a match.

    The interval of the Elo difference is that of the score by the likelihood ratio. Superiority is that of the signed
    root of the ratio against 1/2. Raises `ParameterError` unless there are 3 or 5 counts.
    """
    scores, weights = _weights(counts)
    n = sum(counts)
    score = float(scores @ weights / weights.sum())
    special, optimize = require("scipy.special", "compare"), require("scipy.optimize", "compare")
    limit = float(special.chdtri(1, 0.05))

    def excess(s: float) -> float:
        return 2 * _loss(scores, weights, s) - limit

    low = optimize.brentq(excess, 1e-9, score) if score > 1e-9 else 0.0
    high = optimize.brentq(excess, score, 1 - 1e-9)
    root = math.copysign(math.sqrt(2 * _loss(scores, weights, 0.5)), score - 0.5)
    plain = float(scores @ np.asarray(counts, float)) / n if n else 0.5
    elo = Estimate(elo_of(score), elo_of(low), elo_of(high), n, "Elo")
    return MatchResult(plain, elo, float(special.ndtr(root)))


@dataclass(frozen=True)
class Sprt:
    """The state of a sequential test. llr: the log-likelihood ratio of H1 against H0; at `lower`, H0 is accepted, at
    `upper`, H1. n: pairs (or games) so far."""

    state: Literal["continue", "H0", "H1"]
    llr: float
    lower: float
    upper: float
    n: int


def sprt(counts: Counts, elo0: float, elo1: float, alpha: float = 0.05, beta: float = 0.05) -> Sprt:
    """Whether a match may stop: H0 says that our Elo difference is `elo0`, H1 that it is `elo1`, above `elo0`.

    alpha: the probability of H1 if H0 is true. beta: that of H0 if H1 is true. The generalised sequential probability
    ratio test: the likelihoods are those of the most likely distributions of scores with both means, with Wald's
    bounds. Fishtest tests chess programs in this way. A match in which one side loses everything stops, too.

    Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 1945; Li, Liu and Ying,
    "Generalized sequential probability ratio test for separate families of hypotheses", Sequential Analysis 2014.
    Raises `ParameterError` unless elo0 < elo1, and alpha and beta are in (0, 0.5).
    """
    if not elo0 < elo1 or not 0 < alpha < 0.5 or not 0 < beta < 0.5:
        raise ParameterError(
            f"sprt expects elo0 < elo1, and alpha and beta in (0, 0.5), got {elo0}, {elo1}, {alpha} and {beta}"
        )
    scores, weights = _weights(counts)
    lower, upper = math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha)
    ratio = _loss(scores, weights, score_of(elo0)) - _loss(scores, weights, score_of(elo1))
    state: Literal["continue", "H0", "H1"] = "H1" if ratio >= upper else "H0" if ratio <= lower else "continue"
    return Sprt(state, ratio, lower, upper, sum(counts))


def _weights(counts: Counts) -> tuple[_Array, _Array]:
    """The scores per game that each count stands for, and the counts with the virtual game."""
    if len(counts) not in (3, 5) or min(counts) < 0:
        raise ParameterError(f"counts expects 3 or 5 numbers of games or pairs, got {list(counts)}")
    kinds = len(counts)
    return np.linspace(0, 1, kinds), np.asarray(counts, float) + 2 / (kinds - 1) / kinds


def _loss(scores: _Array, weights: _Array, mean: float) -> float:
    """The log-likelihood that is lost if the mean score has to be `mean`: at least 0, and 0 at the observed mean.

    With a multiplier m, each probability is divided by 1 + m (score - mean); the one that gives the mean is a root.
    """
    distances, optimize = scores - mean, require("scipy.optimize", "compare")
    low, high = -1 / distances.max(), -1 / distances.min()
    width = high - low

    def slope(m: float) -> float:
        return float((weights * distances / (1 + m * distances)).sum())

    m = optimize.brentq(slope, low + 1e-12 * width, high - 1e-12 * width, xtol=1e-15, rtol=1e-14)
    return max(0.0, float((weights * np.log1p(m * distances)).sum()))
