"""The items of a report: records with something to look at (an answer, a search tree, a game), each a page of its own.

The page of a report keeps them compressed, and draws one when a reader opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.record import JSON, Outcome, Record
from longthink.benchmarks.harness.render import boards
from longthink.errors import LongthinkError
from longthink.pages.render import render

ITEMS = 200
"""The largest number of items of a study in a page."""
DRAWN = ("trace", "game", "sgf")
SHOWN = ("text", "answer", *DRAWN)
"""The artifacts that make a case an item; its page shows its prompt, too."""
CURVE = 40
"""The largest number of points of a curve on an item's page."""
_TEMPLATE = Path(__file__).with_name("item.html.j2")


@dataclass(frozen=True)
class Items:
    """The items of one study. left_out: how many more there are in the log."""

    study: str
    items: Sequence[Mapping[str, JSON]]
    left_out: int


@dataclass(frozen=True)
class _Case:
    """A record, or a part of one that holds a batch of problems."""

    key: str
    facts: Mapping[str, JSON]
    outcome: Outcome
    seconds: float | None = None

    def has(self, names: Sequence[str]) -> bool:
        return not set(names).isdisjoint(self.outcome.artifacts)


def items_of(study: str, records: Sequence[Record], most: int = ITEMS) -> Items:
    """At most `most` items in the order of the records: first those with a tree or a game, evenly spaced."""
    cases = [
        case
        for record in {record.key: record for record in records}.values()
        if record.study == study
        for case in _cases(record)
        if case.has(SHOWN)
    ]
    drawn = [number for number, case in enumerate(cases) if case.has(DRAWN)]
    others = [number for number, case in enumerate(cases) if not case.has(DRAWN)]
    kept = _spaced(drawn, most)
    kept += _spaced(others, most - len(kept))
    return Items(study, [_item(cases[number]) for number in sorted(kept)], len(cases) - len(kept))


def _spaced(found: list[int], most: int) -> list[int]:
    return found if len(found) <= most else [found[i * len(found) // most] for i in range(most)]


def _cases(record: Record) -> list[_Case]:
    """The case of a record; the problems of a batch, which has a part for each among its artifacts as "each"."""
    if record.outcome is None:
        return []
    parts = record.outcome.artifacts.get("each")
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) and "artifacts" in part for part in parts):
        return [_Case(record.key, record.facts, record.outcome, record.seconds)]
    return [
        _Case(
            f"{record.key} {part.get('problem', number)}",
            {**record.facts, "problem": part.get("problem", number)},
            Outcome(part.get("scores", {}), part.get("spent", {}), part.get("curve", ()), part["artifacts"]),
        )
        for number, part in enumerate(parts)
    ]


def _item(case: _Case) -> dict[str, JSON]:
    artifacts = case.outcome.artifacts
    frames, problem = None, ""
    try:
        if "game" in artifacts:
            frames = boards.of_game(artifacts["game"])
        elif "sgf" in artifacts:
            frames = boards.of_sgf(str(artifacts["sgf"]))
    except (LongthinkError, ValueError, TypeError, IndexError) as error:  # whatever the log says, the page is made
        problem = f"The game cannot be drawn: {error}"
    curve = list(case.outcome.curve)
    shown = curve if len(curve) <= CURVE else [curve[i * (len(curve) - 1) // (CURVE - 1)] for i in range(CURVE)]
    return {
        "key": case.key,
        "facts": {name: _text(value) for name, value in case.facts.items()},
        "scores": dict(case.outcome.scores),
        "game": frames.as_dict() if frames is not None else None,
        "html": render(
            _TEMPLATE,
            seconds=case.seconds,
            outcome=case.outcome,
            artifacts=artifacts,
            trace=_trace(artifacts.get("trace")),
            problem=problem,
            curve=shown,
            columns=list(dict.fromkeys(name for point in shown for name in point)),
            points_left_out=len(curve) - len(shown),
            text=_text,
        ),
    }


def _text(value: JSON) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(each) for each in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _trace(root: Any) -> Any:
    """The root of a search tree, if it has the fields that a page draws."""
    needed = {"text", "kind", "prior", "visits", "value", "correct", "chosen", "children"}
    return root if isinstance(root, Mapping) and needed <= set(root) else None
