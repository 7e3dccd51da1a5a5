"""`Work`: requests to a model in sequence, written as a generator. Proposers and kinds of proposals are written so.

A generator yields a `Request` and is sent its completions, or None if the budget is over. After None it should return
what it has. The scheduler (scheduler.py) runs many of them at once; `do` runs one alone.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from longthink.bridge.models.model import Completion, Model, Request, cost_of
from longthink.errors import ModelError
from longthink.search.budget import Spent

T = TypeVar("T")
Work: TypeAlias = Generator[Request, "list[Completion] | None", T]
"""Requests in sequence, and a result of type T."""


def do(work: Work[T], model: Model | None) -> tuple[T, Spent]:
    """Run one piece of work from beginning to end: its result, and what it cost. Raises `ModelError`."""
    spent, completions = Spent(), None
    try:
        while True:
            completions = the_model(model).in_turn(work.send(completions))
            spent += cost_of(completions)
    except StopIteration as done:
        return done.value, spent


def the_model(model: Model | None) -> Model:
    """The model. Raises `ModelError` if there is none."""
    if model is None:
        raise ModelError("this work needs a model, but none was given; use think(task, load_model(), budget)")
    return model
