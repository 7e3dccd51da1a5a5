"""The registry of tasks: `TASKS`, and `load_task`, which loads one by name.

An entry is a function that makes a task from its parameters, or a `Family` of them, "family:MEMBER". One of the
parameters is usually `seed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longthink.bridge.tasks.task import Task
from longthink.registry import Registry

# One line for each task or family of tasks.
TASKS: Registry[Callable[..., Task]] = Registry(
    "task",
    "longthink.tasks",
    {
        "countdown": "longthink.bridge.tasks.countdown:countdown",
        "game24": "longthink.bridge.tasks.game24:game24",
        "synthesis": "longthink.bridge.tasks.synthesis:synthesis",
        "writing": "longthink.bridge.tasks.constrained_writing:writing",
        "game:": "longthink.bridge.tasks.game:FAMILY",
        "reasoning_gym:": "longthink.bridge.tasks.reasoning_gym:FAMILY",
        "textarena:": "longthink.bridge.tasks.textarena:FAMILY",
    },
)
register_task = TASKS.register
"""Add a task of your own for this process: `register_task(name, function)`, or `@register_task(name)` above it."""


def tasks() -> Registry[Callable[..., Task]]:
    """The registered tasks. `tasks().names()` returns all names, with those of families whose library is installed."""
    return TASKS


def load_task(name: str, seed: int = 0, **parameters: Any) -> Task:
    """Load a task: `load_task("countdown", seed=3)` or `load_task("game24(numbers=(4, 6, 8, 8))")`.

    A member of a family is "reasoning_gym:NAME", "game:NAME" or "textarena:NAME". `seed` selects one of the generated
    problems; a seed in the text comes first.

    Raises `UnknownNameError` with near matches for a name or parameter that does not exist, `ParameterError` for a
    value that the task does not accept, `MissingExtraError` if its library is not installed.
    """
    found = TASKS.find(name)
    if "seed" not in found.options and (found.takes("seed") or seed != 0):
        parameters["seed"] = seed
    task: Task = found.make(**parameters)
    return task
