"""Draws reports. One module a format; each makes files from a report and the records that its items are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.report import Report

MODULES = {"html": "page", "json": "plain", "md": "markdown", "pdf": "pdf", "csv": "tables", "inspect": "inspect_log"}
"""The module of each format. It has `files(report, records, gallery)`."""


def render(name: str, report: Report, records: Sequence[Record], gallery: Gallery) -> Mapping[str, str | bytes]:
    """The files of a format, by their paths in the folder of the report; the first one is the report itself."""
    made: Mapping[str, str | bytes] = import_module(f"{__name__}.{MODULES[name]}").files(report, records, gallery)
    return made
