"""SGF files of Go: `read_sgf` reads those that servers and editors write, `write_sgf` writes them; for `GoRecord`.

The format is SGF FF[4] (https://www.red-bean.com/sgf/); sgfmill reads its grammar. Servers deviate from it in the
encoding of the text, in komi and in the names of rules. docs/sgf.md lists how each deviation is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from longthink.errors import ParameterError, require

_MOST_SIGNS = 500_000  # of `(`, `;` and `[` in a file: its nodes and values
_MOST_NODES = 20_000  # in the main line, and moves
_MOST_KOMI = 400


@dataclass
class SgfNode:
    """One node of the main line. Points are actions of the game `go`; a colour is 0 for Black, 1 for White.

    setup: the points that the node makes black, white and empty. moves: colour and action; a pass is `size * size`.
    to_play: the colour whose turn it is, if the node says so.
    """

    setup: tuple[list[int], list[int], list[int]]
    moves: list[tuple[int, int]]
    to_play: int | None


@dataclass
class SgfGame:
    """The first game of a file. komi, rules: None if the file does not say. handicap: 0 or at least 2."""

    size: int = 19
    komi: float | None = None
    rules: str | None = None
    handicap: int = 0
    nodes: list[SgfNode] = field(default_factory=list)


def refuse(reason: str) -> NoReturn:
    """Raise `ParameterError` for a file that cannot be read."""
    raise ParameterError(f"this SGF file cannot be read: {reason}")


def read_sgf(data: bytes) -> SgfGame:
    """Read the main line of the first game of a file. Raises `ParameterError` with the reason."""
    nodes = list(_main_line(_decoded(data)))
    root = nodes[0]
    kind = _first(root, "GM") or "1"
    if kind != "1":
        refuse(f"GM must be 1, which is Go, got {kind[:20]!r}")
    game = SgfGame(rules=rules_of(_first(root, "RU")))
    game.size = _whole(root, "SZ", 2, 25) or 19
    game.komi = _komi(root, game.rules)
    game.handicap = _whole(root, "HA", 0, game.size**2) or 0
    game.handicap *= game.handicap > 1  # HA[1]: no stone is placed, Black moves first
    game.nodes = [_node(properties, game.size, number) for number, properties in enumerate(nodes)]
    if sum(len(node.moves) for node in game.nodes) > _MOST_NODES:
        refuse(f"its main line has more than {_MOST_NODES:,} moves")
    return game


# ---- Text ----

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ROOT_SIGN = re.compile(rb"\s*(?:(?P<name>[A-Za-z]+)|\[(?P<value>(?:[^\\\]]|\\.)*)\])", re.DOTALL)
_ASCII = bytes(range(32, 127))


def _decoded(data: bytes) -> str:
    """The text of a file: decoded by its byte order mark, else by its CA, else as UTF-8, else by a guess.

    A file that is not UTF-8 and names no charset is read as GB18030 if most bytes above 127 come in pairs, else as
    ISO-8859-1. In all charsets of two bytes the characters begin and end in the same places as in GB18030. In some of
    them the second byte can be a bracket or a backslash. So a wrong guess spoils names, but not moves.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    for start, codec in ((b"(\0", "utf-16-le"), (b"\0(", "utf-16-be")):
        if data.startswith(start):
            return data.decode(codec, "replace")
    high = re.findall(rb"[\x80-\xff]+", data[:1_000_000])
    pairs = sum(len(run) > 1 for run in high)
    guesses = ["utf-8", *(["gb18030"] if 2 * pairs >= len(high) else [])]
    for codec in [*_named_charset(data), *guesses]:
        try:
            return data.decode(codec)
        except ValueError:
            continue
    return data.decode("iso-8859-1")


def _named_charset(data: bytes) -> list[str]:
    """The codec of the charset that the file names, if any. Raises `ParameterError` for an unknown charset."""
    name = _charset(data[:10_000])
    if not name or name.lower().startswith(("utf-16", "utf16", "ucs-2", "utf-32", "utf32")):
        return []  # such a text has a byte order mark or zero bytes
    if name.lower().replace("-", "").replace("_", "") in ("gb2312", "gbk", "cp936", "936", "euccn"):
        return ["gb18030"]  # it has all their characters, and more that files contain
    try:
        if _ASCII.decode(name) == _ASCII.decode("ascii"):
            return [name]
    except (LookupError, ValueError):
        pass
    refuse(f"CA must name a charset that contains ASCII, such as UTF-8 or GB18030, got {name[:40]!r}")


def _charset(data: bytes) -> str:
    """The value of CA in the root node; "" if there is none."""
    start = re.search(rb"\(\s*;", data)
    at, name = (start.end() if start else len(data)), b""
    while found := _ROOT_SIGN.match(data, at):
        at, name = found.end(), found["name"] or name
        if name == b"CA" and found["value"] is not None:
            return found["value"].decode("ascii", "replace").strip()
    return ""


# ---- The tree and its properties ----

_Properties = dict[str, list[bytes]]


def _main_line(text: str) -> Iterator[_Properties]:
    """The properties of the nodes of the main line, at most `_MOST_NODES` of them."""
    grammar: Any = require("sgfmill.sgf_grammar", "go")
    if sum(map(text.count, "(;[")) > _MOST_SIGNS:
        refuse(f"it has more than {_MOST_SIGNS:,} nodes and values")
    try:
        tree = grammar.parse_sgf_game(text.encode("utf-8", "replace"))
    except ValueError as error:
        refuse(str(error) or "its brackets do not match")
    for number, properties in enumerate(grammar.main_sequence_iter(tree)):
        if number == _MOST_NODES:
            refuse(f"its main line has more than {_MOST_NODES:,} nodes")
        yield properties


