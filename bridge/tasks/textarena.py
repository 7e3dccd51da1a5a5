"""TextArena's single-player environments as tasks, "textarena:NAME": long games in words, valued by their reward.

An environment changes with each action, so a state is rebuilt by playing its actions again from the start. The last
environment is kept, and continues if the next transcript continues its own.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from longthink.bridge.tasks.task import Task, Transcript, read_list
from longthink.errors import MissingExtraError, ParameterError, UnknownNameError, require
from longthink.registry import Family
from longthink.validation import seed_number

_LONGEST_ACTION = 200  # characters: TextArena applies regular expressions to actions
_NEARLY = 0.99  # the highest value of a game that was not won
_DRAWS = 100  # of an environment, until one can be solved
_UNLIMITED = 1000  # steps after which an environment without a last step ends

_ARROWS = ("[up]", "[down]", "[left]", "[right]")
_PEGS = tuple(f"[{a} {b}]" for a in "ABC" for b in "ABC" if a != b)

# The environments of TextArena 0.7 for one player that need no key, no network and no word list, and can take 50 steps
# or more: the most steps, and the actions if they are few.
_ENVIRONMENTS: dict[str, tuple[int, tuple[str, ...] | None]] = {
    **{f"2048-v0{kind}": (_UNLIMITED, _ARROWS) for kind in (
        "", "-ultra-easy", "-mega-easy", "-super-easy", "-very-easy", "-easy", "-hard", "-very-hard", "-extreme",
        "-3x3", "-5x5", "-6x6", "-8x8", "-10x10",
    )},
    "Cryptarithm-v0": (100, None),
    "FifteenPuzzle-v0": (200, _ARROWS),
    **{f"FrozenLake-v0{kind}": (100, _ARROWS) for kind in ("", "-random", "-hardcore")},
    "Mastermind-v0-extreme": (50, None),
    **{f"Minesweeper-v0{kind}": (100, None) for kind in ("", "-small", "-medium", "-hard")},
    "RushHour-v0": (_UNLIMITED, None),
    "Slitherlink-v0": (200, None),
    **{f"Sudoku-v0{kind}": (100, None) for kind in ("", "-very-easy", "-easy", "-medium", "-hard")},
    "TowerOfHanoi-v0-hard": (62, _PEGS),
    "TowerOfHanoi-v0-hardcore": (126, _PEGS),
    "TowerOfHanoi-v0-extreme": (254, _PEGS),
}  # fmt: skip


def members() -> list[str]:
    """The names of the environments. Raises `MissingExtraError`."""
    require("textarena", "tasks")
    return list(_ENVIRONMENTS)


def describe(name: str) -> tuple[str, dict[str, Any]]:
    """One sentence about an environment, and its parameters."""
    steps = _ENVIRONMENTS[name][0]
    return f"TextArena's {name}, up to {steps} steps", {"seed": 0}


def load(name: str, seed: int = 0) -> Task:
    """An environment that `seed` sets up. Raises `UnknownNameError`, `MissingExtraError`."""
    if name not in _ENVIRONMENTS:
        raise UnknownNameError.of("environment of TextArena", name, _ENVIRONMENTS)
    seed = seed_number(seed)
    require("textarena", "tasks")
    return TextArenaTask(name, seed)


FAMILY = Family("A single-player environment of TextArena.", load, members, describe)


@dataclass(frozen=True)
class _Moment:
    """The state after a transcript: the text for the player, whether the game is over, and the reward in [0, 1]."""

    seen: str
    over: bool
    reward: float


class TextArenaTask(Task):
    """An environment. The value is its reward; an unfinished game has value 0.

    TextArena uses Python's global random numbers; their state is restored after each use.
    """

    def __init__(self, environment: str, seed: int) -> None:
        self.environment, self.seed = environment, seed
        self.name = f"textarena:{environment}(seed={seed})"
        self.max_steps, self._actions = _ENVIRONMENTS[environment]
        self._moments: dict[Transcript, _Moment] = {}
        self._legal: dict[Transcript, list[str]] = {}
        self._start: tuple[Any, Any] | None = None  # the environment at the start, and its random state
        self._live: tuple[Transcript, Any, Any] | None = None  # a transcript, and both after it
        self.prompt = self._moment(()).seen

    def __reduce__(self) -> tuple[Any, ...]:
        return TextArenaTask, (self.environment, self.seed)

    def _moment(self, transcript: Transcript) -> _Moment:
        if transcript not in self._moments:
            with self._at(transcript):
                pass
        return self._moments[transcript]

    @contextlib.contextmanager
    def _at(self, transcript: Transcript) -> Iterator[Any]:
        """The environment after a transcript, with its own random numbers; its output is discarded."""
        theirs = random.getstate()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                if self._start is None:
                    environment = _make(self.environment)
                    _reset(environment, self.environment, self.seed)
                    self._see((), environment)
                    self._start = environment, random.getstate()
                live = self._live
                if live is None or transcript[: len(live[0])] != live[0]:
                    live = (), copy.deepcopy(self._start[0]), self._start[1]
                played, environment, numbers = live
                random.setstate(numbers)
                self._live = None  # until it has reached the transcript
                for length in range(len(played) + 1, len(transcript) + 1):
                    if self._moments[transcript[: length - 1]].over:
                        raise ParameterError(f"{self.name}: the game is over before step {length}")
                    try:
                        _step(environment, transcript[length - 1])
                        self._see(transcript[:length], environment)
                    except Exception:  # TextArena raises an error for an action: the game is lost
                        self._moments[transcript[:length]] = _Moment(
                            self._moments[transcript[: length - 1]].seen, True, 0.0
                        )
                self._live = transcript, environment, random.getstate()
                yield environment
        finally:
            random.setstate(theirs)

    def _see(self, transcript: Transcript, environment: Any) -> None:
        seen = environment.get_observation()[1]
        text = seen if isinstance(seen, str) else "\n".join(message for _, message, _ in seen)
        over = bool(environment.state.done)
        reward = float((environment.state.rewards or {}).get(0, 0.0)) if over else 0.0
        if reward >= 1.0 and not _check_of(_SOLVED, self.environment)(environment):
            reward = _NEARLY
        self._moments[transcript] = _Moment(text, over, min(1.0, max(0.0, reward)))

    def context(self, transcript: Transcript) -> str:
        return f"{self._moment(transcript).seen}\nNext action: "

    def done(self, transcript: Transcript) -> bool:
        return self._moment(transcript).over or len(transcript) >= self.max_steps

    def legal_steps(self, transcript: Transcript) -> list[str] | None:
        """The actions that the environment accepts, each tried on a copy; None if there are too many to try."""
        if self._actions is None:
            return None
        if transcript not in self._legal:
            with self._at(transcript) as environment:
                self._legal[transcript] = [action for action in self._actions if _accepts(environment, action)]
        return self._legal[transcript]

    def answer(self, transcript: Transcript) -> str:
        return json.dumps(list(transcript))

    def check(self, answer: str) -> float:
        try:
            actions = read_list(answer, self.max_steps)
            if any(len(action) > _LONGEST_ACTION for action in actions):
                return 0.0
            return self._moment(actions).reward
        except ValueError:
            return 0.0

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        return None if len(text) > _LONGEST_ACTION else super().parse_step(transcript, text)


def _make(name: str) -> Any:
    """The environment in the version that shows the present state, not the whole history."""
    try:
        return import_module("textarena").make(f"{name}-train")
    except Exception as error:  # for example a missing word list, key, or version of Python
        raise MissingExtraError(f"textarena cannot make {name}: {str(error).strip()[:300]}") from error


def _reset(environment: Any, name: str, seed: int) -> None:
    """Set an environment up from a seed; if it cannot be solved, from other seeds made of it."""
    solvable = _check_of(_SOLVABLE, name)
    for draw in range(_DRAWS):
        environment.reset(num_players=1, seed=seed + (draw << 64))
        if solvable(environment):
            return
    raise ParameterError(f"textarena:{name}(seed={seed}): none of {_DRAWS} boards can be solved; use another seed")


def _fifteen_solvable(environment: Any) -> bool:
    """Whether a fifteen puzzle can be solved: half of all boards cannot.

    Johnson and Story, "Notes on the "15" puzzle", American Journal of Mathematics 2, 1879.
    """
    tiles = [tile for row in environment.board for tile in row]
    numbers = [tile for tile in tiles if tile is not None]
    inversions = sum(a > b for place, a in enumerate(numbers) for b in numbers[place + 1 :])
    return bool((inversions + tiles.index(None) // 4) % 2)


# Environments that TextArena may set up so that they cannot be solved, and how to tell.
_SOLVABLE: dict[str, Callable[[Any], bool]] = {
    "FifteenPuzzle": _fifteen_solvable,
    "RushHour": lambda environment: bool(environment._is_solvable(environment.initial_layout)),
}


# Environments whose reward can be 1 before they are solved, and how to tell that one is solved.
_SOLVED: dict[str, Callable[[Any], bool]] = {
    "2048": lambda environment: bool(environment._max_tile() >= environment.target_tile),
}


def _check_of(checks: dict[str, Callable[[Any], bool]], name: str) -> Callable[[Any], bool]:
    """The check of an environment, or a check that everything passes."""
    return next((check for start, check in checks.items() if name.startswith(start)), lambda _: True)


def _step(environment: Any, action: str) -> None:
    try:
        environment.step(action)
    except AttributeError as error:
        if error.name != "set_winners":
            raise
        # when the fifteen puzzle is solved, TextArena 0.7 calls a method that its single-player state does not have
        environment.state.set_outcome(reward=1.0, reason="solved")


def _accepts(environment: Any, action: str) -> bool:
    trial = copy.deepcopy(environment)
    _step(trial, action)
    return not trial.state.error_count and not trial.state.game_info[0]["invalid_move"]
