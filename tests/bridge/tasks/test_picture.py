"""Pictures of boards: every character in its cell, in its colour, readable."""

from __future__ import annotations

import io
import string
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import longthink as lt
from longthink.bridge.tasks.picture import text_picture

CELL = 24


def cells(text: str) -> NDArray[Any]:
    """The picture of a text as cells `[row, column, 24, 24, 3]`."""
    picture = Image.open(io.BytesIO(text_picture(text)))
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    pixels = np.asarray(picture)
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    assert pixels.shape == (rows * CELL, columns * CELL, 3)
    return pixels.reshape(rows, CELL, columns, CELL, 3).transpose(0, 2, 1, 3, 4)


def test_every_character_stands_in_its_own_cell() -> None:
    found = cells("A .\n\n  A")
    paper = found[1, 0]
    assert found.shape[:2] == (3, 3)
    assert [tuple(map(int, at)) for at in np.argwhere((found != paper).any(axis=(2, 3, 4)))] == [(0, 0), (0, 2), (2, 2)]
    assert np.array_equal(found[0, 0], found[2, 2])


def test_characters_look_different() -> None:
    shown = string.ascii_letters + string.digits + string.punctuation
    for plain in (shown, shown[::-1]):  # colours depend on the order; the shapes differ, too
        shapes = (cells(plain)[0] < 200).any(axis=-1)
        assert len({shape.tobytes() for shape in shapes}) == len(shown)


def test_pieces_have_colours_and_digits_are_dark() -> None:
    first, second, again, digit = cells("xox1")[0]
    darkest = [
        tuple(map(int, cell[np.unravel_index(cell.sum(axis=-1).argmin(), (CELL, CELL))]))
        for cell in (first, second, digit)
    ]
    assert len(set(darkest)) == 3
    assert max(darkest[2]) < 60 < max(darkest[0]) - min(darkest[0])
    assert np.array_equal(first, again)


def test_any_text_can_be_drawn() -> None:
    assert cells("").shape[:2] == (1, 1)
    unknown, question = cells("\u2603?")[0]
    assert np.array_equal(unknown, question)


def test_without_pillow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "PIL.Image")
    with pytest.raises(lt.MissingExtraError, match=r"pip install 'longthink\[tasks\]'"):
        text_picture("x")
