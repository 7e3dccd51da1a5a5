"""Language models of cases: loaded once per process, in the state of a newly loaded model for each case."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from longthink.bridge.models.model import Model
from longthink.bridge.models.registry import MODELS, load_model


@lru_cache(maxsize=2)
def _loaded(name: str | None) -> Model:
    found = MODELS.find("smollm2" if name is None else name)
    options: dict[str, Any] = {"threads": 1} if found.takes("threads") else {}  # cases run side by side
    return load_model(name, **options)


def fresh_model(name: str | None) -> Model:
    """The model of this name, loaded once with one thread, without any memory of earlier prompts.

    So the result of a case does not depend on what its process did before, and a resumed run equals an uninterrupted
    run. Otherwise, the last digits of log-probabilities depend on what a model remembers, and decide near ties.
    """
    model = _loaded(name)
    model.forget()
    return model


@lru_cache
def identity(name: str | None) -> str:
    """The identity of the model of this name, for the facts of a case: another file of the same name is another."""
    return _loaded(name).identity