def _first(properties: _Properties, name: str) -> str:
    """The first value of a property as text; "" if there is none."""
    return properties.get(name, [b""])[0].decode("utf-8", "replace").replace("\\", "").strip()


def _whole(root: _Properties, name: str, least: int, most: int) -> int | None:
    """The value of a property that is a whole number, or None if it is missing."""
    written = _first(root, name)
    if not written:
        return None
    parts = written.split(":")  # SZ[19:19]
    if len(set(parts)) != 1 or not re.fullmatch(r"\d{1,6}", parts[0], re.ASCII) or not least <= int(parts[0]) <= most:
        refuse(f"{name} must be a whole number from {least} to {most}, got {written[:20]!r}")
    return int(parts[0])


_KOMI = re.compile(r"([+-]?(?:\d{1,9}(?:[.,]\d{0,9})?|[.,]\d{1,9}))\D*", re.ASCII)


def _komi(root: _Properties, rules: str | None) -> float | None:
    """Komi in points.

    The server Fox and others write hundredths, and by Chinese rules count stones of two points each. So 650 is 6.5
    points, and 375, 350 and 3.75 are 7.5, 7 and 7.5. Numbers below 100 are hundredths (50 is half a point) only in
    files by Fox (AP[foxwq]).
    """
    written = _first(root, "KM")
    if not written:
        return None
    found = _KOMI.fullmatch(written)
    if found is None:
        refuse(f"KM must be a number, got {written[:20]!r}")
    komi = float(found[1].replace(",", "."))
    fox = any(b"foxwq" in value.lower() for value in root.get("AP", []))
    hundredths = komi == int(komi) and abs(komi) >= (20 if fox else 100)
    if hundredths:
        komi /= 100
    if rules != "japanese" and (4 * komi % 2 == 1 or (hundredths and 2 < abs(komi) <= 4)):  # stones
        komi *= 2
    if abs(komi) > _MOST_KOMI:
        refuse(f"KM must be at most {_MOST_KOMI} points, got {written[:20]!r}")
    return komi


_RULES = (
    ("japanese", r"japan|\bjp\b|korea|territory|nihon|日本|日式|韩|韓|한국|일본"),
    ("tromp_taylor", r"tromp"),
    ("aga", r"\baga\b|\bbga\b|french|\bffg\b|american|british"),
    ("new_zealand", r"\bnz\b|new.?zealand|\bgoe\b|\bing\b|应氏|應氏|计点"),
    ("chinese", r"chin|\bcn\b|area|中国|中國|中式|数子|數子|중국"),
)


def rules_of(written: str) -> str | None:
    """The name in `RULES` (rules.py) for a name of rules as servers write it; None for unknown rules."""
    name = written.lower()
    return next((rules for rules, pattern in _RULES if re.search(pattern, name)), None)


def _node(properties: _Properties, size: int, number: int) -> SgfNode:
    """What a node says. number: its place in the main line, for errors."""
    place = f"node {number} of the main line"

    def action(value: bytes, passes: bool) -> int:
        text = b"".join(value.split())
        if passes and (text == b"" or (text == b"tt" and size <= 19)):
            return size * size
        column, row = (text[0] - 97, size - 1 - (text[1] - 97)) if len(text) == 2 else (-1, -1)
        if not (0 <= column < size and 0 <= row < size):
            word = text[:20].decode("utf-8", "replace")
            refuse(f"{place}: expected a point of a {size}x{size} board such as 'cd', got {word!r}")
        return row * size + column

    def points(name: str) -> list[int]:
        """Points, and rectangles of points as in [aa:cc]."""
        found: dict[int, None] = {}
        for value in properties.get(name, []):
            if value.strip():
                corners = [divmod(action(corner, False), size) for corner in value.split(b":", 1)]
                (top, left), (bottom, right) = corners[0], corners[-1]
                found |= dict.fromkeys(r * size + c for r in range(bottom, top + 1) for c in range(left, right + 1))
        return list(found)

    moves = [
        ("BW".index(name), action(value, True))
        for name, values in properties.items()
        if name in ("B", "W")
        for value in values
    ]
    turn = _first(properties, "PL").lower()
    if turn not in ("", "b", "w", "black", "white"):
        refuse(f"{place}: PL must be B or W, got {turn[:20]!r}")
    to_play = "bw".index(turn[0]) if turn else None
    return SgfNode((points("AB"), points("AW"), points("AE")), moves, to_play)


# ---- Writing ----


def write_sgf(
    size: int,
    root: Mapping[str, Any],
    setup: Sequence[tuple[int, int]],
    moves: Sequence[tuple[int, int]],
    to_play: int | None,
) -> str:
    """A game as an SGF file. root: its properties; setup, moves: colour and action; to_play: the colour that begins."""

    def point(action: int) -> str:
        if action == size * size:
            return ""
        row, column = divmod(action, size)
        return chr(97 + column) + chr(97 + size - 1 - row)

    text = "(;" + "".join(f"{name}[{_escaped(value)}]" for name, value in root.items())
    for colour, name in enumerate(("AB", "AW")):
        points = "".join(f"[{point(action)}]" for owner, action in setup if owner == colour)
        text += name + points if points else ""
    if to_play is not None:
        text += f"PL[{'BW'[to_play]}]"
    nodes = [f";{'BW'[colour]}[{point(action)}]" for colour, action in moves]
    lines = ["".join(nodes[i : i + 10]) for i in range(0, len(nodes), 10)]
    return "\n".join([text, *lines]) + ")\n"


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace("]", "\\]")
