"""OpenSpiel in both directions: its games as ours, and our searches and policies as its bots and policies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from longthink.errors import GameError, LongthinkError, ParameterError, UnknownNameError, require
from longthink.games.core import Game, ObjectRules, State, object_game
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
"""Games whose `resample_from_infostate` returns histories that can be replayed. OpenSpiel has no query for this."""


class OpenSpielText(ObjectText):
    """The text that OpenSpiel provides for a state."""

    def __init__(self, rules: ObjectRules, has_information_states: bool, has_observations: bool) -> None:
        super().__init__(rules)
        self._has_information_states, self._has_observations = has_information_states, has_observations

    def information_state(self, state: State, player: int) -> str:
        if not self._has_information_states and state.get_game().perfect_information:
            return Text.information_state(self, state, player)  # the history, which determines the state
        return super().information_state(state, player)

    def observation(self, state: State, player: int) -> str:
        if not self._has_observations:
            return Text.observation(self, state, player)
        return self.words(state, lambda found: found.observation_string(player))


_MOST_CHARACTERS, _DEEPEST = 100_000, 20  # limits of a name with parameters, which OpenSpiel parses recursively


def load_openspiel_game(name: str, /, **parameters: Any) -> Game:
    """Load any sequential OpenSpiel game: "hex(board_size=5)", or the name with parameters as keywords.

    A text parameter that would otherwise be read as another type is quoted: 'universal_poker(firstPlayer="1 1")'. The
    name of the resulting game has the same form.

    Raises `UnknownNameError` with near matches, `ParameterError` for parameters that are missing or that OpenSpiel
    refuses, and `GameError` for games with simultaneous moves or without explicit chance.
    """
    game: Game = _asked(name, parameters, _wrapped)
    return game


def openspiel_game(name: str) -> Any:
    """OpenSpiel's object for the game that `load_openspiel_game` loads by this name."""
    return _asked(name, {}, lambda pyspiel, game, values: game)


def _asked(name: str, parameters: Mapping[str, Any], wrap: Callable[[Any, Any, dict[str, Any]], Any]) -> Any:
    """The result of `wrap` for an OpenSpiel game and its parameters. OpenSpiel's errors become `ParameterError`."""
    pyspiel = require("pyspiel", "compare")
    base, bracket, inner = name.strip().partition("(")
    base = base.strip()
    if base not in pyspiel.registered_names():
        raise UnknownNameError.of("OpenSpiel game", base, pyspiel.registered_names())
    if len(name) > _MOST_CHARACTERS or _depth(name) > _DEEPEST:
        raise ParameterError(
            f"a name expects at most {_MOST_CHARACTERS:,} characters and {_DEEPEST} nested brackets, got {shown(name)}"
        )
    try:
        if bracket and not inner.rstrip().endswith(")"):
            raise ValueError("a bracket is not closed")
        values: dict[str, Any] = {}
        for part in _split(inner.rstrip().removesuffix(")")):
            key, _, text = (side.strip() for side in part.partition("="))
            values[key] = json.loads(text) if text.startswith('"') else _read(text)
        for key, value in parameters.items():
            values[key] = value.item() if isinstance(value, np.generic) else value
        return wrap(pyspiel, pyspiel.load_game(base, values) if values else pyspiel.load_game(base), values)
    except LongthinkError:
        raise
    except Exception as error:  # a SpielError, or the translation of a C++ exception by pybind11
        with_these = f" with {shown(parameters)}" if parameters else ""
        said = str(error)[:300] or type(error).__name__
        known = ", ".join(_kind(pyspiel, base).parameter_specification) or "none"
        raise ParameterError(f"OpenSpiel refuses {shown(name)}{with_these}: {said}; its parameters: {known}") from error


def _read(text: str) -> Any:
    """The text of a parameter as OpenSpiel reads it: a bool, a number, a game (a dict) or a string."""
    return require("pyspiel", "compare").game_parameters_from_string(f"game(value={text})")["value"]


def _written(value: Any) -> str:
    """A parameter as text in the name of a game, so that it is read again with the same type."""
    if not isinstance(value, str):
        return str(value)
    plain = re.fullmatch(r"[\w.+-]([\w.+ -]*[\w.+-])?", value) and isinstance(_read(value), str)
    return value if plain else json.dumps(value)


def _kind(pyspiel: Any, base: str) -> Any:
    return next(kind for kind in pyspiel.registered_games() if kind.short_name == base)


def _depth(name: str) -> int:
    return max(accumulate((c in "([{") - (c in ")]}") for c in name), default=0)


