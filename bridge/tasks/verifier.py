"""Verifiers: they decide how right a finished transcript is."""

from __future__ import annotations

from typing import Protocol

from longthink.bridge.tasks.task import Task, Transcript


class Verifier(Protocol):
    """Anything that values a finished transcript in [0, 1]; 1 is correct and ends the search."""

    def __call__(self, task: Task, transcript: Transcript) -> float: ...


def task_verifier(task: Task, transcript: Transcript) -> float:
    """What the task itself says."""
    return task.verify(transcript)
