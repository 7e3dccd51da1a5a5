"""Records as one table in CSV, for pandas, R and spreadsheets: a row for each case, a column for each fact and number.

Names have dots: `facts.method`, `facts.options.width`, `scores.solved`, `spent.seconds`. Lists are JSON. Curves,
artifacts and tracebacks are left out: the log has them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from longthink.benchmarks.harness.record import JSON, Record

FIRST = ("key", "study", "version", "facts", "scores", "spent", "failure", "started", "seconds", "cpu_seconds", "quiet")
"""The order of the columns; those of the environment come last."""


def records_csv(records: Sequence[Record]) -> str:
    """The records as CSV with a header. A cell is empty if a record has nothing of this name."""
    rows = [dict(_cells(record)) for record in records]
    found = dict.fromkeys(name for row in rows for name in row)
    parts = [*FIRST, "environment"]
    columns = sorted(found, key=lambda name: parts.index(name.partition(".")[0]))
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns or FIRST[:3], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _cells(record: Record) -> Iterator[tuple[str, JSON]]:
    found = record.as_dict()
    outcome = found.pop("outcome") or {}
    found |= {"scores": outcome.get("scores", {}), "spent": outcome.get("spent", {})}
    found["failure"] = {name: (found["failure"] or {}).get(name) for name in ("kind", "message")}
    for name in (*FIRST, "environment"):
        yield from _flat(name, found[name])


def _flat(name: str, value: JSON) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}", each)
    else:
        yield name, json.dumps(value) if isinstance(value, (list, tuple, bool)) else value
