"""Policies: what a player does in each information state, and how much it loses against best responses.

A `Policy` is a table from information state strings to probabilities. All functions here also take any object with
`action_probabilities(state)`, such as a solver or a policy of another library (see `OpenSpielPolicy` in
longthink/games/adapters/openspiel.py).
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError
from longthink.files import write_file
from longthink.games.core import Game, State
from longthink.games.registry import load_game
from longthink.search.core import GameTree
from longthink.validation import shown, whole_number

Table = Mapping[str, Mapping[int, float]]
_FORMAT = "longthink policy 1"


class Plays(Protocol):
    """Anything that chooses actions at a state: a `Policy`, or an object with the same method."""

    def action_probabilities(self, state: State) -> Mapping[int, float]: ...


class Policy:
    """Probabilities of actions by information state string: `{"0pb": {0: 0.5, 1: 0.5}}`.

    In an information state without a row, the policy is uniform. A policy does not change: threads may share it, it can
    be pickled, and policies of the same game with the same table are equal. Raises `ParameterError` if actions are not
    whole numbers, or probabilities are negative, not finite, or do not sum to 1 within 1e-6.
    """

    def __init__(self, game: Game, table: Table) -> None:
        self.game = game
        self.table: dict[str, dict[int, float]] = {}
        for key, row in table.items():
            try:
                probabilities = {operator.index(action): float(p) for action, p in row.items()}
            except (AttributeError, TypeError, ValueError):
                raise ParameterError(
                    f"expected {{action: probability}} in information state {key!r}, got {shown(row)}"
                ) from None
            if (
                not all(0 <= p <= 1 + 1e-9 for p in probabilities.values())
                or abs(sum(probabilities.values()) - 1) > 1e-6
            ):
                raise ParameterError(
                    f"expected probabilities that sum to 1 in information state {key!r}, got {shown(probabilities)}"
                )
            self.table[key] = probabilities

    def __repr__(self) -> str:
        return f"<Policy of {self.game} over {len(self.table)} information states>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.game == other.game and self.table == other.table

    def __hash__(self) -> int:
        return hash((str(self.game), len(self.table)))

    def action_probabilities(self, state: State, player: int | None = None) -> dict[int, float]:
        """The probabilities of `player`'s legal actions at a state, `{action: probability}`; by default, of who
        acts."""
        player = state.current_player() if player is None else player
        legal = state.legal_actions(player)
        row = self.table.get(state.information_state_string(player))
        if row is None:
            return dict.fromkeys(legal, 1 / len(legal)) if legal else {}
        return {action: row.get(action, 0.0) for action in legal}

    @classmethod
    def uniform(cls, game: Game) -> Policy:
        """The policy that plays every legal action equally."""
        return cls(game, {})

    @classmethod
    def of(cls, game: Game | GameTree, plays: Plays) -> Policy:
        """The policy of any object with `action_probabilities(state)`, as a table.

        The object is asked at one history of every information state, so the game must fit in memory. Raises
        `ParameterError` if it does not answer states of this game.
        """
        tree, table = _tree(game), {}
        for row, history in zip(tree.information_states, tree.histories(), strict=True):
            try:
                table[row[0]] = plays.action_probabilities(tree.game.state_from_history(history))
            except (AttributeError, TypeError) as error:
                raise ParameterError(
                    f"expected a Policy of {tree.game}, or an object that answers action_probabilities(state), got "
                    f"{shown(plays)} ({type(error).__name__}: {error}). "
                    "For a policy of OpenSpiel use longthink.games.adapters.openspiel.OpenSpielPolicy"
                ) from error
        return cls(tree.game, table)

    @classmethod
    def from_strategy(cls, tree: GameTree, strategy: NDArray[np.float64]) -> Policy:
        """The policy of a strategy `[S]` over the sequences of an unrolled game."""
        return cls(
            tree.game,
            {
                key: dict(zip(actions, strategy[sequences].tolist(), strict=True))
                for key, _, actions, sequences in tree.information_states
            },
        )

    def to_strategy(self, tree: GameTree) -> NDArray[np.float64]:
        """The policy as a strategy `[S]` over the sequences of an unrolled game.

        Raises `ParameterError` if it has an information state that the game does not have, or if it plays an action
        that is not legal.
        """
        strategy: NDArray[np.float64] = tree.uniform()
        unknown = self.table.keys() - {key for key, _, _, _ in tree.information_states}
        if unknown:
            known = ", ".join(repr(key) for key, _, _, _ in tree.information_states[:3])
            raise ParameterError(
                f"{len(unknown)} information states of the policy do not exist in {tree.game}, for example "
                f"{min(unknown)!r}; expected information states such as {known}"
            )
        for key, _, actions, sequences in tree.information_states:
            row = self.table.get(key)
            if row is not None:
                foreign = [action for action, p in row.items() if p > 0 and action not in actions]
                if foreign:
                    raise ParameterError(
                        f"actions {foreign} are not legal in information state {key!r}; legal: {actions}"
                    )
                strategy[sequences] = [row.get(action, 0.0) for action in actions]
        return strategy

    def save(self, path: str | Path) -> None:
        """Write the policy as JSON, with the name of its game. The file is complete or does not change.

        Raises `ParameterError` if it cannot be written.
        """
        content = {"format": _FORMAT, "game": str(self.game), "information_states": self.table}
        try:
            write_file(path, json.dumps(content, indent=1))
        except OSError as error:
            raise ParameterError(f"the policy cannot be written to {path}: {error}") from error

    @classmethod
    def load(cls, path: str | Path, game: Game | None = None) -> Policy:
        """Read a policy that `save` wrote. game: by default the game that the file names.

        Raises `ParameterError` if the file cannot be read or has another format, `UnknownNameError` for its game.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, RecursionError, ValueError) as error:
            raise ParameterError(f"expected a policy in JSON, as Policy.save writes it, in {path}: {error}") from error
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise ParameterError(f'expected "format": "{_FORMAT}", as Policy.save writes it, in {path}')
        name, rows = content.get("game"), content.get("information_states")
        if not isinstance(name, str) or not isinstance(rows, dict):
            raise ParameterError(
                f"expected the name of a game and its information states in {path}, as Policy.save writes"
            )
        table = {key: _row(path, key, row) for key, row in rows.items()}
        return cls(load_game(name) if game is None else game, table)


