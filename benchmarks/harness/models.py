"""The language models of comparisons: each case finds its model as if nothing had been asked of it before."""

from __future__ import annotations

from functools import lru_cache

from longthink.bridge.models.model import Model
from longthink.bridge.models.registry import load_model


@lru_cache(maxsize=1)
def _loaded(name: str | None) -> Model:
    return load_model(name)


def fresh_model(name: str | None) -> Model:
    """The model of this name, loaded once, without anything left of earlier prompts.

    So a case comes out the same whatever its process did before, and a run that was cut off at any place and resumed is
    the run that was not. The last digits of log-probabilities depend on what a model remembers, and decide near ties.
    """
    model = _loaded(name)
    model.forget()
    return model
