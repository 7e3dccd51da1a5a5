"""Games of hidden information: what `resample` draws, against every history that the player cannot tell apart, and how
the information states stand to OpenSpiel's where those forget."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyspiel
import pytest

import longthink as lt
from longthink.games.phantom import tries

PHANTOM = [
    f"{name}(gameversion={version},obstype={shown}{size})"
    for name, versions, size in [
        ("phantom_ttt", ("classical", "abrupt"), ""),
        ("dark_hex", ("cdh", "adh"), ",num_rows=2,num_cols=3"),
        ("dark_hex", ("cdh", "adh"), ",board_size=3"),
    ]
    for version in versions
    for shown in ("reveal-nothing", "reveal-numturns")
]
OTHERS = [
    "liars_dice(dice_sides=4)",
    "liars_dice(numdice=2,dice_sides=3)",
    "goofspiel(num_cards=3,imp_info=True)",
    "goofspiel(num_cards=5,imp_info=True,points_order=ascending)",
    "goofspiel(num_cards=4,imp_info=True,points_order=descending,players=3)",
    "goofspiel(num_cards=4,players=3,points_order=descending)",
    "goofspiel(num_cards=6,num_turns=3,imp_info=True,points_order=ascending)",
    "kuhn_poker(players=3)",
    "leduc_poker",
]


# ---- Resampling ----


def posterior(state: lt.State, player: int) -> dict[bytes, float]:
    """Every state that `player` cannot tell from `state`, with its chance where all others play uniformly at random.

    Plays the player's own moves again, all moves of the others and of chance, and keeps what looks the same throughout.
    """
    game, key, acting = state.get_game(), bytes(state.information_state_key(player)), state.current_player()
    own, replay = [], game.new_initial_state()
    for action in state.history():
        if replay.current_player() == player:
            own.append((bytes(replay.information_state_key(player)), action))
        replay.apply_action(action)
    found: Counter[bytes] = Counter()

    def visit(at: lt.State, done: int, chance: float) -> None:
        who = at.current_player()
        if done == len(own) and who == acting and bytes(at.information_state_key(player)) == key:
            found[bytes(at.buffer)] += chance  # type: ignore[assignment]
        if who == player:
            if done < len(own) and bytes(at.information_state_key(player)) == own[done][0]:
                visit(at.child(own[done][1]), done + 1, chance)
        elif who >= -1:
            legal = at.legal_actions()
            for action, p in at.chance_outcomes() if who < 0 else [(a, 1 / len(legal)) for a in legal]:
                visit(at.child(action), done, chance * p)

    visit(game.new_initial_state(), 0, 1.0)
    total = sum(found.values())
    return {buffer: chance / total for buffer, chance in found.items()}


def states_on_the_way(game: lt.Game, rng: random.Random) -> list[lt.State]:
    state, passed = game.new_initial_state(), []
    while not state.is_terminal():
        if not state.is_chance_node():
            passed.append(state.clone())
        state.apply_action(rng.choice(state.legal_actions()))
    return passed


@pytest.mark.parametrize("name", PHANTOM + OTHERS)
def test_resample_draws_what_random_play_would_give(name: str) -> None:
    """Pearson's statistic of the draws against all histories is within six standard deviations of its mean."""
    game, rng, draws = lt.load_game(name), random.Random(name), 4000
    for _ in range(12):
        state = rng.choice(states_on_the_way(game, rng)[:8])
        player = rng.randrange(game.num_players())
        expected = posterior(state, player)
        got = Counter(bytes(state.resample(player, seed).buffer) for seed in range(draws))
        assert got.keys() <= expected.keys()
        statistic = sum((got[b] - draws * p) ** 2 / (draws * p) for b, p in expected.items())
        spread = sum(1 / p for p in expected.values()) / draws + 2 * len(expected)
        assert statistic <= len(expected) - 1 + 6 * spread**0.5, (state.history(), player)


def played(state: lt.State) -> list[int]:
    """A history that leads to a state, read from the state alone."""
    record = state.record
    if "tries" in record.dtype.names:
        return [cell for _, cell in tries(state)]
    actions = []
    for turn in range(record["turn"] + 1):
        if turn < len(record["point_cards"]) and record["point_cards"][turn]:
            actions.append(int(record["point_cards"][turn]) - 1)
            actions += [int(bids[turn]) - 1 for bids in record["bids"] if bids[turn]]
    return actions


