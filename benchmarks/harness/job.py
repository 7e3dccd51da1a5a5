"""`Job`: one piece of a comparison, small enough that an interrupted run loses little.

A suite is a list of jobs. A domain (`poker`, `board`, `language`) makes them, the run log keeps what they
give, and the report reads the log alone.
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
    """A method at work on a part of a domain.

    domain: "poker", "board" or "language". method: who does it, as the report names it. config: all that decides
    the outcome, seeds and budgets included, as plain JSON values. run: does it and gives plain JSON values, with
    what was spent under "spent" (the fields of `Spent`). weight: seconds it is expected to take, for the
    progress bar.
    """

    domain: str
    method: str
    config: Mapping[str, Any]
    run: Callable[[Progress], Mapping[str, Any]] = field(compare=False, repr=False)
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Hash of domain, method and configuration: a job with the same key need not run again."""
        written = json.dumps([self.domain, self.method, self.config], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:16]
