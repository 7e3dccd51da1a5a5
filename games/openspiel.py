"""OpenSpiel both ways: its sequential games as ours, and our searches and policies as its bots and policies."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from longthink.errors import GameError, LongthinkError, ParameterError, UnknownNameError, require
from longthink.games.core import Game, State
from longthink.games.objects import ObjectRules, object_game
from longthink.games.registry import load_game
from longthink.games.text import ObjectText, Text
from longthink.validation import shown

_CAN_RESAMPLE = {
    "bargaining",
    "blackjack",
    "colored_trails",
    "gin_rummy",
    "kuhn_poker",
    "leduc_poker",
    "oh_hell",
    "universal_poker",
}
"""Games whose `resample_from_infostate` gives histories that can be replayed; most have none, and none can be asked."""


class OpenSpielText(ObjectText):
    """The words that OpenSpiel itself has for a state."""

    def __init__(self, rules: ObjectRules, has_information_states: bool, has_observations: bool) -> None:
        super().__init__(rules)
        self._has_information_states, self._has_observations = has_information_states, has_observations

    def information_state(self, state: State, player: int) -> str:
        if not self._has_information_states and state.get_game().perfect_information:
            return Text.information_state(self, state, player)  # the history, which says all
        return super().information_state(state, player)

    def observation(self, state: State, player: int) -> str:
        if not self._has_observations:
            return Text.observation(self, state, player)
        return self.words(state, lambda found: found.observation_string(player))


_MOST_CHARACTERS, _DEEPEST = 100_000, 20  # of a name with its parameters, which OpenSpiel reads by recursion


def load_openspiel_game(name: str, /, **parameters: Any) -> Game:
    """Any sequential OpenSpiel game: "hex(board_size=5)", or its name and parameters as keywords.

    Raises `UnknownNameError` with near matches, `ParameterError` for parameters that OpenSpiel refuses or misses,
    `GameError` for games with simultaneous moves or without explicit chance.
    """
    pyspiel = require("pyspiel", "compare")
    base = name.partition("(")[0].strip()
    if base not in pyspiel.registered_names():
        raise UnknownNameError.of("OpenSpiel game", base, pyspiel.registered_names())
    if len(name) > _MOST_CHARACTERS or _depth(name) > _DEEPEST:
        raise ParameterError(
            f"a name expects at most {_MOST_CHARACTERS:,} characters and {_DEEPEST} brackets in each other, "
            f"got {shown(name)}"
        )
    try:
        game = pyspiel.load_game(name, parameters) if parameters else pyspiel.load_game(name)
        return _wrapped(pyspiel, base, game)
    except LongthinkError:
        raise
    except Exception as error:  # a SpielError, or what pybind11 makes of an exception of C++
        with_these = f" with {shown(parameters)}" if parameters else ""
        said = str(error)[:300] or type(error).__name__
        known = ", ".join(_kind(pyspiel, base).parameter_specification) or "none"
        raise ParameterError(f"OpenSpiel refuses {shown(name)}{with_these}: {said}; its parameters: {known}") from error


def _kind(pyspiel: Any, base: str) -> Any:
    return next(kind for kind in pyspiel.registered_games() if kind.short_name == base)


def _depth(name: str) -> int:
    return max(accumulate((c in "([{") - (c in ")]}") for c in name), default=0)


def _wrapped(pyspiel: Any, base: str, game: Any) -> Game:
    """A game of OpenSpiel's as one of ours."""
    kind, written = game.get_type(), str(game)
    if kind.dynamics == pyspiel.GameType.Dynamics.MEAN_FIELD:
        raise GameError(f"{written} is a mean-field game, in which a crowd and no single player acts")
    if kind.dynamics != pyspiel.GameType.Dynamics.SEQUENTIAL:
        raise GameError(
            f"{written} has simultaneous moves; load it as "
            f'"openspiel:turn_based_simultaneous_game(game={written})", where the players act in turn'
        )
    if kind.chance_mode == pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC:
        raise GameError(f"{written} samples chance by itself and cannot say its outcomes, which a search needs")
    chance = kind.chance_mode == pyspiel.GameType.ChanceMode.EXPLICIT_STOCHASTIC
    declared = {name: getattr(game, name)() for name in ("num_players", "num_distinct_actions", "max_game_length")}
    declared |= {"max_chance_outcomes + 1": game.max_chance_outcomes() + 1} if chance else {}
    if not all(0 < number < 2**31 for number in declared.values()):
        raise GameError(f"{written} declares numbers that no game can have: {declared}")
    inner = written.partition("(")[2].removesuffix(")")
    return object_game(
        f"openspiel:{base}",
        game.new_initial_state,
        num_players=game.num_players(),
        num_distinct_actions=game.num_distinct_actions(),
        max_game_length=game.max_game_length(),
        min_utility=game.min_utility(),
        max_utility=game.max_utility(),
        max_chance_outcomes=game.max_chance_outcomes() if chance else 0,
        # Some games declare fewer than they have (leduc_poker of three players): leave room for twice as many.
        max_chance_nodes_in_history=2 * _chance_nodes(game) if chance else 0,
        zero_sum=kind.utility in (pyspiel.GameType.Utility.ZERO_SUM, pyspiel.GameType.Utility.CONSTANT_SUM),
        simultaneous=base == "turn_based_simultaneous_game",
        perfect_information=kind.information == pyspiel.GameType.Information.PERFECT_INFORMATION,
        can_resample=base in _CAN_RESAMPLE,
        parameters=dict(part.split("=", 1) for part in _split(inner)),
        text=lambda rules: OpenSpielText(
            rules, kind.provides_information_state_string, kind.provides_observation_string
        ),
        reduce=(load_openspiel_game, (written,)),
    )


