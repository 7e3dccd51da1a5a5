"""Images as parts of a request: files, or arrays of bytes, which become PNG."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError

ImageLike: TypeAlias = "str | Path | bytes | NDArray[Any] | Image"

_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


@dataclass(frozen=True)
class Image:
    """The bytes of an image file, and its kind: "png", "jpeg", "gif" or "webp"."""

    data: bytes
    kind: str

    @classmethod
    def of(cls, image: ImageLike) -> Image:
        """From a path, the bytes of a file, or an array of `uint8`: `[rows, columns]` of grey or `[rows, columns, 3]`.

        Raises `ParameterError`.
        """
        if isinstance(image, Image):
            return image
        if isinstance(image, np.ndarray):
            return cls(_png(image), "png")
        if not isinstance(image, (str, Path, bytes)):
            raise ParameterError(f"an image is a path, bytes or an array, got {type(image).__name__}")
        try:
            data = image if isinstance(image, bytes) else Path(image).read_bytes()
        except OSError as error:
            raise ParameterError(f"the image {str(image)!r} cannot be read: {error}") from error
        for begins, kind in _KINDS:
            if data.startswith(begins):
                return cls(data, kind)
        raise ParameterError(f"the image {str(image)[:80]!r} is none of PNG, JPEG, GIF and WebP")

    @property
    def url(self) -> str:
        """The whole image as a data URL."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"

    def __repr__(self) -> str:
        return f"<image {self.kind}, {len(self.data)} bytes>"


def _png(pixels: NDArray[Any]) -> bytes:
    """PNG (ISO/IEC 15948) of 8 bits a channel, rows unfiltered."""
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or 0 in pixels.shape or not (grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ParameterError(
            "an image expects uint8 of the shape [rows, columns] or [rows, columns, 3], "
            f"got {pixels.dtype} of {list(pixels.shape)}"
        )
    rows, columns = pixels.shape[:2]
    filtered = np.zeros((rows, 1 + pixels[0].size), np.uint8)  # each row begins with the number of its filter
    filtered[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0 if grey else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes())), (b"IEND", b""))
    return _KINDS[0][0] + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
