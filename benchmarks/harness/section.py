"""What a study reports: `Section`, with its `Table`s, `Chart`s and `Comparison`s.

These are data. render/ draws them as HTML, Markdown, PDF, JSON and CSV, so a study knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from longthink.errors import ParameterError

Role = Literal["ours", "peer", "floor", "best"]
"""ours: longthink. peer: another program. floor: a plain baseline. best: the method made for this domain."""


@dataclass(frozen=True)
class Estimate:
    """A number with its evidence.

    low, high: its 95% interval; None if there is no randomness. n: independent units (problems, pairs of games, seeds).
    unit: "%" for a share in [0, 1], shown in percent; "s" for seconds; "Elo"; "" for a plain number.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""


Cell = str | int | float | Estimate | None


@dataclass(frozen=True)
class Table:
    """A table. rows: one cell for each of the columns. caption: what the numbers are, and how intervals were made."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Point:
    """A point of a series. low, high: the 95% interval of y."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """One method in a chart. shape: "level" is a horizontal line at the y of its only point, with any x; "steps" holds
    each y until the next x."""

    name: str
    points: Sequence[Point]
    role: Role = "ours"
    shape: Literal["line", "steps", "points", "level"] = "line"


@dataclass(frozen=True)
class Axis:
    """An axis. label: with its unit. log: logarithmic. unit: as in `Estimate`."""

    label: str
    log: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart of quality against compute. caption: what a reader should see in it, and what the bands are."""

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    caption: str = ""


@dataclass(frozen=True)
class Comparison:
    """Longthink and another method at equal cost.

    measure: what was measured, for example "problems solved". at: the equal cost, for example "1,000 tokens each".
    equal: whether the cost is a budget or time. difference: ours minus the other's. p: two-sided, of a paired test;
    None if there is no randomness. The report corrects all p-values of a section by Holm's method, and says ahead, even
    or behind.
    """

    measure: str
    at: str
    equal: Literal["budget", "time"]
    ours: str
    our_value: Estimate
    other: str
    other_value: Estimate
    difference: Estimate
    p: float | None
    higher_is_better: bool = True


@dataclass(frozen=True)
class Section:
    """What the records of a study say. text: paragraphs of Markdown, the most important sentence first.

    panel: the study's part of the first picture. headline: one line for the terminal.
    """

    title: str
    text: str = ""
    tables: Sequence[Table] = field(default=())
    charts: Sequence[Chart] = field(default=())
    comparisons: Sequence[Comparison] = field(default=())
    panel: Chart | None = None
    headline: str = ""


def check_section(section: Section) -> None:
    """Raise `ParameterError` if a section is not what a report can draw, so that no study spoils the report of all."""
    for what, values, kind in (
        ("tables", section.tables, Table),
        ("charts", section.charts, Chart),
        ("comparisons", section.comparisons, Comparison),
    ):
        for each in values:
            if not isinstance(each, kind):
                raise ParameterError(f"{what} of a section expects {kind.__name__}, got {type(each).__name__}")
    for table in section.tables:
        for row in table.rows:
            if len(row) != len(table.columns):
                raise ParameterError(
                    f"a row of table {table.title!r} expects {len(table.columns)} cells, got {len(row)}: {list(row)!r}"
                )
            for cell in row:
                if not isinstance(cell, str | int | float | np.number | Estimate | None):
                    kind_of = type(cell).__name__
                    raise ParameterError(
                        f"a cell of table {table.title!r} expects a text, a number, an Estimate or None, got {kind_of}"
                    )
