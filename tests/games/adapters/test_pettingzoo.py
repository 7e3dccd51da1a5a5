"""Our games as PettingZoo environments: PettingZoo's own tests, and comparison with the games."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from pettingzoo.test import api_test, seed_test

import longthink as lt

GAMES = ["tic_tac_toe", "connect_four", "leduc_poker", "kuhn_poker(players=3)", "breakthrough", "2048(max_tile=64)"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # on observations that are dictionaries, and on arrays of zeros
@pytest.mark.parametrize("name", GAMES)
def test_pettingzoo_finds_nothing_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    api_test(lt.pettingzoo_env(name), num_cycles=200)
    seed_test(lambda: lt.pettingzoo_env(name), num_cycles=100)
    assert "Passed" in capsys.readouterr().out


@pytest.mark.parametrize("name", GAMES)
def test_an_episode_is_a_game(name: str) -> None:
    """Observations, masks and rewards are those of the state, whatever chance does."""
    game, rng = lt.load_game(name), np.random.default_rng(1)
    env = lt.pettingzoo_env(game)
    for seed in range(10):
        env.reset(seed=seed)
        total = dict.fromkeys(env.possible_agents, 0.0)
        position: Any = None
        for agent in env.agent_iter():
            observation, reward, terminated, truncated, _ = env.last()
            total[agent] += reward
            assert env.observation_space(agent).contains(observation)
            assert not truncated
            position = env.unwrapped.position
            if terminated:
                env.step(None)
                continue
            player = env.possible_agents.index(agent)
            assert player == position.current_player()
            assert np.flatnonzero(observation["action_mask"]).tolist() == position.legal_actions()
            seen = position.buffer if game.perfect_information else position.information_state_key(player)
            assert bytes(observation["observation"]) == bytes(seen)
            for other in set(env.possible_agents) - {agent}:
                assert not env.observe(other)["action_mask"].any()
            env.step(int(rng.choice(position.legal_actions())))
        assert game.state_from_history(position.history()) == position
        assert list(total.values()) == position.returns()


def test_chance_is_the_seeds() -> None:
    env = lt.pettingzoo_env("leduc_poker")

    def deal(seed: int | None) -> list[int]:
        env.reset(seed=seed)
        return list(env.unwrapped.position.history())

    deals = [deal(seed) for seed in range(40)]
    assert deals == [deal(seed) for seed in range(40)]
    assert len({tuple(cards) for cards in deals}) > 10
    first = deal(5), deal(None), deal(None)  # without a seed the numbers go on
    assert first == (deal(5), deal(None), deal(None))
    assert len({tuple(cards) for cards in (deal(None) for _ in range(40))}) > 10


def test_it_shows_the_position_and_refuses_what_the_rules_do() -> None:
    env = lt.pettingzoo_env("tic_tac_toe", render_mode="ansi")
    env.reset()
    env.step(4)
    assert env.render() == "...\n.x.\n..."
    with pytest.raises(lt.IllegalActionError, match="not legal"):
        env.step(4)
    assert env.state().tolist() == list(env.unwrapped.position.buffer)
    with pytest.raises(lt.ParameterError, match="'ansi'"):
        lt.pettingzoo_env("tic_tac_toe", render_mode="human")


def test_a_search_plays_in_it() -> None:
    game = lt.load_game("connect_four")
    env, search = lt.pettingzoo_env(game), lt.MCTS(game, seed=1)
    env.reset(seed=1)
    rng = np.random.default_rng(1)
    for agent in env.agent_iter():
        observation, reward, terminated, _, _ = env.last()
        if terminated:
            assert reward == (1 if agent == "player_0" else -1)
            env.step(None)
        elif agent == "player_0":
            env.step(search.run(env.unwrapped.position, lt.Budget(simulations=2000)).best_action)
        else:
            env.step(int(rng.choice(np.flatnonzero(observation["action_mask"]))))


def test_without_pettingzoo_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    with pytest.raises(lt.MissingExtraError, match=r"pip install 'longthink\[pettingzoo\]'"):
        lt.pettingzoo_env("tic_tac_toe")
