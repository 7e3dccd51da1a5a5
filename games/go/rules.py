"""The rules by which people play Go, as parameters of the game `go`: one entry of `RULES` for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from longthink.errors import ParameterError


@dataclass(frozen=True)
class Rules:
    """One set of rules.

    sgf: its name in SGF files. handicap_points: the points that White gets for a number of handicap stones. ko,
    scoring, cleanup: as of the game `go`; without a clean-up, all stones on the board are alive at the end.
    """

    sgf: str
    handicap_points: Callable[[int], int] = lambda stones: 0
    ko: str = "positional"
    scoring: str = "area"
    cleanup: bool = True


RULES = {
    "chinese": Rules("Chinese", handicap_points=lambda stones: stones),
    "aga": Rules("AGA", handicap_points=lambda stones: max(0, stones - 1)),
    "new_zealand": Rules("NZ"),
    "tromp_taylor": Rules("Tromp-Taylor", cleanup=False),
    "japanese": Rules("Japanese", ko="simple", scoring="territory"),
}
"""By name. Except under Japanese rules, a move may not repeat any earlier position. Japanese rules count territory and
prisoners; the others count area."""


def rules_named(name: str) -> Rules:
    """The rules of this name. Raises `ParameterError`."""
    if name not in RULES:
        raise ParameterError(f"rules expects one of {', '.join(RULES)}, got {name!r}")
    return RULES[name]
