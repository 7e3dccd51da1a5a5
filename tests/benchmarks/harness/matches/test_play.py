"""How games are played: faults told apart, seats rotated, openings paired, nothing hidden shown."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest

import longthink as lt
from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.benchmarks.harness.matches.play import FAULTS, Limits, play_game, play_pair
from longthink.benchmarks.harness.matches.referee import Referee
from tests.benchmarks.harness.matches.fakes import Bad, First


def one(agents: Sequence[Agent], game: str = "tic_tac_toe", **options: Any) -> Any:
    names = [type(agent).__name__ for agent in agents]
    return play_game(Referee(lt.load_game(game)), agents, names, range(len(agents)), **options)


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("raise", "crash", "ValueError: no idea"),
        ("exit", "crash", "SystemExit"),
        ("timeout", "crash", "TimeoutError: a server is slow"),
        ("hang", "stall", "no answer in 0.3 s"),
        ("outside", "illegal move", "got 99"),
        ("text", "illegal move", "got 'left'"),
        ("float", "illegal move", "got 1.5"),
        ("true", "illegal move", "got True"),
    ],
)
def test_a_fault_loses_the_game_and_is_told_apart(how: str, kind: str, message: str) -> None:
    for seat in (0, 1):
        agents: list[Any] = [First(), First()]
        agents[seat] = Bad(how)
        played = one(agents, limits=Limits(answer=0.3))
        assert (played.how, played.fault.player, played.fault.kind) == (kind, seat, kind)
        assert kind in FAULTS
        assert message in played.fault.message
        assert played.scores[seat] == 0.0
        assert played.scores[1 - seat] == 1.0
        assert all(agent.closed for agent in agents)


def test_who_uses_up_its_clock_loses_on_time() -> None:
    began = time.monotonic()
    for how in ("slow", "hang"):
        played = one([First(), Bad(how)], limits=Limits(answer=60.0, clock=0.25))
        assert (played.fault.player, played.fault.kind) == (1, "time loss")
        assert "0.25 s" in played.fault.message
    assert time.monotonic() - began < 25.0  # the agent that hangs is left alone
    assert one([First(), Bad("slow")], limits=Limits(clock=math.inf)).how == "finished"


def test_a_late_answer_is_not_the_answer_to_the_next_question() -> None:
    class Asks(Referee):
        """Asks player 0 something that it answers too late, and lets the game go on."""

        answers: ClassVar[list[Any]] = []

        def settle(self, agents: Sequence[Agent], ask: Any) -> None:
            if len(self.state.history()) == 1:
                self.answers.append(ask(0, lambda: time.sleep(0.6) or "late"))
                time.sleep(0.5)
                self.answers.append(ask(0, lambda: "in time"))

    played = play_game(Asks(lt.load_game("tic_tac_toe")), [First(), First()], "ab", (1, 2), Limits(answer=0.4))
    assert Asks.answers == [None, "in time"]
    assert (played.how, played.fault) == ("finished", None)


def test_resignation_is_no_fault() -> None:
    played = one([Bad("resign"), First()])
    assert (played.how, played.fault, played.returns) == ("resignation", None, (-1.0, 1.0))


def test_a_fault_in_a_game_of_three_loses_what_can_be_lost() -> None:
    class Illegal(First):
        def act(self, view: View) -> int:
            return 99

    game = lt.load_game("kuhn_poker(players=3)")
    played = one([First(), First(), Illegal()], str(game))
    assert played.returns == (-game.min_utility() / 2, -game.min_utility() / 2, game.min_utility())
    assert played.scores == (0.75, 0.75, 0.0)


def test_an_agent_that_does_not_play_the_game_is_an_error() -> None:
    with pytest.raises(lt.GameError, match="perfect information"):
        play_pair(["mcts(simulations=10)", "random"], lt.load_game("kuhn_poker"), 0)
    with pytest.raises(lt.ParameterError, match="3 players, got 2 agents"):
        play_pair(["random", "random"], lt.load_game("kuhn_poker(players=3)"), 0)
    with pytest.raises(lt.ParameterError, match="judge"):
        play_pair(["random", "random"], lt.load_game("hex"), 0, judge="gnugo")


def test_a_cancelled_game_is_interrupted() -> None:
    cancel = lt.CancelToken()
    cancel.cancel()
    with pytest.raises(KeyboardInterrupt):
        one([First(), First()], cancel=cancel)


# ---- Pairs ----


def collecting(made: list[First]) -> Callable[[str], Agent]:
    def make(name: str) -> Agent:
        made.append(First())
        return made[-1]

    return make


@pytest.mark.parametrize(("game", "players"), [("hex(board_size=4)", 2), ("kuhn_poker(players=4)", 4)])
def test_each_agent_has_each_seat_once(game: str, players: int) -> None:
    names = [f"agent {i}" for i in range(players)]
    games = play_pair(names, lt.load_game(game), 5, make=collecting([]))
    assert len(games) == players
    for seat in range(players):
        assert sorted(played.names[seat] for played in games) == names
    for played in games:
        assert sorted(played.names) == names


def test_the_games_of_a_pair_share_the_opening_and_pairs_do_not() -> None:
    game = lt.load_game("hex(board_size=5)")
    openings = set()
    for pair in range(12):
        first, second = play_pair(["a", "b"], game, pair, opening=3, make=collecting([]))
        assert first.opening == second.opening == 3
        assert first.actions[:3] == second.actions[:3]
        assert first.names == second.names[::-1]
        openings.add(first.actions[:3])
    assert len(openings) > 9
    again = play_pair(["a", "b"], game, 3, opening=3, make=collecting([]))
    assert again[0].actions == play_pair(["a", "b"], game, 3, opening=3, make=collecting([]))[0].actions
    with pytest.raises(lt.ParameterError, match="no random opening of 9 moves"):
        play_pair(["a", "b"], lt.load_game("tic_tac_toe"), 0, opening=9, make=collecting([]))


def test_the_games_of_a_pair_share_the_cards() -> None:
    game = lt.load_game("leduc_poker")
    dealt = set()
    for pair in range(12):
        first, second = play_pair(["a", "b"], game, pair, make=collecting([]))
        assert first.actions == second.actions  # both always take their first action, so all cards are the same
        dealt.add(first.actions[:2])
    assert len(dealt) > 4


def test_the_seeds_of_all_agents_differ() -> None:
    made: list[First] = []
    for pair in range(3):
        play_pair(["a", "b"], lt.load_game("tic_tac_toe"), pair, make=collecting(made))
    assert len({agent.seed for agent in made}) == len(made) == 12


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker", "liars_dice", "goofspiel(imp_info=True,num_cards=4)"])
def test_an_agent_does_not_see_what_is_hidden(name: str) -> None:
    """The states that it gets have the hidden parts that are possible, not only the true ones."""
    game, rng = lt.load_game(name), random.Random(3)
    state = game.new_initial_state()
    while state.current_player() != 1:
        chance = state.is_chance_node()
        state.apply_action(rng.choice([a for a, _ in state.chance_outcomes()] if chance else state.legal_actions()))
    views = [View(state, state.current_player(), seed) for seed in range(60)]
    for view in views:
        assert view.state.history() == []
        assert view.information_state_string() == str(view) == state.information_state_string(state.current_player())
        assert view.legal_actions() == state.legal_actions()
    assert len({view.state.buffer for view in views}) > 1  # more hidden states than the true one


def test_an_agent_of_a_game_without_resample_gets_texts_only() -> None:
    pytest.importorskip("pyspiel")
    game = lt.load_game("openspiel:tiny_bridge_2p")
    state = game.state_from_history([0, 5])
    view = View(state, state.current_player())
    with pytest.raises(lt.GameError, match="resample"):
        _ = view.state
    assert view.information_state_string() == state.information_state_string(state.current_player())
    assert view.legal_actions() == state.legal_actions()
    assert view.action_to_string(view.legal_actions()[0]) == state.action_to_string(state.legal_actions()[0])
    assert all(played.how == "finished" for played in play_pair(["random", "random"], game, 0))
