"""Games in Gambit's .efg files: `load_efg` reads any of them as a `Game`, `write_efg` writes any game that fits.

The format, a tree listed from the root with every node before its children, is described in Gambit's documentation,
"The extensive game (.efg) file format". Read in this order: words, the reader, the game of a tree, the writer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

from longthink.errors import GameError, MemoryLimitError
from longthink.files import replace_file
from longthink.games.core import Game, object_game
from longthink.games.text import ObjectText
from longthink.validation import shown, whole_number

_CHANCE, _TERMINAL = -1, -4
_MOST_CHARACTERS, _MOST_NODES = 1 << 28, 2_000_000  # of a file
_MOST_BITS = 20_000  # of a sum of numbers

# ---- Words ----

_WORD = re.compile(r'\s+|"(?P<text>(?:[^"\\]|\\.)*+)"|(?P<sign>[{},])|(?P<word>[^\s{},"]+)', re.DOTALL)
_NUMBER = re.compile(
    r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?|[+-]?\d{1,300}/\d{1,300}", re.ASCII
)


class _Words:
    """The words of a file, one after the other; complaints name the line."""

    def __init__(self, name: str, content: str) -> None:
        self.name, self._content = name, content
        self._words = self._split()
        self._next, self._taken = next(self._words), 0  # the next word, and where the one before it stands

    def _split(self) -> Iterator[tuple[str, str, int]]:
        """`(kind, word, place)`: kind "text" (in quotes), "sign" or "word", and at the end "end"."""
        at = 0
        while at < len(self._content):
            match = _WORD.match(self._content, at)
            if match is None:
                self.fail("a quotation mark that is never closed", at)
            if match.lastgroup is not None:
                yield match.lastgroup, match[match.lastgroup], at
            at = match.end()
        yield "end", "the end of the file", at

    def fail(self, what: str, place: int | None = None) -> NoReturn:
        """Raise `GameError` for the word that was read last, or for a place."""
        line = self._content.count("\n", 0, self._taken if place is None else place) + 1
        raise GameError(f"{self.name}, line {line}: {what}")

    def next_is(self, kind: str, word: str | None = None) -> bool:
        return self._next[0] == kind and word in (None, self._next[1])

    def take(self, kind: str, expected: str) -> str:
        """The next word, which must be of this kind."""
        found, word, self._taken = self._next
        if found != kind:
            self.fail(f"expected {expected}, got {shown(word)}")
        self._next = next(self._words, self._next)
        return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) if kind == "text" else word

    def skip(self, kind: str, word: str) -> bool:
        if not self.next_is(kind, word):
            return False
        self.take(kind, word)
        return True

    def sign(self, sign: str) -> None:
        if not self.skip("sign", sign):
            self.take("end" if self.next_is("sign") else "sign", f"{sign!r}")

    def text(self, expected: str) -> str:
        return self.take("text", f"{expected} in quotation marks")

    def whole(self, expected: str, low: int) -> int:
        word = self.take("word", f"{expected}, a whole number")
        if not re.fullmatch(r"\d{1,9}", word, re.ASCII) or int(word) < low:
            self.fail(f"expected {expected}, a whole number from {low}, got {shown(word)}")
        return int(word)

    def number(self, expected: str) -> Fraction:
        word = self.take("word", f"{expected}, a number")
        if not _NUMBER.fullmatch(word) or ("/" in word and not int(word.partition("/")[2])):
            self.fail(f"expected {expected}, a number such as 2, -0.5 or 1/3, got {shown(word)}")
        return Fraction(word)

    def total(self, *numbers: Fraction) -> Fraction:
        """Their sum, as long as it can be written in a reasonable number of digits."""
        total = sum(numbers, Fraction(0))
        if total.numerator.bit_length() + total.denominator.bit_length() > _MOST_BITS:
            self.fail("these numbers add up to one with too many digits")
        return total


# ---- The reader ----


@dataclass
class _Set:
    """An information set of a player, or an event of chance: what is chosen among, everywhere it appears."""

    player: int
    number: int
    name: str
    labels: list[str]
    probabilities: list[Fraction] = field(default_factory=list)
    chances: list[tuple[int, float]] = field(default_factory=list)  # the same as a game gives them
    key: str = ""  # what tells it apart from all others


@dataclass(eq=False)
class _Node:
    name: str
    parent: _Node | None
    action: int  # of the parent that leads here
    depth: int
    paid: tuple[Fraction, ...]  # what the outcomes on the way here are worth
    of: _Set | None = None  # None: the game ends here
    children: list[_Node] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)


@dataclass
class _Tree:
    players: list[str]
    root: _Node
    sets: list[_Set]
    nodes: list[_Node]


class _Reader:
    """Reads one file. The tree is read with a list of what is still to come: files may be deep."""

    def __init__(self, words: _Words) -> None:
        self.words = words
        self.players: list[str] = []
        self.sets: dict[tuple[int, int], _Set] = {}
        self.outcomes: dict[int, tuple[Fraction, ...]] = {}

    def read(self) -> _Tree:
        words = self.words
        if words.take("word", "EFG") != "EFG" or words.take("word", "2") != "2" or words.take("word", "R") not in "RD":
            words.fail('expected "EFG 2 R", with which a file of this format begins')
        words.text("the title of the game")
        words.sign("{")
        while words.next_is("text"):
            self.players.append(words.text("the name of a player"))
        words.sign("}")
        if not self.players:
            words.fail("expected one player at least")
        if words.next_is("text"):
            words.text("a comment")
        root = self._node(None)
        nodes, waiting = [root], [root]
        while waiting:
            node = waiting[-1]
            if node.of is None or len(node.children) == len(node.of.labels):
                waiting.pop()
                continue
            child = self._node(node)
            node.children.append(child)
            nodes.append(child)
            waiting.append(child)
            if len(nodes) > _MOST_NODES:
                raise MemoryLimitError(f"{words.name} has more than {_MOST_NODES:,} nodes")
        if not words.next_is("end"):
            words.take("end", "the end of the file after the last node of the tree")
        sets = list(self.sets.values())
        _name(sets)
        return _Tree(self.players, root, sets, nodes)

    def _node(self, parent: _Node | None) -> _Node:
        words = self.words
        kind = words.take("word", "a node, which begins with c, p or t")
        if kind not in ("c", "p", "t"):
            words.fail(f"expected a node, which begins with c, p or t, got {shown(kind)}")
        name = words.text("the name of the node")
        if parent is None:
            node = _Node(name, None, -1, 0, (Fraction(0),) * len(self.players))
        else:
            node = _Node(name, parent, len(parent.children), parent.depth + 1, parent.paid)
        if kind == "c":
            node.of = self._set(_CHANCE)
        elif kind == "p":
            player = words.whole("the number of a player", 1)
            if player > len(self.players):
                words.fail(f"expected a player from 1 to {len(self.players)}, got {player}")
            node.of = self._set(player - 1)
        paid = self._outcome()
        if paid is not None:
            node.paid = tuple(words.total(a, b) for a, b in zip(node.paid, paid, strict=True))
        if node.of is None:
            try:
                node.returns = [float(value) for value in node.paid]
            except OverflowError:
                words.fail("payoffs too large for a double")
        return node

    def _set(self, player: int) -> _Set:
        """What is chosen among: given where it appears first, and the same wherever it is given again."""
        words = self.words
        number = words.whole("the number of the event" if player < 0 else "the number of the information set", 1)
        name = words.text("a name") if words.next_is("text") else ""
        known = self.sets.get((player, number))
        if known is not None and not words.next_is("sign", "{"):
            return known
        words.sign("{")
        given, total = _Set(player, number, name, []), Fraction(0)
        while words.next_is("text"):
            given.labels.append(words.text("an action"))
            if player < 0:
                given.probabilities.append(words.number("a probability"))
                total = words.total(total, given.probabilities[-1])
        words.sign("}")
        if not given.labels:
            words.fail("expected one action at least")
        if player < 0 and (any(p.numerator < 0 for p in given.probabilities) or round(total, 3) != 1):
            some = ", ".join(map(str, given.probabilities[:8])) + ", ..." * (len(given.probabilities) > 8)
            words.fail(f"expected probabilities that sum to 1, got {some}")
        if known is None:
            given.chances = [(action, float(p / total)) for action, p in enumerate(given.probabilities)]
            self.sets[player, number] = known = given
        if (known.labels, known.probabilities) != (given.labels, given.probabilities):
            words.fail(f"{'event' if player < 0 else 'information set'} {number} was given other actions before")
        return known

    def _outcome(self) -> tuple[Fraction, ...] | None:
        """What the outcome of a node is worth; None for none."""
        words = self.words
        number = words.whole("the number of the outcome", 0)
        if words.next_is("text"):
            words.text("a name")
        if number == 0 and not words.next_is("sign", "{"):
            return None
        if number == 0:
            words.fail("outcome 0 is none and has no payoffs")
        known = self.outcomes.get(number)
        if known is not None and not words.next_is("sign", "{"):
            return known
        words.sign("{")
        given = []
        while words.next_is("word"):
            given.append(words.number("a payoff"))
            words.skip("sign", ",")
        words.sign("}")
        if len(given) != len(self.players):
            words.fail(f"expected a payoff for each of {len(self.players)} players, got {len(given)}")
        if known is not None and known != tuple(given):
            words.fail(f"outcome {number} was given other payoffs before")
        self.outcomes[number] = tuple(given)
        return tuple(given)


def _name(sets: list[_Set]) -> None:
    """Give every information set a key: its name where no other has it, else with player and number."""
    uses = Counter(of.name for of in sets if of.player >= 0)
    taken = {name for name, times in uses.items() if name and times == 1}
    for of in (of for of in sets if of.player >= 0):
        if of.name and uses[of.name] == 1:
            of.key = of.name
            continue
        of.key = f"{of.player + 1}.{of.number} {of.name}".rstrip()
        while of.key in taken:
            of.key += "'"
        taken.add(of.key)


# ---- The game of a tree ----


class _State:
    """A node of the tree as a state of a game."""

    __slots__ = ("node",)

    def __init__(self, node: _Node) -> None:
        self.node = node

    def __str__(self) -> str:
        return self.node.name

    def current_player(self) -> int:
        return _TERMINAL if self.node.of is None else self.node.of.player

    def legal_actions(self) -> range:
        return range(len(self.node.children))

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return self.node.of.chances if self.node.of is not None else []

    def apply_action(self, action: int) -> None:
        self.node = self.node.children[action]

    def returns(self) -> list[float]:
        return self.node.returns

    def information_state_string(self, player: int) -> str:
        """The key of the information set; where another acts, the player's last one and what it did there."""
        at: _Node | None = self.node
        if at is not None and at.of is not None and at.of.player == player:
            return at.of.key
        while at is not None and at.parent is not None:
            of = at.parent.of
            if of is not None and of.player == player:
                return f"{of.key}: {at.action}"
            at = at.parent
        return ""

    def action_to_string(self, player: int, action: int) -> str:
        return self.node.of.labels[action] if self.node.of is not None else str(action)

    def clone(self) -> _State:
        return _State(self.node)