def _wrapped(pyspiel: Any, game: Any, values: dict[str, Any]) -> Game:
    """An OpenSpiel game, with its given parameters, as one of ours."""
    kind = game.get_type()
    base = kind.short_name
    parts = dict(part.split("=", 1) for part in _split(str(game).partition("(")[2].removesuffix(")")))
    given = {key: parts[key] if isinstance(value, dict) else _written(value) for key, value in sorted(values.items())}
    written = f"{base}({','.join(f'{key}={value}' for key, value in given.items())})"
    if kind.dynamics == pyspiel.GameType.Dynamics.MEAN_FIELD:
        raise GameError(f"{written} is a mean-field game, in which a population acts instead of single players")
    if kind.dynamics != pyspiel.GameType.Dynamics.SEQUENTIAL:
        raise GameError(
            f"{written} has simultaneous moves; load it as "
            f'"openspiel:turn_based_simultaneous_game(game={written})", in which the players act in turn'
        )
    if kind.chance_mode == pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC:
        raise GameError(f"{written} samples chance internally and does not list the outcomes, which a search needs")
    chance = kind.chance_mode == pyspiel.GameType.ChanceMode.EXPLICIT_STOCHASTIC
    declared = {name: getattr(game, name)() for name in ("num_players", "num_distinct_actions", "max_game_length")}
    declared |= {"max_chance_outcomes + 1": game.max_chance_outcomes() + 1} if chance else {}
    if not all(0 < number < 2**31 for number in declared.values()):
        raise GameError(f"{written} declares numbers that are out of range (1 to 2**31 - 1): {declared}")
    return object_game(
        f"openspiel:{base}",
        game.new_initial_state,
        num_players=game.num_players(),
        num_distinct_actions=game.num_distinct_actions(),
        max_game_length=game.max_game_length(),
        min_utility=game.min_utility(),
        max_utility=game.max_utility(),
        max_chance_outcomes=game.max_chance_outcomes() if chance else 0,
        # Some games declare fewer than they have (leduc_poker with three players), so allow twice as many.
        max_chance_nodes_in_history=2 * _chance_nodes(game) if chance else 0,
        zero_sum=kind.utility in (pyspiel.GameType.Utility.ZERO_SUM, pyspiel.GameType.Utility.CONSTANT_SUM),
        simultaneous=base == "turn_based_simultaneous_game",
        perfect_information=kind.information == pyspiel.GameType.Information.PERFECT_INFORMATION,
        can_resample=base in _CAN_RESAMPLE,
        parameters=given,
        text=lambda rules: OpenSpielText(
            rules, kind.provides_information_state_string, kind.provides_observation_string
        ),
        reduce=(load_openspiel_game, (written,)),
    )


def _chance_nodes(game: Any) -> int:
    try:
        return int(game.max_chance_nodes_in_history())
    except Exception:  # not declared: at most one before and after every move
        return int(game.max_game_length()) + 1


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets and quotation marks."""
    parts, depth, quoted, escaped = [""], 0, False, False
    for character in text:
        quoted ^= character == '"' and not escaped
        escaped = quoted and character == "\\" and not escaped
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part]


def our_game(openspiel_game: Any) -> Game:
    """The longthink game with the same rules: our own if it exists, otherwise OpenSpiel's by `load_openspiel_game`.

    OpenSpiel's `turn_based_simultaneous_game` of a game corresponds to our version of that game.
    """
    name = str(openspiel_game)
    inner = name.removeprefix("turn_based_simultaneous_game(game=")
    try:
        return load_game(name if inner == name else inner.removesuffix(")"))
    except (UnknownNameError, ParameterError):
        return load_openspiel_game(str(openspiel_game))


def as_bot(thinker: Any, budget: Any = None, seed: int = 0) -> Any:
    """A `pyspiel.Bot` that plays like `thinker`.

    thinker: an `MCTS`, which uses `budget` for every move, or a `Policy`, whose actions are drawn with `seed`. Raises
    `ParameterError` for a search without a budget.
    """
    pyspiel = require("pyspiel", "compare")
    if hasattr(thinker, "run") and budget is None:
        raise ParameterError("as_bot of a search expects a budget, as in as_bot(search, Budget(simulations=1000))")

    class Bot(pyspiel.Bot):  # type: ignore[misc, name-defined]
        """A longthink search or policy as an OpenSpiel bot."""

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
            """Does nothing, because `step` reads the whole history."""

    return Bot()


class OpenSpielPolicy:
    """A policy of OpenSpiel (Python or C++) that answers our states: `lt.Policy.of(game, OpenSpielPolicy(theirs))`.

    Everything that takes a policy takes it, `exploitability` for one. game: OpenSpiel's object of the game, if the
    policy does not have it and our game has another name there.
    """

    def __init__(self, policy: Any, game: Any = None) -> None:
        self.policy, self._game = policy, getattr(policy, "game", None) if game is None else game

    def action_probabilities(self, state: State) -> dict[int, float]:
        """The probabilities of the legal actions at a state; uniform if OpenSpiel's policy has no answer."""
        if self._game is None:
            self._game = openspiel_game(str(state.get_game()).removeprefix("openspiel:"))
        pyspiel = require("pyspiel", "compare")
        if self._game.get_type().dynamics == pyspiel.GameType.Dynamics.SIMULTANEOUS:
            self._game = pyspiel.convert_to_turn_based(self._game)
        theirs = self._game.new_initial_state()
        for action in state.history():
            theirs.apply_action(action)
        legal = state.legal_actions()
        return dict(self.policy.action_probabilities(theirs)) or dict.fromkeys(legal, 1 / len(legal))


def to_tabular_policy(policy: Any, openspiel_game: Any) -> Any:
    """A `Policy` as OpenSpiel's `TabularPolicy` of the same game; uniform in information states without a row.

    Raises `ParameterError` if OpenSpiel's game does not have an information state or an action of the policy.
    """
    require("pyspiel", "compare")
    from open_spiel.python.policy import TabularPolicy

    made = TabularPolicy(openspiel_game)
    for key, row in policy.table.items():
        index = made.state_lookup.get(key)
        if index is None:
            raise ParameterError(f"OpenSpiel's {openspiel_game} has no information state {key!r}")
        legal = made.legal_actions_mask[index]
        foreign = [action for action, p in row.items() if p > 0 and not (action < len(legal) and legal[action])]
        if foreign:
            raise ParameterError(f"actions {foreign} are not legal in information state {key!r} of {openspiel_game}")
        made.action_probability_array[index] = 0.0
        for action, probability in row.items():
            made.action_probability_array[index, action] = probability
    return made
