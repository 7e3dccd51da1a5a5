"""Gambit files: read, written and read again, compared with OpenSpiel, and the errors for damaged files."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pygambit
import pyspiel
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from open_spiel.python.algorithms.gambit import export_gambit
from scipy.optimize import linprog

import longthink as lt
from longthink.games.core import object_game
from longthink.search.core import GameTree

# A market entry with payoffs on the way, of three firms and no constant sum.
STAGES = r"""EFG 2 R "Entry, in \"stages\"" { "A" "B" "C" } "comment"
c "weather" 7 "sun?" { "sun" 2/3 "rain" 0.333333333333333 } 0
p "" 1 1 "sunny" { "in" "out" } 3 "cost" { -1, 0 .5 }
 p "" 2 4 "B" { "fight" "share" } 0
  t "" 1 "" { 1 -1 0 } t "" 2 "" { 2 2 -1e0 }
 t "out" 0
p "" 1 2 { "in" "out" } 0
 p "" 2 4 { "fight" "share" } 3
  t "" 1 t "" 2 "again" { +2, 2.0, -1 }
 p "" 3 1 { "only" } 0 t "" 5 "" { 1/3 1/3 1/3 }
"""


@pytest.fixture
def stages(tmp_path: Path) -> lt.Game:
    return load(tmp_path, STAGES)


def load(folder: Path, content: str) -> lt.Game:
    path = folder / "game.efg"
    path.write_text(content, encoding="utf-8")
    return lt.load_game(f"efg:{path}")


def test_what_is_read(stages: lt.Game) -> None:
    assert (stages.num_players(), stages.num_distinct_actions(), stages.max_chance_outcomes()) == (3, 2, 2)
    assert not stages.zero_sum
    assert not stages.perfect_information
    state = stages.new_initial_state()
    assert str(state) == "weather"
    assert state.chance_outcomes() == [(0, pytest.approx(2 / 3)), (1, pytest.approx(1 / 3))]
    assert [state.action_to_string(a) for a in state.legal_actions()] == ["sun", "rain"]
    assert stages.state_from_history([0, 0, 0]).returns() == [0, -1, 0.5]
    assert stages.state_from_history([0, 1]).returns() == [-1, 0, 0.5]
    assert stages.state_from_history([1, 0, 1]).returns() == [1, 2, -0.5]
    assert stages.state_from_history([1, 1, 0]).returns() == pytest.approx([1 / 3] * 3)
    assert stages.state_from_history([0]).information_state_string() == "sunny"
    assert stages.state_from_history([1]).information_state_string() == "1.2"
    assert stages.state_from_history([0, 0]).information_state_string(0) == "sunny: 0"
    for history in ([0, 0], [1, 0]):
        assert stages.state_from_history(history).information_state_string() == "B"
    assert {key for key, _, _, _ in GameTree(stages).information_states} == {"sunny", "1.2", "B", "3.1"}


def test_is_a_game_like_others(stages: lt.Game, tmp_path: Path) -> None:
    assert lt.load_game(str(stages)) == stages == pickle.loads(pickle.dumps(stages))
    solver = lt.CFR(stages)
    solver.run(200)
    assert solver.nash_conv() < 1e-3
    (tmp_path / "seen.efg").write_text(HEAD + 'p "" 1 1 { "a" "b" } 0 t "" 1 { 2 -2 } t "" 2 { 0 0 }')
    seen = lt.load_efg(tmp_path / "seen.efg")
    assert seen.perfect_information
    assert lt.MCTS(seen, seed=1).run(seen.new_initial_state(), lt.Budget(simulations=50)).value == pytest.approx(2)


def same(one: lt.State, two: lt.State) -> int:
    """Check that two states have the same tree; returns its number of histories."""
    player = one.current_player()
    assert player == two.current_player()
    assert len(one.legal_actions()) == len(two.legal_actions())
    if player == -4:
        assert one.returns() == pytest.approx(two.returns(), abs=1e-12)
    elif player == -1:
        assert [p for _, p in one.chance_outcomes()] == pytest.approx([p for _, p in two.chance_outcomes()])
    pairs = zip(one.legal_actions(), two.legal_actions(), strict=True)
    return 1 + sum(same(one.child(a), two.child(b)) for a, b in pairs)


@pytest.mark.parametrize(
    "name",
    ["kuhn_poker", "kuhn_poker(players=3)", "liars_dice(dice_sides=3)", "nim(pile_sizes=1;2;2)",
     "goofspiel(num_cards=3,imp_info=True)"],
)  # fmt: skip
def test_written_and_read_again(name: str, tmp_path: Path) -> None:
    game = lt.load_game(name)
    lt.write_efg(game, tmp_path / "game.efg")
    back = lt.load_efg(tmp_path / "game.efg")
    assert same(game.new_initial_state(), back.new_initial_state()) == GameTree(game).num_histories
    assert back.zero_sum == game.zero_sum
    ours, theirs = GameTree(game), GameTree(back)
    assert theirs.num_information_states == ours.num_information_states
    if not game.perfect_information:
        lt.write_efg(back, tmp_path / "again.efg")
        first, second = ((tmp_path / f"{n}.efg").read_text().split("\n", 1)[1] for n in ("game", "again"))
        assert first == second
        names = [" ".join(row[0].split()) for row in ours.information_states]
        assert [row[0] for row in theirs.information_states] == names
    assert theirs.best_response_values(theirs.uniform()) == pytest.approx(ours.best_response_values(ours.uniform()))


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker"])
def test_values_of_files_that_openspiel_writes(name: str, tmp_path: Path) -> None:
    game = load(tmp_path, export_gambit(pyspiel.load_game(name)))
    solver = lt.SequenceFormLP(game)
    solver.run()
    assert solver.values()[0] == pytest.approx({"kuhn_poker": -1 / 18, "leduc_poker": -0.085606424078}[name], abs=1e-9)


@pytest.mark.parametrize("data", [pyspiel.get_sample_efg_data(), pyspiel.get_kuhn_poker_efg_data()])
def test_equals_openspiels_reader(data: str, tmp_path: Path) -> None:
    ours = load(tmp_path, data)
    theirs = pyspiel.load_efg_game(data)
    rng = random.Random(1)
    for _ in range(100):
        mine, other = ours.new_initial_state(), theirs.new_initial_state()
        while not mine.is_terminal():
            words = [mine.action_to_string(a) for a in mine.legal_actions()]
            # OpenSpiel sorts the numbers of actions but not their words: only where both orders agree is it right
            assert mine.current_player() == other.current_player()
            action = rng.choice(mine.legal_actions())
            other.apply_action(other.legal_actions()[action])
            assert words[action] == mine.action_to_string(action)
            mine.apply_action(action)
        assert other.is_terminal()
        assert mine.returns() == other.returns()


def test_what_we_write_openspiel_reads(tmp_path: Path) -> None:
    lt.write_efg(lt.load_game("leduc_poker"), tmp_path / "leduc.efg")
    theirs = pyspiel.load_efg_game((tmp_path / "leduc.efg").read_text())
    solver = pyspiel.CFRPlusSolver(theirs)
    for _ in range(20):
        solver.evaluate_and_update_policy()
    ours = lt.CFR(lt.load_game("leduc_poker"), "cfr+")
    ours.run(20)
    assert pyspiel.nash_conv(theirs, solver.average_policy(), True) == pytest.approx(ours.nash_conv(), abs=1e-9)


@given(st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_matrix_games(tmp_path_factory: pytest.TempPathFactory, matrix: list[list[int]]) -> None:
    """A game with one choice for each player has the value of the linear program of its matrix."""
    rows = " ".join(f'"{i}"' for i in range(len(matrix)))
    ends = [f't "" {3 * i + j + 1} {{ {x} {-x} }}' for i, row in enumerate(matrix) for j, x in enumerate(row)]
    columns = [f'p "" 2 1 {{ "x" "y" "z" }} 0 {" ".join(ends[3 * i : 3 * i + 3])}' for i in range(len(matrix))]
    game = load(tmp_path_factory.mktemp("m"), f'EFG 2 R "" {{ "" "" }} p "" 1 1 {{ {rows} }} 0 {" ".join(columns)}')
    n = len(matrix)
    found = linprog(
        [0.0] * n + [-1.0],
        A_ub=np.hstack([-np.array(matrix).T, np.ones((3, 1))]),
        b_ub=np.zeros(3),
        A_eq=[[1.0] * n + [0.0]],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)],
    )
    solver = lt.SequenceFormLP(game)
    solver.run()
    assert solver.values()[0] == pytest.approx(-found.fun, abs=1e-7)
    assert solver.exploitability() < 1e-9


# ---- Damaged files ----

HEAD = 'EFG 2 R "" { "A" "B" }\n'


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "expected EFG, got 'the end"),
        ('NFG 1 R ""', 1, "EFG 2 R"),
        ('EFG 3 R ""', 1, "EFG 2 R"),
        ("EFG 2 R { }", 1, "the title of the game"),
        ('EFG 2 R "" { }', 1, "one player"),
        ('EFG 2 R "unclosed', 1, "quotation mark"),
        (HEAD, 2, "expected a node.*end of the file"),
        (HEAD + 'x "" 1', 2, "got 'x'"),
        (HEAD + "\n\np 1 1", 4, "name of the node in quotation marks, got '1'"),
        (HEAD + 'p "" 3 1 { "a" } 0', 2, "player from 1 to 2, got 3"),
        (HEAD + 'p "" 0 1 { "a" } 0', 2, "whole number from 1, got '0'"),
        (HEAD + 'p "" 1 1 { } 0', 2, "at least one action"),
        (HEAD + 'p "" 1 1 0', 2, "expected '{', got '0'"),
        (HEAD + 'p "" 1 1 { "a" 0', 2, "expected '}', got '0'"),
        (HEAD + 'p "" 1 1 { "a" } 0', 2, "expected a node"),
        (HEAD + 'p "" 1 1 { "a" } 0\np "" 1 1 { "b" } 0', 3, "other actions before"),
        (HEAD + 'c "" 1 { "a" 1/2 "b" 1/3 } 0', 2, "sum to 1, got 1/2, 1/3"),
        (HEAD + 'c "" 1 { "a" -1 "b" 2 } 0', 2, "sum to 1"),
        (HEAD + 'c "" 1 { "a" 1/0 } 0', 2, "number such as"),
        (HEAD + 'c "" 1 { "a" nan } 0', 2, "number such as"),
        (HEAD + 't "" 1 { 1 }', 2, "payoff for each of 2 players, got 1"),
        (HEAD + 't "" 1 { 1 1e400 }', 2, "too large"),
        (HEAD + 't "" 1 { 1 1e99999999999 }', 2, "number such as"),
        (HEAD + 't "" 0 { 1 1 }', 2, "outcome 0"),
        (HEAD + 't "" 1', 2, "expected '{'"),
        (HEAD + 't "" 1 { 1 1 } t "" 1', 2, "end of the file after the last node"),
        (HEAD + 'p "" 1 1 { "a" "b" } 0\nt "" 1 { 1 1 }\nt "" 1 { 1 2 }', 4, "other payoffs before"),
    ],
)
def test_damaged_files(content: str, line: int, reason: str, tmp_path: Path) -> None:
    with pytest.raises(lt.GameError, match=rf"game\.efg, line {line}: .*{reason}"):
        load(tmp_path, content)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(lt.GameError, match=r"nothing\.efg"):
        lt.load_efg(tmp_path / "nothing.efg")
    (tmp_path / "latin.efg").write_bytes(b'EFG 2 R "\xff"')
    with pytest.raises(lt.GameError, match="utf-8"):
        lt.load_efg(tmp_path / "latin.efg")
    with pytest.raises(lt.GameError, match="cannot be written"):
        lt.write_efg(lt.load_game("kuhn_poker"), tmp_path)
    with pytest.raises(lt.MemoryLimitError, match="max_histories=1000 "):
        lt.write_efg(lt.load_game("tic_tac_toe"), tmp_path / "large.efg", max_histories=1000)
    with pytest.raises(lt.UnknownNameError, match=r"unknown parameter of efg:.* 'players'"):
        lt.load_game(f"efg:{tmp_path}", players=3)


def test_imperfect_recall_is_refused_by_who_needs_it(tmp_path: Path) -> None:
    game = load(tmp_path, HEAD + 'p "" 1 1 { "a" "b" } 0 p "" 1 1 0 t "" 1 { 1 -1 } t "" 2 { 0 0 } t "" 2')
    with pytest.raises(lt.GameError, match="perfect recall"):
        lt.CFR(game)


def test_deep_and_smallest_files(tmp_path: Path) -> None:
    depth = 3000
    deep = load(tmp_path, HEAD + "".join(f'p "" 1 {i + 1} {{ "on" }} 0\n' for i in range(depth)) + 't "" 1 { 1 -1 }')
    assert GameTree(deep).num_histories == depth + 1
    nothing = load(tmp_path, HEAD + 't "" 0')
    assert nothing.new_initial_state().returns() == [0, 0]
    assert GameTree(nothing).num_information_states == 0


@st.composite
def damaged(draw: Any) -> str:
    """A whole file with some of its words left out, doubled or changed places."""
    words = STAGES.split(" ")
    for _ in range(draw(st.integers(1, 3))):
        at, kind = draw(st.integers(0, len(words) - 1)), draw(st.sampled_from(["drop", "double", "swap", "new"]))
        if kind == "drop":
            del words[at]
        elif kind == "double":
            words.insert(at, words[at])
        elif kind == "swap":
            other = draw(st.integers(0, len(words) - 1))
            words[at], words[other] = words[other], words[at]
        else:
            words[at] = draw(st.sampled_from(['"', "{", "}", "-1", "1/0", "c", "p", "t", "99", "\\", "1e5", ","]))
    return " ".join(words)


@given(st.one_of(damaged(), st.text(max_size=60), st.text(alphabet='EFG2R cpt01{}",./\\\n-e', max_size=80)))
@example('EFG 2 R "" { "A" } t "" 1 { 5 }\\')
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_game_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    state = first_state(tmp_path_factory.getbasetemp(), content)
    if isinstance(state, str):
        assert "line " in state
        return
    while not state.is_terminal():
        state.apply_action(state.legal_actions()[-1])
    assert len(state.returns()) == state.num_players()


def first_state(folder: Path, content: str) -> lt.State | str:
    """The initial state of a file, or the error."""
    try:
        return load(folder, content).new_initial_state()
    except lt.GameError as error:
        return str(error)


# ---- What Gambit reads ----


class Words:
    """Chance, then one of two decisions, with any words for them."""

    def __init__(self, names: list[str], actions: list[str], payoff: float = 1.0) -> None:
        self.names, self.actions, self.payoff, self.done = names, actions, payoff, list[int]()

    def current_player(self) -> int:
        return (-1, 0, -4)[len(self.done)]

    def legal_actions(self) -> list[int]:
        return list(range(len(self.actions)))

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(action, 1 / len(self.actions)) for action in self.legal_actions()]

    def apply_action(self, action: int) -> None:
        self.done = [*self.done, action]

    def returns(self) -> list[float]:
        return [self.payoff * self.done[-1], 0.0]

    def information_state_string(self, player: int) -> str:
        return self.names[self.done[0]]

    def action_to_string(self, player: int, action: int) -> str:
        return self.actions[action]

    def clone(self) -> Words:
        copy = Words(self.names, self.actions, self.payoff)
        copy.done = self.done
        return copy


def wordy(names: list[str], actions: list[str], payoff: float = 1.0) -> lt.Game:
    return object_game(
        "wordy", lambda: Words(names, actions, payoff), num_players=2, num_distinct_actions=len(actions),
        max_game_length=1, max_chance_outcomes=len(actions), max_chance_nodes_in_history=1, min_utility=0,
        max_utility=1e9, zero_sum=False, perfect_information=False,
    )  # fmt: skip


@given(st.lists(st.text(max_size=6), min_size=6, max_size=6, unique=True))
@example(["a  b", "a b", " a b", "a\nb", "a b (2)", "a\tb"])
@example(["", " ", '"', "\\", "\\\\", '\\"'])
@example(["é", "&#233;", "\ud800", "\x00", "\x7f", "日本"])
@settings(max_examples=100, deadline=None)
def test_gambit_takes_every_label(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    place = tmp_path_factory.mktemp("labels") / "game.efg"
    lt.write_efg(wordy(texts[:3], texts[3:]), place)
    theirs, ours = pygambit.read_efg(str(place)), lt.load_efg(place)
    theirs_of_root = [action.label for action in theirs.root.infoset.actions]
    assert len(set(theirs_of_root)) == 3
    assert len({infoset.label for infoset in next(iter(theirs.players)).infosets}) == 3
    root = ours.new_initial_state()
    words = [root.action_to_string(action) for action in root.legal_actions()]
    assert [word or "_1" for word in words] == theirs_of_root
    assert len(GameTree(ours).information_states) == 3


@pytest.mark.parametrize(
    "name", ["kuhn_poker", "tic_tac_toe", "goofspiel(num_cards=3,imp_info=True)", "liars_dice(dice_sides=2)"]
)
def test_what_we_write_gambit_reads(name: str, tmp_path: Path) -> None:
    game, place = lt.load_game(name), tmp_path / "game.efg"
    if name == "tic_tac_toe":  # with a board of three lines in each of its words
        state = game.state_from_history([0, 1, 2, 3, 4, 5])
        texts = [state.information_state_string(player) for player in (0, 1)] + [str(state)]
        game = wordy(texts, ["x(0,0)", "o(0,0)", ""])
    lt.write_efg(game, place)
    theirs = pygambit.read_efg(str(place))
    assert sum(len(player.infosets) for player in theirs.players) == len(GameTree(game).information_states)


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    place = tmp_path / "game.efg"
    for kind, write in (
        (lt.GameError, lambda: lt.write_efg(wordy(["a", "b"], ["x", "y"], float("inf")), place)),
        (lt.MemoryLimitError, lambda: lt.write_efg(lt.load_game("tic_tac_toe"), place, max_histories=1000)),
        (lt.GameError, lambda: lt.write_efg(wordy(["a"], ["x", "y"]), place)),
        (lt.GameError, lambda: lt.write_efg(lt.load_game("kuhn_poker"), tmp_path / "no\0name")),
    ):
        with pytest.raises(kind):
            write()
        assert list(tmp_path.iterdir()) == []
    place.write_text("old")
    with pytest.raises(lt.MemoryLimitError):
        lt.write_efg(lt.load_game("tic_tac_toe"), place, max_histories=1000)
    assert place.read_text() == "old"


# ---- Hostile files ----


@pytest.mark.parametrize(
    ("start", "piece", "times"),
    [
        ("", "(", 30_000_000),
        ("", "{", 10_000_000),
        ("", " ", 30_000_000),
        ("", "\\", 10_000_000),
        ('EFG 2 R "', "\\\\", 10_000_000),
        ('EFG 2 R "" { "A" } ', '"', 5_000_001),
        ('EFG 2 R "" { "A" } p "" 1 1 { ', '"" ', 200_000),
        ('EFG 2 R "" { "A" } ', 'p "" 1 1 { "a" } 0 ', 20_000),
        ('EFG 2 R "" { "A" } t "" 1 { ', "1 ", 60_000),
        ('EFG 2 R "" { "A" } t "" 1 { ', "9", 5_000_000),
    ],
)
def test_huge_nonsense_is_refused(start: str, piece: str, times: int, tmp_path: Path) -> None:
    with pytest.raises(lt.GameError) as refused:
        load(tmp_path, start + piece * times)
    assert len(str(refused.value)) < 1000


def test_sums_of_absurd_numbers_are_refused(tmp_path: Path) -> None:
    """A sum of fractions with different denominators grows with each of them."""
    outcomes = [f'p "" 1 {i} {{ "a" }} {i} {{ 1/{10**299 + i} }}' for i in range(1, 2000)]
    with pytest.raises(lt.GameError, match="too many digits"):
        load(tmp_path, 'EFG 2 R "" { "A" }\n' + "\n".join(outcomes))
    chances = " ".join(f'"a" 1/{10**299 + i}' for i in range(1, 2000))
    with pytest.raises(lt.GameError, match="too many digits"):
        load(tmp_path, f'EFG 2 R "" {{ "A" }}\nc "" 1 {{ {chances} }} 0')


def test_files_without_an_end_and_with_too_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longthink.games.adapters.efg._MOST_CHARACTERS", 1 << 20)
    monkeypatch.setattr("longthink.games.adapters.efg._MOST_NODES", 1000)
    with pytest.raises(lt.MemoryLimitError):
        lt.load_efg("/dev/zero")
    with pytest.raises(lt.MemoryLimitError, match="1,000 nodes"):
        load(tmp_path, HEAD + 'p "" 1 1 { "a" "b" } 0 t "" 1 { 1 1 } ' * 1000)
    for name in ("\0", "a\0b", "/proc/self/mem", str(tmp_path), "", "x" * 5000, "nothing\nthere"):
        with pytest.raises(lt.GameError):
            lt.load_efg(name)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_files_give_a_game_or_our_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([STAGES, HEAD + 'p "" 1 1 { "a" "b" } 0 t "" 1 { 1 -1 } t "" 2 { 0 0 }']))
    piece = st.one_of(
        st.text(max_size=4),
        st.sampled_from(["{", "}", '"', "\\", '"a"', "1e999", "-1e-999", "1/3", "nan", "0", 'p "" 1 1 0 ', "t ", "c "]),
    )
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(piece) + text[at + data.draw(st.integers(0, 5)) :]
    folder = tmp_path_factory.mktemp("mutated")
    (folder / "game.efg").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        game = lt.load_efg(folder / "game.efg")
    except lt.LongthinkError:
        return
    lt.write_efg(game, folder / "again.efg")
    assert same(game.new_initial_state(), lt.load_efg(folder / "again.efg").new_initial_state())
