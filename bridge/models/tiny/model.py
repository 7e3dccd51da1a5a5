"""The tiny models that come with the package: "tiny" and "tiny:SIZE"."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from longthink.bridge.models.onnx import OnnxModel
from longthink.errors import UnknownNameError

SIZES = ("0.25x", "1x", "4x")
TRAINED_OTHERWISE = tuple(f"0.25x-{steps}" for steps in (75, 150, 300, 600))
"""The smallest size, trained with other numbers of steps than its 1,200: for the study of training against thinking."""


class TinyModel(OnnxModel):
    """A model of Countdown, in ONNX. threads: threads of onnxruntime. Raises `UnknownNameError` for an unknown size."""

    def __init__(self, size: str = "1x", threads: int = 1) -> None:
        self._size = size
        super().__init__(tiny_file(size), threads)

    def __reduce__(self) -> Any:
        """The size and not the path: the package may be elsewhere where the pickle is read."""
        return functools.partial(type(self), self._size, self._workers), ()


def tiny_file(size: str) -> Path:
    """The file of a size. Raises `UnknownNameError`."""
    if size not in (known := (*SIZES, *TRAINED_OTHERWISE)):
        raise UnknownNameError.of("size of the tiny model", size, known)
    return Path(__file__).parent / f"tiny-{size}.onnx"
