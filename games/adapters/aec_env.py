"""The class behind `pettingzoo_env`: a game as a PettingZoo environment. Importing this module needs PettingZoo."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv

from longthink.errors import ParameterError
from longthink.games.core import Game, State


class GameEnv(AECEnv[str, Any, Any]):  # type: ignore[misc]
    def __init__(self, game: Game, render_mode: str | None) -> None:
        super().__init__()
        if render_mode not in (None, "ansi"):
            raise ParameterError(f"{game}: render_mode expects None or 'ansi', got {render_mode!r}")
        self.game, self.render_mode = game, render_mode
        self.metadata = {"name": game.name, "render_modes": ["ansi"], "is_parallelizable": False}
        self.possible_agents = [f"player_{player}" for player in range(game.num_players())]
        size = game.state_bytes if game.perfect_information else game.information_state_bytes
        actions = game.num_distinct_actions()
        self.action_spaces = {agent: spaces.Discrete(actions) for agent in self.possible_agents}
        self.observation_spaces = {
            agent: spaces.Dict({"observation": _bytes(size), "action_mask": spaces.Box(0, 1, (actions,), np.int8)})
            for agent in self.possible_agents
        }
        self.state_space = _bytes(game.state_bytes)
        self.position: State = game.new_initial_state()
        self._chance = np.random.default_rng()

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        if seed is not None:
            self._chance = np.random.default_rng(seed)
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.agent_selection = self.agents[0]
        self.position = self.game.new_initial_state()
        self._go_on()

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        self.position.apply_action(action)
        self._cumulative_rewards[agent] = 0.0
        self._go_on()
        self._accumulate_rewards()

    def _go_on(self) -> None:
        """Let chance act. Then set the next agent, or the rewards if the game is over."""
        while self.position.is_chance_node():
            outcomes, probabilities = zip(*self.position.chance_outcomes(), strict=True)
            weights = np.array(probabilities)
            self.position.apply_action(int(self._chance.choice(outcomes, p=weights / weights.sum())))
        if self.position.is_terminal():
            self.rewards = dict(zip(self.possible_agents, self.position.returns(), strict=True))
            self.terminations = dict.fromkeys(self.agents, True)
        else:
            self.agent_selection = self.possible_agents[self.position.current_player()]

    def observe(self, agent: str) -> dict[str, NDArray[Any]]:
        player, position = self.possible_agents.index(agent), self.position
        seen = position.buffer if self.game.perfect_information else position.information_state_key(player)
        mask = np.zeros(self.game.num_distinct_actions(), np.int8)
        mask[position.legal_actions(player)] = 1
        return {"observation": np.frombuffer(bytes(seen), np.uint8).copy(), "action_mask": mask}

    def state(self) -> NDArray[np.uint8]:
        """The whole state, including what no player sees."""
        return np.frombuffer(bytes(self.position.buffer), np.uint8).copy()

    def render(self) -> str | None:
        return str(self.position) if self.render_mode == "ansi" else None

    def close(self) -> None:
        pass


def _bytes(size: int) -> spaces.Box:
    return spaces.Box(0, 255, (size,), np.uint8)