def _chance_nodes(game: Any) -> int:
    try:
        return int(game.max_chance_nodes_in_history())
    except Exception:  # not declared: no more than one before and after every move
        return int(game.max_game_length()) + 1


def _split(text: str) -> list[str]:
    """The parts between the commas that stand outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part]


def our_game(openspiel_game: Any) -> Game:
    """Our game of the same rules: our own where we have it, else OpenSpiel's through `load_openspiel_game`.

    A game with simultaneous moves of ours is also that which OpenSpiel's `turn_based_simultaneous_game` makes of it.
    """
    name = str(openspiel_game)
    inner = name.removeprefix("turn_based_simultaneous_game(game=")
    try:
        return load_game(name if inner == name else inner.removesuffix(")"))
    except (UnknownNameError, ParameterError):
        return load_openspiel_game(str(openspiel_game))


def as_bot(thinker: Any, budget: Any = None, seed: int = 0) -> Any:
    """A `pyspiel.Bot` that plays as `thinker` does.

    thinker: an `MCTS`, which thinks `budget` long about every move, or a `Policy`, whose actions are drawn from
    `seed`. Raises `ParameterError` for a search without a budget.
    """
    pyspiel = require("pyspiel", "compare")
    if hasattr(thinker, "run") and budget is None:
        raise ParameterError("as_bot of a search expects a budget, as in as_bot(search, Budget(simulations=1000))")

    class Bot(pyspiel.Bot):  # type: ignore[misc, name-defined]
        """A longthink search or policy at OpenSpiel's table."""

        def __init__(self) -> None:
            pyspiel.Bot.__init__(self)
            self._rng = np.random.default_rng(seed)

        def step(self, state: Any) -> int:
            ours = thinker.game.state_from_history(state.history())
            if hasattr(thinker, "run"):
                return int(thinker.run(ours, budget).best_action)
            probabilities: dict[int, float] = thinker.action_probabilities(ours)
            weights = np.array(list(probabilities.values()))
            return int(self._rng.choice(list(probabilities), p=weights / weights.sum()))

        def restart(self) -> None:
            self._rng = np.random.default_rng(seed)

        def restart_at(self, state: Any) -> None:
            self.restart()

        def inform_action(self, state: Any, player_id: int, action: int) -> None:
            """Nothing to do: `step` reads the whole history."""

    return Bot()


def as_tabular_policy(table: Mapping[str, Mapping[int, float]], openspiel_game: Any) -> Any:
    """A table of probabilities by information state string as OpenSpiel's `TabularPolicy`; uniform without a row.

    Raises `ParameterError` where OpenSpiel's game has not got an information state or an action of the table.
    """
    require("pyspiel", "compare")
    from open_spiel.python.policy import TabularPolicy

    policy = TabularPolicy(openspiel_game)
    for key, row in table.items():
        index = policy.state_lookup.get(key)
        if index is None:
            raise ParameterError(f"OpenSpiel's {openspiel_game} has no information state {key!r}")
        legal = policy.legal_actions_mask[index]
        foreign = [action for action, p in row.items() if p > 0 and not (action < len(legal) and legal[action])]
        if foreign:
            raise ParameterError(f"actions {foreign} are not legal in information state {key!r} of {openspiel_game}")
        policy.action_probability_array[index] = 0.0
        for action, probability in row.items():
            policy.action_probability_array[index, action] = probability
    return policy
