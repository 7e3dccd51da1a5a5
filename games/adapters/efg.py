"""Gambit's .efg files: `load_efg` reads any of them as a `Game`, `write_efg` writes any game of moderate size.

A file lists a tree in preorder: every node comes before its children. Gambit's documentation describes the format in
"The extensive game (.efg) file format". The sections below are: words, the reader, the tree as a game, the writer.
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
_MOST_CHARACTERS, _MOST_NODES = 1 << 28, 2_000_000  # limits for a file
_MOST_BITS = 20_000  # limit for a sum of numbers

# ---- Words ----

_WORD = re.compile(r'\s+|"(?P<text>(?:[^"\\]|\\.)*+)"|(?P<sign>[{},])|(?P<word>[^\s{},"]+)', re.DOTALL)
_NUMBER = re.compile(
    r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?|[+-]?\d{1,300}/\d{1,300}", re.ASCII
)


class _Words:
    """The words of a file, one after the other. Errors name the line."""

    def __init__(self, name: str, content: str) -> None:
        self.name, self._content = name, content
        self._words = self._split()
        self._next, self._taken = next(self._words), 0  # the next word, and the position of the one before

    def _split(self) -> Iterator[tuple[str, str, int]]:
        """Yield `(kind, word, place)`. The kind is "text" (in quotes), "sign" or "word", and finally "end"."""
        at = 0
        while at < len(self._content):
            match = _WORD.match(self._content, at)
            if match is None:
                self.fail("a quotation mark is never closed", at)
            if match.lastgroup is not None:
                yield match.lastgroup, match[match.lastgroup], at
            at = match.end()
        yield "end", "the end of the file", at

    def fail(self, what: str, place: int | None = None) -> NoReturn:
        """Raise `GameError` for the word that was read last, or for a place in the file."""
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
        """The sum of the numbers. Fails if it needs an unreasonable number of digits."""
        total = sum(numbers, Fraction(0))
        if total.numerator.bit_length() + total.denominator.bit_length() > _MOST_BITS:
            self.fail("the sum of these numbers has too many digits")
        return total


# ---- The reader ----


@dataclass
class _Set:
    """An information set of a player or a chance event, with its actions, which are the same at all its nodes."""

    player: int
    number: int
    name: str
    labels: list[str]
    probabilities: list[Fraction] = field(default_factory=list)
    chances: list[tuple[int, float]] = field(default_factory=list)  # the probabilities in the form that a game returns
    key: str = ""  # unique among all information sets


@dataclass(eq=False)
class _Node:
    name: str
    parent: _Node | None
    action: int  # the action of the parent that leads here
    depth: int
    paid: tuple[Fraction, ...]  # the sum of the payoffs on the path to this node
    of: _Set | None = None  # None at a terminal
    children: list[_Node] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)


@dataclass
class _Tree:
    players: list[str]
    root: _Node
    sets: list[_Set]
    nodes: list[_Node]


class _Reader:
    """Reads one file. It keeps its own stack instead of recursion, because trees may be deep."""

    def __init__(self, words: _Words) -> None:
        self.words = words
        self.players: list[str] = []
        self.sets: dict[tuple[int, int], _Set] = {}
        self.outcomes: dict[int, tuple[Fraction, ...]] = {}

    def read(self) -> _Tree:
        words = self.words
        if words.take("word", "EFG") != "EFG" or words.take("word", "2") != "2" or words.take("word", "R") not in "RD":
            words.fail('expected "EFG 2 R" at the beginning of the file')
        words.text("the title of the game")
        words.sign("{")
        while words.next_is("text"):
            self.players.append(words.text("the name of a player"))
        words.sign("}")
        if not self.players:
            words.fail("expected at least one player")
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
        kind = words.take("word", "a node, which starts with c, p or t")
        if kind not in ("c", "p", "t"):
            words.fail(f"expected a node, which starts with c, p or t, got {shown(kind)}")
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
                words.fail("the payoffs are too large for a double")
        return node

    def _set(self, player: int) -> _Set:
        """The information set or event at this node. Its first node lists its actions; later nodes may repeat them."""
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
            words.fail("expected at least one action")
        if player < 0 and (any(p.numerator < 0 for p in given.probabilities) or round(total, 3) != 1):
            some = ", ".join(map(str, given.probabilities[:8])) + ", ..." * (len(given.probabilities) > 8)
            words.fail(f"expected probabilities that sum to 1, got {some}")
        if known is None:
            given.chances = [(action, float(p / total)) for action, p in enumerate(given.probabilities)]
            self.sets[player, number] = known = given
        if (known.labels, known.probabilities) != (given.labels, given.probabilities):
            words.fail(f"{'event' if player < 0 else 'information set'} {number} had other actions before")
        return known

    def _outcome(self) -> tuple[Fraction, ...] | None:
        """The payoffs of the outcome at a node, or None if it has no outcome."""
        words = self.words
        number = words.whole("the number of the outcome", 0)
        if words.next_is("text"):
            words.text("a name")
        if number == 0 and not words.next_is("sign", "{"):
            return None
        if number == 0:
            words.fail("outcome 0 means no outcome and has no payoffs")
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
            words.fail(f"outcome {number} had other payoffs before")
        self.outcomes[number] = tuple(given)
        return tuple(given)


def _name(sets: list[_Set]) -> None:
    """Give every information set a key: its name if no other set has it, otherwise its player, number and name."""
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


# ---- The tree as a game ----


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
        """The key of the information set. If another player acts, the player's last key and action."""
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
    """Load the game of a Gambit .efg file, with any number of players and payoffs, chance, and outcomes at any node.

    The number of an action is its index in the information set. An information state has the name of its information
    set if the name is used only once, otherwise its player, number and name. Perfect recall is not checked here, but by
    the algorithms that need it.

    Raises `GameError` with the line number for a file that violates the format, and for a file that cannot be read.
    Gambit documentation, "The extensive game (.efg) file format".
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = file.read(_MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:  # no such file, not UTF-8, or an invalid file name
        reason = getattr(error, "strerror", None) or error  # without the path, which may be long
        raise GameError(f"expected a game in Gambit's .efg format in {shown(str(path))}: {reason}") from error
    if len(content) > _MOST_CHARACTERS:
        raise MemoryLimitError(f"{path} has more than {_MOST_CHARACTERS:,} characters")
    tree = _Reader(_Words(str(path), content)).read()
    payoffs = [node.returns for node in tree.nodes if node.of is None]
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
        min_utility=min(map(min, payoffs)),
        max_utility=max(map(max, payoffs)),
        max_chance_outcomes=max(events, default=0),
        max_chance_nodes_in_history=deepest if events else 0,
        zero_sum=len(sums) == 1,
        perfect_information=visits == len(choices),
        text=ObjectText,
        reduce=(load_efg, (str(path),)),
    )


# ---- The writer ----


def write_efg(game: Game, path: str | Path, *, max_histories: int = 1_000_000) -> None:
    """Write the whole tree of a game as a Gambit .efg file, with the game's own text as labels.

    Gambit's labels are printable ASCII without leading, trailing or double spaces. Labels of one player's information
    sets, and of the actions at one node, are distinct. Therefore white space becomes one space, other characters become
    XML references such as "&#233;", and equal labels are numbered. The file is written completely or not at all.

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
    """One line per history, in preorder."""
    sets: dict[tuple[int, bytes], str] = {}  # number and label of each information set, as written
    numbers, taken = [0] * game.num_players(), [_Labels() for _ in range(game.num_players())]
    outcomes: dict[tuple[float, ...], int] = {}
    events = histories = 0
    waiting = [game.new_initial_state()]
    while waiting:
        state = waiting.pop()
        histories += 1
        if histories > max_histories:
            raise MemoryLimitError(
                f"{game} has more than max_histories={max_histories} histories, so its tree is not written"
            )
        player = state.current_player()
        if player == _TERMINAL:
            payoffs = tuple(state.returns())
            if not all(map(math.isfinite, payoffs)):
                raise GameError(f"{game} cannot be written: the payoffs {payoffs} of a history are not finite")
            number = outcomes.setdefault(payoffs, len(outcomes) + 1)
            yield f't "" {number} "{number}" {{ {" ".join(map(_written, payoffs))} }}\n'
            continue
        legal, distinct = state.legal_actions(), _Labels()
        labels = [_quoted(distinct.new(state.action_to_string(action) or str(action))) for action in legal]
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
    """A set of labels that must be distinct."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}  # how often each was requested

    def new(self, text: str) -> str:
        label = wanted = _label(text)
        while label in self._taken:
            self._taken[wanted] += 1
            label = f"{wanted} ({self._taken[wanted]})".lstrip()
        self._taken[label] = 1
        return label


def _label(text: str) -> str:
    """A text in the form that Gambit accepts."""
    signs = " ".join(text.split()).replace("\\", "&#92;").encode("ascii", "xmlcharrefreplace").decode()
    return signs if signs.isprintable() else re.sub(r"[\x00-\x1f\x7f]", lambda sign: f"&#{ord(sign[0])};", signs)


def _quoted(label: str) -> str:
    return '"' + label.replace('"', '\\"') + '"'


def _written(value: float) -> str:
    """A number without an exponent, with the fewest digits that identify it."""
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _shares(probabilities: list[float]) -> list[Fraction]:
    """The simplest fractions that equal these probabilities up to rounding and sum to 1, as Gambit requires."""
    simple = [Fraction(p).limit_denominator(1_000_000) for p in probabilities]
    if sum(simple) == 1 and all(abs(float(s) - p) < 1e-12 for s, p in zip(simple, probabilities, strict=True)):
        return simple
    exact = [Fraction(p) for p in probabilities]
    return [p / sum(exact) for p in exact]