def load_efg_name(path: str) -> Game:
    """The game of a Gambit .efg file, given its path."""
    return load_efg(path.removesuffix("()"))  # names of games may end in empty brackets


def load_efg(path: str | Path) -> Game:
    """The game of a Gambit .efg file: any number of players and sums, chance, outcomes anywhere on the way.

    Action numbers are places in the list of an information set; information states are called by the names of
    information sets where a name is used once, else by player, number and name. Raises `GameError` with the line where
    the file is not as the format says, or where it cannot be read. Perfect recall is looked at by who needs it.
    Gambit documentation, "The extensive game (.efg) file format".
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = file.read(_MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:  # no such file, no UTF-8, no name of a file
        reason = getattr(error, "strerror", None) or error  # without the path, which may be long
        raise GameError(f"expected a game in Gambit's .efg format in {shown(str(path))}: {reason}") from error
    if len(content) > _MOST_CHARACTERS:
        raise MemoryLimitError(f"{path} has more than {_MOST_CHARACTERS:,} characters")
    tree = _Reader(_Words(str(path), content)).read()
    ends = [node.returns for node in tree.nodes if node.of is None]
    sums = {sum(node.paid) for node in tree.nodes if node.of is None}
    choices = [len(of.labels) for of in tree.sets if of.player >= 0]
    events = [len(of.labels) for of in tree.sets if of.player < 0]
    visits = len([node for node in tree.nodes if node.of is not None and node.of.player >= 0])
    deepest = max(node.depth for node in tree.nodes)
    return object_game(
        f"efg:{path}",
        lambda: _State(tree.root),
        num_players=len(tree.players),
        num_distinct_actions=max(choices, default=1),
        max_game_length=deepest,
        min_utility=min(map(min, ends)),
        max_utility=max(map(max, ends)),
        max_chance_outcomes=max(events, default=0),
        max_chance_nodes_in_history=deepest if events else 0,
        zero_sum=len(sums) == 1,
        perfect_information=visits == len(choices),
        text=ObjectText,
        reduce=(load_efg, (str(path),)),
    )


# ---- The writer ----


def write_efg(game: Game, path: str | Path, *, max_histories: int = 1_000_000) -> None:
    """Write a game as a Gambit .efg file: its whole tree, with the words it has for itself.

    Gambit's labels are printable ASCII without leading, trailing or double spaces, and information sets and actions
    that stand beside each other have different ones: white space becomes a space, any other sign an XML reference
    such as "&#233;", and equal labels get numbers. The file is complete or not there.

    Raises `MemoryLimitError` if the tree has more than `max_histories` histories, `GameError` if the file cannot be
    written or a payoff is not finite.
    """
    try:
        with replace_file(path) as file:
            players = " ".join(_quoted(f"Player {p + 1}") for p in range(game.num_players()))
            file.write(f"EFG 2 R {_quoted(_label(str(game)))} {{ {players} }}\n")
            file.writelines(_lines(game, whole_number("max_histories", max_histories, 1)))
    except OSError as error:
        raise GameError(f"{game} cannot be written to {shown(str(path))}: {error}") from error


def _lines(game: Game, max_histories: int) -> Iterator[str]:
    """A line for every history, each before what follows from it."""
    sets: dict[tuple[int, bytes], str] = {}  # number and label of an information set as they are written
    numbers, taken = [0] * game.num_players(), [_Labels() for _ in range(game.num_players())]
    outcomes: dict[tuple[float, ...], int] = {}
    events = histories = 0
    waiting = [game.new_initial_state()]
    while waiting:
        state = waiting.pop()
        histories += 1
        if histories > max_histories:
            raise MemoryLimitError(
                f"{game} has more than max_histories={max_histories} histories; its tree is not written"
            )
        player = state.current_player()
        if player == _TERMINAL:
            worth = tuple(state.returns())
            if not all(map(math.isfinite, worth)):
                raise GameError(f"{game} cannot be written: the payoffs {worth} of a history are not finite")
            number = outcomes.setdefault(worth, len(outcomes) + 1)
            yield f't "" {number} "{number}" {{ {" ".join(map(_written, worth))} }}\n'
            continue
        legal, beside = state.legal_actions(), _Labels()
        labels = [_quoted(beside.new(state.action_to_string(action) or str(action))) for action in legal]
        if player == _CHANCE:
            events += 1
            chances = _shares([p for _, p in state.chance_outcomes()])
            each = " ".join(f"{label} {p}" for label, p in zip(labels, chances, strict=True))
            yield f'c "" {events} "" {{ {each} }} 0\n'
        else:
            key = (player, bytes(state.information_state_key(player)))
            if key not in sets:
                numbers[player] += 1
                name = taken[player].new(state.information_state_string(player))
                sets[key] = f"{numbers[player]} {_quoted(name)}"
            yield f'p "" {player + 1} {sets[key]} {{ {" ".join(labels)} }} 0\n'
        waiting += [state.child(action) for action in reversed(legal)]


class _Labels:
    """Labels that stand beside each other and so are different."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}  # how often each was asked for

    def new(self, text: str) -> str:
        label = wanted = _label(text)
        while label in self._taken:
            self._taken[wanted] += 1
            label = f"{wanted} ({self._taken[wanted]})".lstrip()
        self._taken[label] = 1
        return label


def _label(text: str) -> str:
    """A text as Gambit takes it."""
    signs = " ".join(text.split()).replace("\\", "&#92;").encode("ascii", "xmlcharrefreplace").decode()
    return signs if signs.isprintable() else re.sub(r"[\x00-\x1f\x7f]", lambda sign: f"&#{ord(sign[0])};", signs)


def _quoted(label: str) -> str:
    return '"' + label.replace('"', '\\"') + '"'


def _written(value: float) -> str:
    """A number without an exponent, exactly as many digits as tell it apart."""
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _shares(probabilities: list[float]) -> list[Fraction]:
    """The simplest fractions that are these probabilities but for rounding, and that sum to 1, as Gambit wants."""
    simple = [Fraction(p).limit_denominator(1_000_000) for p in probabilities]
    if sum(simple) == 1 and all(abs(float(s) - p) < 1e-12 for s, p in zip(simple, probabilities, strict=True)):
        return simple
    exact = [Fraction(p) for p in probabilities]
    return [p / sum(exact) for p in exact]
