"""Language models for comparisons: each case gets its model in the state of a newly loaded model."""

from __future__ import annotations

from functools import lru_cache

from longthink.bridge.models.model import Model
from longthink.bridge.models.registry import load_model


@lru_cache(maxsize=1)
def _loaded(name: str | None) -> Model:
    return load_model(name)


def fresh_model(name: str | None) -> Model:
    """The model of this name, loaded once, without any memory of earlier prompts.

    So the result of a case does not depend on what its process did before, and a resumed run equals an uninterrupted
    run. Otherwise, the last digits of log-probabilities depend on what a model remembers, and decide near ties.
    """
    model = _loaded(name)
    model.forget()
    return model
