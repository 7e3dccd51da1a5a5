"""The report as JSON: all numbers of the other formats, unrounded."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np

from longthink.benchmarks.harness.record import JSON, Record
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.report import Report


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, str | bytes]:
    """report.json: the fields of `Report`, by `Report.as_dict`. Numbers that are not finite are strings."""
    return {"report.json": json.dumps(_finite(report.as_dict()), indent=1, allow_nan=False) + "\n"}


def _finite(value: JSON) -> JSON:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
    if isinstance(value, Mapping):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
