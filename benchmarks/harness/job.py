"""`Job`: one piece of a comparison, small enough that an interrupted run loses little.

A suite is a list of jobs. A domain (`poker`, `board`, `language`) makes the jobs, the run log keeps their results, and
the report reads only the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[float], None]
"""Called with the share of a job that is done, in [0, 1]."""


@dataclass(frozen=True)
class Job:
    """One method on one part of a domain.

    domain: "poker", "board" or "language". method: its name in the report. config: everything that decides the outcome,
    including seeds and budgets, as plain JSON values. run: does the work and returns plain JSON values, with the cost
    under "spent" (the fields of `Spent`). weight: expected seconds, for the progress bar.
    """

    domain: str
    method: str
    config: Mapping[str, Any]
    run: Callable[[Progress], Mapping[str, Any]] = field(compare=False, repr=False)
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Hash of domain, method and configuration: a job with the same key does not run again."""
        written = json.dumps([self.domain, self.method, self.config], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:16]
