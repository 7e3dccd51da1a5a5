"""Images in a request to a model: files, or arrays of pixels, which become PNG."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError, require

ImageLike: TypeAlias = "str | Path | bytes | NDArray[Any] | Image"

_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


@dataclass(frozen=True)
class Image:
    """The bytes of an image file, and their format: "png", "jpeg", "gif" or "webp"."""

    data: bytes
    kind: str

    @classmethod
    def of(cls, image: ImageLike) -> Image:
        """Make an image from a path, the bytes of a file, or a `uint8` array `[rows, columns]` or `[rows, columns, 3]`.

        Arrays are grey or red, green, blue; they need Pillow. Files are not changed.

        Raises `ParameterError` for anything else, `MissingExtraError` without Pillow.
        """
        if isinstance(image, Image):
            return image
        if isinstance(image, np.ndarray):
            return cls(_of_array(image), "png")
        if not isinstance(image, (str, Path, bytes)):
            raise ParameterError(f"an image expects a path, bytes or an array, got {type(image).__name__}")
        try:
            data = image if isinstance(image, bytes) else Path(image).read_bytes()
        except OSError as error:
            raise ParameterError(f"the image {str(image)!r} cannot be read: {error}") from error
        for start, kind in _KINDS:
            if data.startswith(start):
                return cls(data, kind)
        raise ParameterError(f"the image {str(image)[:80]!r} is not a PNG, JPEG, GIF or WebP file")

    @property
    def url(self) -> str:
        """The image as a data URL."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"

    def __repr__(self) -> str:
        return f"<image {self.kind}, {len(self.data)} bytes>"


def _of_array(pixels: NDArray[Any]) -> bytes:
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or 0 in pixels.shape or not (grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ParameterError(
            "an image expects uint8 of shape [rows, columns] or [rows, columns, 3], "
            f"got {pixels.dtype} of {list(pixels.shape)}"
        )
    return png(require("PIL.Image", "lm").fromarray(np.ascontiguousarray(pixels)))


def png(picture: Any) -> bytes:
    """A Pillow image as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
