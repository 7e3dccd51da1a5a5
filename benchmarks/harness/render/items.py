"""The items of a report: records with something to look at (an answer, a search tree, a game), each a page of its own.

The page of a report keeps them compressed, and draws one when a reader opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.record import JSON, Record
from longthink.benchmarks.harness.render import boards
from longthink.errors import LongthinkError
from longthink.pages.render import render

ITEMS = 200
"""The largest number of items of a study in a page."""
SHOWN = ("text", "answer", "trace", "game", "sgf")
"""The artifacts that an item's page shows."""
CURVE = 40
"""The largest number of points of a curve on an item's page."""
_TEMPLATE = Path(__file__).with_name("item.html.j2")


@dataclass(frozen=True)
class Items:
    """The items of one study. left_out: how many more there are in the log."""

    study: str
    items: Sequence[Mapping[str, JSON]]
    left_out: int


def items_of(study: str, records: Sequence[Record], most: int = ITEMS) -> Items:
    """At most `most` items, evenly spaced in the order of the records."""
    found = [
        record
        for record in {record.key: record for record in records}.values()
        if record.study == study and record.outcome is not None and set(SHOWN) & set(record.outcome.artifacts)
    ]
    kept = found if len(found) <= most else [found[i * len(found) // most] for i in range(most)]
    return Items(study, [_item(record) for record in kept], len(found) - len(kept))


def _item(record: Record) -> dict[str, JSON]:
    assert record.outcome is not None
    artifacts = record.outcome.artifacts
    frames, problem = None, ""
    try:
        if "game" in artifacts:
            frames = boards.of_game(artifacts["game"])
        elif "sgf" in artifacts:
            frames = boards.of_sgf(str(artifacts["sgf"]))
    except (LongthinkError, ValueError, TypeError, IndexError) as error:  # whatever the log says, the page is made
        problem = f"The game cannot be drawn: {error}"
    curve = list(record.outcome.curve)
    shown = curve if len(curve) <= CURVE else [curve[i * (len(curve) - 1) // (CURVE - 1)] for i in range(CURVE)]
    return {
        "key": record.key,
        "facts": {name: _text(value) for name, value in record.facts.items()},
        "scores": dict(record.outcome.scores),
        "game": frames.as_dict() if frames is not None else None,
        "html": render(
            _TEMPLATE,
            record=record,
            outcome=record.outcome,
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
