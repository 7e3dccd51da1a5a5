"""Agents by name: ours, OpenSpiel's bots, language models, a user's own."""

from __future__ import annotations

from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.benchmarks.harness.matches.language import LanguageModel
from longthink.benchmarks.harness.matches.play import Played, play_game, play_pair
from longthink.benchmarks.harness.matches.referee import Referee
from longthink.benchmarks.harness.matches.registry import AGENTS, load_agent
from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.models.scripted import ScriptedModel
from tests.benchmarks.harness.matches.fakes import First


def pair(first: str, second: str, game: str, number: int = 0, **options: Any) -> list[Played]:
    return play_pair([first, second], lt.load_game(game), number, **options)


def of(played: Played, name: str) -> int:
    return played.names.index(name)


@pytest.mark.parametrize(
    ("name", "game"),
    [
        ("mcts(simulations=200)", "connect_four"),
        ("mcts(simulations=60,rule=puct,c=1.5)", "hex(board_size=4)"),
        ("mcts(simulations=60,rule=gumbel)", "tic_tac_toe"),
        ("mcts(seconds=0.01,solve=false)", "tic_tac_toe"),
        ("ismcts(simulations=50)", "leduc_poker"),
        ("ismcts(simulations=50,rule=regret_matching)", "goofspiel(imp_info=True,num_cards=4)"),
        ("cfr(iterations=20,variant=dcfr)", "kuhn_poker"),
        ("exact", "hex(board_size=3)"),
    ],
)
def test_our_agents_play_to_the_end(name: str, game: str) -> None:
    for played in pair(name, "random", game):
        assert played.fault is None
        assert played.how == "finished"
        used = played.used[of(played, name)]
        assert used.moves > 0
        assert used.seconds > 0
        if "simulations" in name:
            assert used.spent.simulations > 0


def test_more_simulations_win() -> None:
    score = 0.0
    for number in range(4):
        for played in pair("mcts(simulations=500)", "random", "hex(board_size=5)", number, opening=2):
            score += played.scores[of(played, "mcts(simulations=500)")]
    assert score >= 7


def test_the_exact_player_does_not_lose_a_won_position() -> None:
    for played in pair("exact", "mcts(simulations=30)", "connect_four", opening=12):
        assert played.how == "finished"
    # A 3 by 3 board of hex is won by the first player.
    first = pair("exact", "mcts(simulations=1000)", "hex(board_size=3)")[0]
    assert first.names[0] == "exact"
    assert first.returns[0] == 1.0


def test_an_equilibrium_is_read_from_a_file(tmp_path: Any) -> None:
    solver = lt.CFR(lt.load_game("kuhn_poker"))
    solver.run(100)
    solver.average_policy().save(tmp_path / "policy.json")
    assert all(
        played.how == "finished" for played in pair(f"policy:{tmp_path / 'policy.json'}", "random", "kuhn_poker")
    )


def test_openspiel_bots_play_legally() -> None:
    pytest.importorskip("pyspiel")
    for game in ("connect_four", "hex(board_size=4)", "breakthrough(rows=6,columns=5)"):
        for played in pair("openspiel:mcts(simulations=20)", "openspiel:uniform_random", game, opening=2):
            assert (played.how, played.fault) == ("finished", None)
            assert played.used[of(played, "openspiel:mcts(simulations=20)")].spent.simulations > 0
    with pytest.raises(lt.GameError, match="whole state"):
        pair("openspiel:mcts", "random", "kuhn_poker")
    with pytest.raises(lt.UnknownNameError, match="uniform_random"):
        load_agent("openspiel:uniform_randon")
    assert "openspiel:mcts" in AGENTS.names()


def test_equal_seeds_give_equal_games() -> None:
    names = ("mcts(simulations=100)", "random")
    once, again = (pair(*names, "hex(board_size=5)", 3, opening=2) for _ in range(2))
    assert [played.actions for played in once] == [played.actions for played in again]
    other = pair(*names, "hex(board_size=5)", 3, opening=2, seed=2)
    assert [played.actions for played in once] != [played.actions for played in other]


