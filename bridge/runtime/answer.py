"""`Answer`: what `think` returns."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthink.bridge.tasks.task import Transcript
from longthink.bridge.traces.trace import Trace
from longthink.errors import LongthinkError, error_text
from longthink.search.budget import Spent


@dataclass
class Answer:
    """The best answer so far, and what it cost.

    text: None if no transcript was finished. value: by the verifier, in [0, 1]. correct: whether it is 1.
    transcript: the steps of the answer. trace: the tree of the visited steps. page: the file that shows it, if `think`
    was given a folder for traces; the log, of JSON lines, has the same name. method: its name. solved_at: what had been
    spent when the first correct answer was found. kinds: how many proposals of each kind there were. left_out: how many
    proposals a tree search left out, because a state had more than 1,024.

    stopped_by: the limit that was reached, "solved", "done", "exhausted" (everything proposed was looked at), "agreed"
    (more votes are not needed), "cancelled" (by a `CancelToken`), "interrupted" (by Ctrl-C) or "failed". error: the
    error that ended it if that is "failed": of a verifier, a score, a proposer, a tool or the model. The other fields
    are what was found before.

    An answer can be pickled. An error that cannot be pickled then becomes a `LongthinkError` with its text.
    """

    text: str | None
    correct: bool
    value: float
    transcript: Transcript
    trace: Trace
    spent: Spent
    method: str
    solved_at: Spent | None
    stopped_by: str
    kinds: Mapping[str, int]
    page: Path | None = None
    error: Exception | None = None
    left_out: int = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "error": _picklable(self.error)}

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it early."""
        return self.stopped_by == "interrupted"


def _picklable(error: Exception | None) -> Exception | None:
    """The error, or a `LongthinkError` with its text if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return LongthinkError(error_text(error))
    return error
