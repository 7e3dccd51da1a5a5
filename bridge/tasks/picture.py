"""Pictures of boards: a board written in characters becomes a PNG, for models that look at images."""

from __future__ import annotations

from longthink.bridge.models.image import png
from longthink.errors import require

_CELL, _FONT = 24, 21  # pixels: a character's square cell, and the height of the font
_PAPER, _INK = (250, 248, 242), (40, 40, 48)
# Each letter or sign of a piece gets a colour, in the order in which they appear.
_COLOURS = [(196, 42, 46), (36, 92, 172), (24, 132, 76), (184, 120, 0), (120, 60, 152), (0, 128, 136), (150, 80, 50)]


def text_picture(text: str) -> bytes:
    """Draw a text as a PNG with one square cell for each character, so that rows and columns stand as in the text.

    Letters and the signs @ $ % # * have a colour for each character; digits and punctuation are dark. A character
    outside of ASCII is drawn as a question mark.

    Raises `MissingExtraError` without Pillow.
    """
    image, draw, font = (require(f"PIL.{name}", "tasks") for name in ("Image", "ImageDraw", "ImageFont"))
    lines = text.splitlines() or [""]
    width = max(1, *map(len, lines))
    picture = image.new("RGB", (width * _CELL, len(lines) * _CELL), _PAPER)
    pen, letters = draw.Draw(picture), font.load_default(_FONT)  # Pillow brings this font: the same on every machine
    colours: dict[str, tuple[int, int, int]] = {}
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            if character.isalpha() or character in "@$%#*":
                colours.setdefault(character, _COLOURS[len(colours) % len(_COLOURS)])
            centre = (column * _CELL + _CELL / 2, row * _CELL + _CELL / 2)
            shown = character if character.isascii() and character.isprintable() else "?"
            pen.text(centre, shown, colours.get(character, _INK), letters, anchor="mm")
    return png(picture)
