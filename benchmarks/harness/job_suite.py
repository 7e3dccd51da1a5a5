"""Suites: named lists of jobs over the three domains, and the registry that finds one by name."""

from __future__ import annotations

from collections.abc import Callable

from longthink.benchmarks.harness.job import Job
from longthink.benchmarks.studies import board, language, poker
from longthink.errors import UnknownNameError


def quick(model: str | None) -> list[Job]:
    """All three domains in under ten minutes on two cores."""
    return [
        *poker.jobs(poker.PokerSettings()),
        *board.jobs(board.BoardSettings()),
        *language.jobs(language.LanguageSettings(model=model)),
    ]


def smoke(model: str | None) -> list[Job]:
    """The smallest comparison that runs every part, in half a minute."""
    return [
        *poker.jobs(poker.PokerSettings({"kuhn_poker": (1_000, 1_000), "leduc_poker": (500, 20)})),
        *board.jobs(
            board.BoardSettings(positions=12, slices=1, budgets=(10, 30, 100, 300, 1_000, 3_000), peer_limit=1_000)
        ),
        *language.jobs(language.LanguageSettings(problems=2, count=3, tokens=150, model=model)),
    ]


def variants(model: str | None) -> list[Job]:
    """Every variant of regret minimisation on small and larger games, a few minutes: the table of docs/variants.md."""
    goofspiel = "goofspiel(num_cards=5,imp_info=True,points_order=descending)"
    games = {
        "kuhn_poker": (10_000, 1_000),
        "leduc_poker": (10_000, 100),
        goofspiel: (3_000, 20),
        "liars_dice": (1_000, 5),
    }
    return poker.jobs(poker.PokerSettings(games))


# One line for each suite.
SUITES: dict[str, Callable[[str | None], list[Job]]] = {"quick": quick, "smoke": smoke, "variants": variants}


def suite(name: str, model: str | None = None) -> list[Job]:
    """The jobs of a suite. Raises `UnknownNameError` with near matches."""
    if name not in SUITES:
        raise UnknownNameError.of("suite", name, SUITES)
    return SUITES[name](model)
