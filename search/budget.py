"""Limits of a search: a `Budget` has the limits, `Spent` the amounts used.

Both have the same measures, one for each kind of cost. Every search, solver and method takes a budget, stops at the
first limit that it reaches, and returns what it spent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from longthink.errors import ParameterError
from longthink.validation import real_number, whole_number


@dataclass
class Spent:
    """The cost of a piece of work so far.

    prompt_tokens: of the prompts for a language model, each counted completely. cached_tokens: those of them in a
    prefix that the same work sent before, if the model remembers prompts. generated_tokens: written by the model.
    calls: requests to the model. cached_calls: the calls that a request cache answered.
    """

    simulations: int = 0
    nodes: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    calls: int = 0
    cached_calls: int = 0
    seconds: float = 0.0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt tokens without cached ones, plus generated tokens."""
        return self.prompt_tokens - self.cached_tokens + self.generated_tokens

    def __add__(self, other: Spent) -> Spent:
        return Spent().__iadd__(self).__iadd__(other)

    def __iadd__(self, other: Spent) -> Spent:
        self.simulations += other.simulations
        self.nodes += other.nodes
        self.prompt_tokens += other.prompt_tokens
        self.cached_tokens += other.cached_tokens
        self.generated_tokens += other.generated_tokens
        self.calls += other.calls
        self.cached_calls += other.cached_calls
        self.seconds += other.seconds
        self.money += other.money
        return self

    def __sub__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, name) - getattr(other, name) for name in _MEASURES))

    def as_dict(self) -> dict[str, float]:
        """The measures that are not zero, with `tokens`, for logs."""
        return {name: getattr(self, name) for name in ("tokens", *_MEASURES) if getattr(self, name)}

    @classmethod
    def of(cls, measures: Mapping[str, float]) -> Spent:
        """The inverse of `as_dict`."""
        return cls(**{name: value for name, value in measures.items() if name != "tokens"})  # type: ignore[arg-type]


_MEASURES = tuple(f.name for f in fields(Spent))


def _positive(name: str, limit: object) -> float | None:
    """A limit as a plain number, or None for infinity; 1e5 is a whole number too."""
    words = f"Budget({name}=...)"
    if isinstance(limit, (float, np.floating)) and limit == math.inf:
        return None
    if name in ("seconds", "money"):
        return real_number(words, limit, 0, above=True)
    if isinstance(limit, (float, np.floating)) and float(limit).is_integer():
        limit = int(limit)
    return whole_number(words, limit, 1)


@dataclass(frozen=True)
class Budget:
    """The limits of a piece of work. None, or infinity, means no limit; the first limit that is reached stops the work.

    simulations: of a search, or iterations of a solver. nodes: of the search tree or graph.
    tokens: prompt tokens (without cached ones) and generated tokens of a language model together. prompt_tokens (with
    cached ones), generated_tokens: each separately. calls: requests to the model. seconds: wall-clock time. money: in
    the currency of the price table. All but the last two are whole numbers. An answer from a request cache counts with
    its original cost.

    Raises `ParameterError` if a limit is not a positive number.
    """

    simulations: int | None = None
    nodes: int | None = None
    tokens: int | None = None
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for name, limit in self.limits():
            object.__setattr__(self, name, _positive(name, limit))

    def limits(self) -> list[tuple[str, float]]:
        """The limits that are set, by name."""
        return [(name, limit) for name in _LIMITS if (limit := getattr(self, name)) is not None]

    def check(self, name: str, spends: Sequence[str], *, needed: bool = True) -> None:
        """Raise `ParameterError` for a limit that is not among `spends`; and, if one is `needed`, without any limit.

        name: of what takes this budget.
        """
        known = " and ".join(filter(None, (", ".join(spends[:-1]), spends[-1])))
        for limit, _ in self.limits():
            if limit not in spends:
                raise ParameterError(f"{name} spends {known}, not {limit}")
        if needed and not self.limits():
            examples = " or ".join(f"Budget({limit}=...)" for limit in spends)
            raise ParameterError(f"{name} needs a limit: {examples}")

    def reached(self, spent: Spent) -> str | None:
        """The name of the first limit that `spent` has reached, or None."""
        return next((name for name, limit in self.limits() if getattr(spent, name) >= limit), None)

    def share_spent(self, spent: Spent) -> float:
        """The largest share of a limit that `spent` has used, in [0, 1]; 0 without a limit."""
        return min(1.0, max((getattr(spent, name) / limit for name, limit in self.limits()), default=0.0))


_LIMITS = tuple(f.name for f in fields(Budget))