def test_names_that_do_not_exist() -> None:
    with pytest.raises(lt.UnknownNameError, match="mcts"):
        load_agent("mtcs(simulations=10)")
    with pytest.raises(lt.UnknownNameError, match="simulations"):
        load_agent("mcts(simulation=10)")
    with pytest.raises(lt.UnknownNameError, match="puct"):
        load_agent("mcts(simulations=10,rule=puctt)")
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        load_agent("mcts")


def test_an_agent_of_a_user() -> None:
    lt.register_agent("mine", First)
    try:
        assert "mine" in lt.agents()
        assert all(played.how == "finished" for played in pair("mine", "random", "tic_tac_toe"))
    finally:
        AGENTS.unregister("mine")


# ---- Language models ----


class Scores(Model):
    """Prefers the centre."""

    name, scores = "scores", True

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def answer(self, request: Request) -> list[Completion]:
        self.prompts.append(request.prompt)
        return [
            Completion(text, -1.0 if "(1,1)" in text else -2.0, calls=int(i == 0))
            for i, text in enumerate(request.choices)
        ]


def model_against(model: Model, game: str = "tic_tac_toe") -> Played:
    agents: list[Agent] = [LanguageModel(model), First()]
    return play_game(Referee(lt.load_game(game)), agents, ["model", "first"], [1, 2])


def test_a_model_that_scores_texts_chooses_the_likeliest_move() -> None:
    model = Scores()
    played = model_against(model)
    state = lt.load_game("tic_tac_toe").new_initial_state()
    assert "(1,1)" in state.action_to_string(played.actions[0])
    assert played.used[0].spent.calls == played.used[0].moves == len(model.prompts)
    assert "..." in model.prompts[0]  # the board
    assert all(state.action_to_string(action) in model.prompts[0] for action in state.legal_actions())


class Grammars(Scores):
    """Writes the last text that the grammar allows."""

    scores, grammars = False, True

    def answer(self, request: Request) -> list[Completion]:
        assert request.grammar is not None
        before, _, rest = request.grammar.partition(" ::= ")
        assert before == "root"
        return [Completion(rest.split(" | ")[-1].strip('"'), -1.0, calls=1)]


def test_a_model_that_takes_a_grammar_writes_legal_moves() -> None:
    played = model_against(Grammars())
    assert (played.fault, played.used[0].illegal) == (None, 0)
    assert played.actions[0] == 8  # the last of the nine cells


def test_a_model_that_writes_moves_may_try_again() -> None:
    def script(prompt: str) -> dict[str, float]:
        moves = prompt.rpartition("moves are: ")[2].partition(".\n")[0].split(", ")
        return {" I resign": 0.6, f" {moves[-1]}": 0.4}

    played = model_against(ScriptedModel(script))
    assert played.used[0].illegal > 0  # the likeliest text is no move
    assert played.used[0].spent.generated_tokens > 0


def test_a_model_that_writes_no_move_loses() -> None:
    played = model_against(ScriptedModel(lambda prompt: {" the middle": 1.0}))
    assert (played.how, played.fault is not None and played.fault.player) == ("illegal move", 0)
    assert played.fault is not None
    assert "the middle" in played.fault.message
    assert (played.used[0].illegal, played.scores) == (LanguageModel.tries, (0.0, 1.0))


def test_a_model_reads_only_what_its_player_knows() -> None:
    prompts: list[str] = []

    def script(prompt: str) -> dict[str, float]:
        prompts.append(prompt)
        moves = prompt.rpartition("moves are: ")[2].partition(".\n")[0].split(", ")
        return {f" {moves[0]}": 1.0}

    game = lt.load_game("kuhn_poker")
    for card in (1, 2):
        agents: list[Agent] = [LanguageModel(ScriptedModel(script)), First()]
        play_game(Referee(game, [0, card]), agents, ["model", "first"], [1, 2])
    assert prompts[0] == prompts[len(prompts) // 2]  # the other player's card makes no difference


def test_view_of_an_agent_is_a_copy() -> None:
    state = lt.load_game("tic_tac_toe").new_initial_state()
    view = View(state, 0)
    view.state.apply_action(4)
    view.legal_actions().clear()
    assert state.history() == []
    assert len(view.legal_actions()) == 9
