"""How long to think: a `Budget` says what may be spent, `Spent` what was.

Both have the same fields, one for each thing that thinking costs. Whatever thinks takes a budget,
stops at the first limit it reaches, and returns what it spent.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from longthink.errors import ParameterError


@dataclass
class Spent:
    """What a piece of thinking has cost so far."""

    simulations: int = 0
    nodes: int = 0
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    money: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Spent)})

    def as_dict(self) -> dict[str, float]:
        """The fields that are not zero, for logs."""
        return {f.name: getattr(self, f.name) for f in fields(Spent) if getattr(self, f.name)}


@dataclass(frozen=True)
class Budget:
    """Limits of a piece of thinking; None is no limit, and the first one reached stops it.

    simulations: descents of the search tree. nodes: nodes of the search tree.
    tokens: prompt (not cached) and generated tokens of a language model. calls: requests to it.
    seconds: wall-clock time. money: in the currency of the price table in use.

    Raises `ParameterError` where a limit is not a positive number.
    """

    simulations: int | None = None
    nodes: int | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            limit = getattr(self, f.name)
            if limit is not None and not (isinstance(limit, (int, float)) and limit > 0):
                raise ParameterError(f"Budget({f.name}=...) expects a positive number or None, got {limit!r}")

    def check_for_search(self, name: str) -> None:
        """Refuse what a search of a tree, called `name`, cannot spend, or a budget without an end: `ParameterError`."""
        for limit in ("tokens", "calls", "money"):
            if getattr(self, limit) is not None:
                raise ParameterError(f"{name} spends simulations, nodes and seconds, not {limit}")
        if self.simulations is None and self.nodes is None and self.seconds is None:
            raise ParameterError(
                f"{name} needs a limit: Budget(simulations=...), Budget(nodes=...) or Budget(seconds=...)"
            )

    def reached(self, spent: Spent) -> str | None:
        """The name of the first limit that `spent` has reached, or None."""
        for f in fields(self):
            limit = getattr(self, f.name)
            if limit is not None and getattr(spent, f.name) >= limit:
                return f.name
        return None

    def share_spent(self, spent: Spent) -> float:
        """The largest share of a limit that `spent` has used, in [0, 1]; 0 where there is no limit."""
        shares = [
            getattr(spent, f.name) / getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None
        ]
        return min(1.0, max(shares, default=0.0))