@pytest.mark.parametrize(
    "name",
    [
        "dark_hex(num_rows=2,num_cols=9)",  # player 0 wins so soon that hardly any draw is a game that still goes on
        "dark_hex(num_rows=2,num_cols=9,gameversion=adh)",
        "dark_hex(num_rows=10,num_cols=2,obstype=reveal-numturns)",
        "dark_hex(board_size=8,gameversion=adh)",
        "phantom_ttt",
        "goofspiel(num_cards=9,players=5,imp_info=True)",
        "goofspiel(num_cards=32,imp_info=True)",
        "goofspiel(num_cards=32,num_turns=20,players=10)",
    ],
)
def test_resampled_states_can_be_reached(name: str) -> None:
    """Also where no draw agrees with what is known, and another way has to be taken."""
    game, rng = lt.load_game(name), random.Random(3)
    for _ in range(4):
        for state in states_on_the_way(game, rng)[1::3]:
            for player in range(2):
                for seed in range(2):
                    other = state.resample(player, seed)
                    assert game.state_from_history(played(other)) == other
                    assert other.current_player() == state.current_player()
                    assert other.information_state_key(player) == state.information_state_key(player)


# ---- Against OpenSpiel where it forgets ----


def pairs(game: lt.Game, twin: Any, rng: random.Random) -> Iterator[tuple[str, str]]:
    """What a player knows in random games, in our words and in OpenSpiel's."""
    ours, theirs = game.new_initial_state(), twin.new_initial_state()
    while not ours.is_terminal():
        action = rng.choice(ours.legal_actions())
        ours.apply_action(action)
        theirs.apply_action(action)
        for player in range(game.num_players()):
            yield ours.information_state_string(player), theirs.information_state_string(player)


def test_goofspiel_with_shown_bids_remembers_them() -> None:
    name = "goofspiel(num_cards=4,players=3)"
    twin = pyspiel.load_game(f"turn_based_simultaneous_game(game={name})")
    for _ in range(20):
        for ours, theirs in pairs(lt.load_game(name), twin, random.Random(1)):
            assert ours.startswith(theirs)
            assert all(line[2:10] == " actions" for line in ours.removeprefix(theirs).splitlines())
    small = "goofspiel(num_cards=4,points_order=ascending)"
    assert lt.CFR(lt.load_game(small)).num_information_states > 0
    with pytest.raises(lt.GameError, match="perfect recall"):
        lt.CFR(lt.load_game(f"openspiel:turn_based_simultaneous_game(game={small})"))


def test_dark_hex_that_reveals_nothing_does_not_count() -> None:
    name = "dark_hex(num_rows=2)"
    for ours, theirs in pairs(lt.load_game(name), pyspiel.load_game(name), random.Random(1)):
        lines = theirs.split("\n")
        assert ours == "\n".join([*lines[:2], *lines[3:]])
    with pytest.raises(lt.GameError, match="perfect recall"):
        lt.CFR(lt.load_game(f"openspiel:{name}"))


# ---- Parameters and limits ----


def test_goofspiel_ends_after_its_last_turn() -> None:
    """Also with a turn less than cards, where OpenSpiel 2.0.2 plays the last cards for no card of points, endlessly."""
    game = lt.load_game("goofspiel(num_cards=4,num_turns=3,points_order=ascending)")
    state = game.state_from_history([0, 1, 1, 2, 2, 0])
    assert state.is_terminal()
    assert state.record["points"].tolist() == [3, 3]
    assert state.returns() == [0, 0]


@pytest.mark.parametrize("name", ["goofspiel(num_cards=1)", "liars_dice(numdice=31,dice_sides=1)"])
def test_smallest_games(name: str) -> None:
    game = lt.load_game(name)
    for _ in range(20):
        for state in states_on_the_way(game, random.Random(1)):
            for player in range(2):
                assert state.resample(player) == state


def test_sizes_follow_board_size() -> None:
    assert lt.load_game("dark_hex(board_size=4)").get_parameters()["num_cols"] == 4
    assert lt.load_game("dark_hex(board_size=4,num_rows=3)").num_distinct_actions() == 12
    assert lt.load_game("dark_hex(board_size=8)").num_distinct_actions() == 64
    assert str(lt.load_game("dark_hex", board_size=4)) == "dark_hex(board_size=4)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("liars_dice(numdice=6)", "up to 63, got 72"),
        ("liars_dice(players=3)", "players"),
        ("liars_dice(bidding_rule=reset)", "reset-quantity"),
        ("goofspiel(num_turns=0)", "1..num_cards"),
        ("goofspiel(num_cards=4,num_turns=5)", "got 5"),
        ("goofspiel(num_cards=33)", "num_cards"),
        ("dark_hex(board_size=9)", "board_size"),
        ("dark_hex(num_rows=1)", "num_rows"),
        ("dark_hex(num_rows=32)", "at most 64 cells, got 32 x 3"),
        ("dark_hex(gameversion=abrupt)", "cdh, adh"),
        ("phantom_ttt(gameversion=adh)", "classical, abrupt"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(name: str, words: str) -> None:
    with pytest.raises(lt.ParameterError, match=words.replace("(", r"\(")):
        lt.load_game(name)
