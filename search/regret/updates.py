"""Updates of CFR: the few weights that a variant passes to the loop of csrc/regret/cfr.c in every iteration.

A variant is a `RegretUpdate` or a `MirrorDescentUpdate`. Each weight is a number or a schedule over iterations.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError
from longthink.validation import real_number, shown, whole_number

Row = NDArray[np.float64]


class Schedule(Protocol):
    """A weight that changes from one iteration to the next."""

    def at(self, t: Row, horizon: int) -> Row:
        """The weight at iterations `t` of a run planned for `horizon` iterations."""


@dataclass(frozen=True)
class Line:
    """A weight that changes linearly from `first` to `last` over the horizon of the update, and then stays."""

    first: float
    last: float

    def __post_init__(self) -> None:
        _set_reals(self, "first", "last")

    def at(self, t: Row, horizon: int) -> Row:
        return self.first + (self.last - self.first) * np.minimum(t / horizon, 1.0)


@dataclass(frozen=True)
class Power:
    """A weight that is `first` times t^exponent at iteration t."""

    first: float
    exponent: float

    def __post_init__(self) -> None:
        _set_reals(self, "first", "exponent")

    def at(self, t: Row, horizon: int) -> Row:
        return np.asarray(self.first * t**self.exponent)


def _set_reals(thing: object, *names: str) -> None:
    """Convert these fields of a frozen dataclass to finite floats."""
    for name in names:
        object.__setattr__(thing, name, real_number(name, getattr(thing, name), -math.inf))


Weight = float | Line | Power


@dataclass(frozen=True, kw_only=True)
class Update:
    """What all updates have: how strategies are averaged, and whether players alternate.

    gamma: the strategy of iteration t has weight t^gamma in the average (Brown and Sandholm 2019): exactly, the sum so
    far is multiplied by ((t - 1) / t)^gamma before the strategy is added. 0: equal weights, 1: linear averaging, 2:
    quadratic, inf: the last strategy alone. delay: first iterations that the average leaves out; t is counted from
    there, and until then the last strategy stands for the average. alternating: the players update in turn, each
    against the newest strategies of the others. horizon: the iterations over which a `Line` changes.
    """

    gamma: Weight
    delay: int = 0
    alternating: bool = True
    horizon: int = 1000

    def __post_init__(self) -> None:
        self._check("gamma", 0, 100, or_infinite=True)
        for name, least in (("delay", 0), ("horizon", 1)):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least, 2**53))
        object.__setattr__(self, "alternating", _truth("alternating", self.alternating))

    def _check(self, name: str, low: float, high: float, or_infinite: bool = False) -> None:
        """Raise `ParameterError` unless this weight is a schedule or a number in low..high; convert it to a float."""
        weight = getattr(self, name)
        if isinstance(weight, Line):
            values = [weight.first, weight.last]
        elif isinstance(weight, Power):
            values = [weight.first]
        elif (
            or_infinite and isinstance(weight, (float, np.floating)) and math.isinf(weight) and (weight > 0 or low < 0)
        ):
            return object.__setattr__(self, name, float(weight))
        elif isinstance(weight, (int, float, np.number)) and not isinstance(weight, bool):
            return object.__setattr__(self, name, real_number(name, weight, low, high))
        else:
            raise ParameterError(
                f"{name} expects a number in {low:g}..{high:g}, a Line or a Power, got {shown(weight)}"
            )
        for value in values:
            real_number(name, value, low, high)

    def steps(self, made: int, count: int) -> Row:
        """Rows of `lt_cfr_step` (csrc/regret/cfr.h) for the `count` iterations after the first `made`: `[count, 4]`."""
        t = np.arange(made + 1, made + count + 1, dtype=np.float64)
        rows = np.zeros((count, 4))
        rows[:, 0] = self._keep_average(t)
        self._fill(rows, t)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """The weights as plain values that JSON can hold."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def _keep_average(self, t: Row) -> Row | float:
        if self.gamma == 0 and self.delay == 0:
            return 1.0  # at the first iteration the sum is empty
        counted = np.maximum(t - self.delay, 1.0)
        kept: Row = ((counted - 1) / counted) ** self._at(self.gamma, t - 1)
        return np.where(counted > 1, kept, 0.0)

    def _at(self, weight: Weight, t: Row) -> Row | float:
        return weight.at(t, self.horizon) if isinstance(weight, (Line, Power)) else float(weight)

    def _fill(self, rows: Row, t: Row) -> None:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class RegretUpdate(Update):
    """Regret matching: the next strategy is in proportion to positive cumulative regrets.

    alpha, beta: after iteration t positive cumulative regrets are multiplied by t^alpha / (t^alpha + 1), negative ones
    by t^beta / (t^beta + 1) (Brown and Sandholm 2019); inf keeps them, -inf sets them to zero. prediction: the share of
    the last regret that is added once more for regret matching, as a prediction of the next one (Farina et al. 2021:
    1).
    """

    alpha: Weight
    beta: Weight
    prediction: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("alpha", -100, 100, or_infinite=True)
        self._check("beta", -100, 100, or_infinite=True)
        object.__setattr__(self, "prediction", real_number("prediction", self.prediction, 0, 10))

    def _fill(self, rows: Row, t: Row) -> None:
        rows[:, 1] = self._discount(self.alpha, t)
        rows[:, 2] = self._discount(self.beta, t)
        rows[:, 3] = self.prediction

    def _discount(self, power: Weight, t: Row) -> Row | float:
        if power in (math.inf, -math.inf):
            return 1.0 if power == math.inf else 0.0
        return np.asarray(1.0 / (1.0 + t ** -self._at(power, t)))


@dataclass(frozen=True, kw_only=True)
class MirrorDescentUpdate(Update):
    """Mirror descent: steps towards better actions, with an entropy term that pulls towards uniform play.

    step: the size of a step, in 1 / utility. temperature: the weight of the entropy term, in utilities.
    """

    step: Weight
    temperature: Weight

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("step", 1e-12, 1e12)
        self._check("temperature", 0, 1e12)

    def _fill(self, rows: Row, t: Row) -> None:
        rows[:, 1] = self._at(self.step, t)
        rows[:, 2] = self._at(self.temperature, t)


def _plain(weight: Weight) -> Any:
    return {type(weight).__name__: asdict(weight)} if isinstance(weight, (Line, Power)) else float(weight)


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name} expects True or False, got {shown(value)}")
    return bool(value)
