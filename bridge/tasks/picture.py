"""Pictures: a board that is written in signs, drawn as a PNG for a model that looks at it."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_CELL, _DOT = 24, 4  # pixels: a sign's square, and one dot of it

# Signs of 3 by 5 dots, a row for each three bits, from the top.
_SIGNS = {
    "0": 0o75557, "1": 0o26227, "2": 0o71747, "3": 0o71717, "4": 0o55711, "5": 0o74717, "6": 0o74757, "7": 0o71122,
    "8": 0o75757, "9": 0o75717, "A": 0o25755, "B": 0o65656, "C": 0o34443, "D": 0o65556, "E": 0o74647, "F": 0o74644,
    "G": 0o34553, "H": 0o55755, "I": 0o72227, "J": 0o11152, "K": 0o55655, "L": 0o44447, "M": 0o57755, "N": 0o65555,
    "O": 0o25552, "P": 0o65644, "Q": 0o25573, "R": 0o65655, "S": 0o34216, "T": 0o72222, "U": 0o55557, "V": 0o55552,
    "W": 0o55775, "X": 0o55255, "Y": 0o55222, "Z": 0o71247, ".": 0o00002, ",": 0o00024, ":": 0o02020, "-": 0o00700,
    "+": 0o02720, "*": 0o05250, "/": 0o11244, "|": 0o22222, "_": 0o00007, "=": 0o07070, "@": 0o25747, "$": 0o36236,
    "%": 0o51245, "#": 0o57575, "(": 0o12221, ")": 0o42224, "[": 0o64446, "]": 0o31113, "<": 0o12421, ">": 0o42124,
    "?": 0o71202, "!": 0o22202, "'": 0o22000, '"': 0o55000,
}  # fmt: skip
_PAPER, _INK = (250, 248, 242), (40, 40, 48)
# Signs that stand for stones and such get a colour of their own, in the order in which they appear.
_COLOURS = [(196, 42, 46), (36, 92, 172), (24, 132, 76), (184, 120, 0), (120, 60, 152), (0, 128, 136), (150, 80, 50)]


def text_picture(text: str) -> bytes:
    """A text as a PNG: a square for each sign, so that rows and columns stand as they do in the text.

    Letters are drawn as capitals; the letters and signs have colours of their own, digits and punctuation have ink.
    """
    lines = text.splitlines() or [""]
    width = max(1, *map(len, lines))
    image = np.full((len(lines) * _CELL, width * _CELL, 3), _PAPER, np.uint8)
    colours: dict[str, tuple[int, int, int]] = {}
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            if sign == " ":
                continue
            dots = _SIGNS.get(sign.upper(), _SIGNS["?"])
            bits = np.array([dots >> (14 - place) & 1 for place in range(15)], bool).reshape(5, 3)
            if sign.isalpha() or sign in "@$%#*":
                colours.setdefault(sign, _COLOURS[len(colours) % len(_COLOURS)])
            top, left = row * _CELL + 2, column * _CELL + 6
            square = image[top : top + 5 * _DOT, left : left + 3 * _DOT]
            square[np.kron(bits, np.ones((_DOT, _DOT), bool))] = colours.get(sign, _INK)
    return png(image)


def png(image: NDArray[np.uint8]) -> bytes:
    """An image `[height, width, 3]` as PNG (ISO/IEC 15948)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)  # no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, red green blue
    return b"".join((
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
        chunk(b"IEND", b""),
    ))  # fmt: skip