def _row(path: str | Path, key: str, row: Any) -> dict[int, float]:
    """One row of the file of a policy: `{"0": 0.5, "1": 0.5}`."""
    plain = isinstance(row, dict) and all(
        re.fullmatch(r"0|[1-9]\d{0,9}", action, re.ASCII) and type(p) in (int, float) for action, p in row.items()
    )
    if not plain:
        raise ParameterError(
            f'expected {{"action": probability}} for information state {key!r} in {path}, got {shown(row)}'
        )
    return {int(action): p for action, p in row.items()}


def expected_values(game: Game | GameTree, policy: Plays) -> NDArray[np.float64]:
    """The expected payoff of every player if all play `policy`: `[P]`, in utilities."""
    tree = _tree(game)
    values: NDArray[np.float64] = tree.values(_strategy(tree, policy))
    return values


def best_response(game: Game | GameTree, policy: Plays, player: int) -> tuple[float, Policy]:
    """The best response of `player` to the others' `policy`: its value in utilities, and the policy in which `player`
    plays it. Raises `ParameterError` for a player that the game does not have."""
    tree = _tree(game)
    player = whole_number("player", player, 0, tree.game.num_players() - 1)
    value, strategy = tree.best_response(player, _strategy(tree, policy))
    return value, Policy.from_strategy(tree, strategy)


def nash_conv(game: Game | GameTree, policy: Plays) -> float:
    """What all players together could gain by best responses to `policy`, in utilities.

    It is 0 exactly in an equilibrium, with any number of players and any payoffs.
    Lanctot et al., "A unified game-theoretic approach to multiagent reinforcement learning", NIPS 2017, section 4.
    """
    tree = _tree(game)
    return tree.nash_conv(_strategy(tree, policy))


def exploitability(game: Game | GameTree, policy: Plays) -> float:
    """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
    tree = _tree(game)
    return nash_conv(tree, policy) / int(tree.game.num_players())


def _tree(game: Game | GameTree) -> GameTree:
    return game if isinstance(game, GameTree) else GameTree(game)


def _strategy(tree: GameTree, policy: Plays) -> NDArray[np.float64]:
    """A policy as a strategy `[S]`."""
    return (policy if isinstance(policy, Policy) else Policy.of(tree, policy)).to_strategy(tree)
