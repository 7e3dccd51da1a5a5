"""Every family of reasoning-gym as a task, "reasoning_gym:NAME", with its own scorer as verifier.

A model thinks in lines and then writes its answer. The families of `puzzles` are played step by step instead, where
every step is checked.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from longthink.bridge.tasks.answers import bare, stated
from longthink.bridge.tasks.arithmetic import makes
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.tools import guard
from longthink.bridge.tools.guard import GuardError
from longthink.errors import ParameterError, UnknownNameError, require
from longthink.registry import Family
from longthink.validation import seed_number

_LONGEST_ANSWER = 20_000  # characters
_DRAWS = 100  # of a problem, until its answer is not empty
_SECONDS = 10.0  # of computing, for a scorer
_NOT_ONE_FAMILY = {"composite"}  # a mixture that is put together from others


def members() -> list[str]:
    """The names of reasoning-gym's families. Raises `MissingExtraError`."""
    require("reasoning_gym", "tasks")
    from reasoning_gym.factory import DATASETS

    return sorted(set(DATASETS) - _NOT_ONE_FAMILY)


def describe(family: str) -> tuple[str, dict[str, Any]]:
    """A sentence about a family, and its parameters with their defaults."""
    from reasoning_gym.factory import DATASETS

    dataset, config = DATASETS[family]
    own = {key: _plain(value) for key, value in vars(config()).items() if key not in ("seed", "size")}
    summary = (dataset.__doc__ or f"reasoning-gym's {family}").strip().partition("\n")[0]
    return summary, {"seed": 0, "steps": True, **own}


def _plain(value: Any) -> Any:
    """A default as JSON can hold it: an object of reasoning-gym's own by its text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value


def load(family: str, seed: int = 0, steps: bool = True, **parameters: Any) -> Task:
    """A problem that a family generates from `seed`.

    steps: whether a family of `puzzles` is played step by step; else its answer is written like any other's.
    """
    if family not in members():
        raise UnknownNameError.of("family of reasoning-gym", family, members())
    for key in parameters:
        if key not in describe(family)[1]:
            raise UnknownNameError.of(f"parameter of reasoning_gym:{family}", key, describe(family)[1])
    problem = Problem(family, seed_number(seed), {key: _python(value) for key, value in parameters.items()})
    if steps:
        from longthink.bridge.tasks.puzzles import PUZZLES

        if family in PUZZLES:
            return PUZZLES[family](problem)
    return ReasoningTask(problem)


FAMILY = Family("A family of problems of reasoning-gym.", load, members, describe)


def _python(value: Any) -> Any:
    """A parameter without NumPy's numbers, which a name and a random generator do not take."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return type(value)(map(_python, value)) if isinstance(value, (list, tuple)) else value


class Problem:
    """A generated problem: its name, question, metadata, and how right an answer to it is."""

    def __init__(self, family: str, seed: int, parameters: dict[str, Any]) -> None:
        self.family, self.seed, self.parameters = family, seed, parameters
        written = "".join(f", {key}={value!r}" for key, value in parameters.items())
        self.name = f"reasoning_gym:{family}(seed={seed}{written})"
        self.entry = generate(family, seed, **parameters)
        self.question: str = self.entry["question"]
        self.metadata: dict[str, Any] = self.entry["metadata"]

    def score(self, answer: str) -> float:
        """How right an answer is, in [0, 1]: by the family's own scorer, or ours if that is wrong (`_CHECKS`).

        An answer is tried as it is and without what wraps it, "**42**." as "42". One that the scorer cannot read within
        its limits of time and memory is worth 0.
        """
        longest = max(_LONGEST_ANSWER, 2 * len(self.entry["answer"] or ""))
        if not answer.strip() or len(answer) > longest:
            return 0.0
        tried = dict.fromkeys((answer, bare(answer)))
        return max(self._score(each) for each in tried)

    def _score(self, answer: str) -> float:
        if self.family in _CHECKS:
            return float(_CHECKS[self.family](self.entry, answer))
        if not _READS.get(self.family, _anything)(answer):
            return 0.0
        problem = self.family, self.seed, tuple(self.parameters.items()), self.entry
        try:
            scored = float(guard.call(f"{__name__}:scored", *problem, answer, seconds=_SECONDS))
        except GuardError:  # whatever it stumbled over in what a model wrote
            return 0.0
        return min(1.0, max(0.0, scored))


def scored(
    family: str, seed: int, parameters: tuple[tuple[str, Any], ...], entry: dict[str, Any], answer: str
) -> float:
    """What a family's own scorer says: called in a process of its own."""
    return float(_dataset(family, seed, parameters).score_answer(answer, entry))


scored.prepare = lambda: require("reasoning_gym", "tasks")  # type: ignore[attr-defined]


def generate(family: str, seed: int, **parameters: Any) -> dict[str, Any]:
    """The problem that a family generates from `seed`. Raises `ParameterError`, `MissingExtraError`.

    A problem whose right answer is empty, which nobody can write, is drawn again from a seed made of this one.
    """
    seed = seed_number(seed)
    try:
        for draw in range(_DRAWS):
            entry: dict[str, Any] = _dataset(family, seed + (draw << 64), tuple(parameters.items()))[0]
            if entry["answer"] is None or entry["answer"].strip():
                break
    except (ValueError, AssertionError, TypeError) as error:
        raise ParameterError(f"reasoning-gym cannot generate {family} with {parameters}: {error}") from error
    return entry


@lru_cache(maxsize=64)
def _dataset(family: str, seed: int, parameters: tuple[tuple[str, Any], ...]) -> Any:
    return require("reasoning_gym", "tasks").create_dataset(family, seed=seed, size=1, **dict(parameters))


class ReasoningTask(Task):
    """A question whose answer is written in words, after up to `max_steps` lines of thought.

    A line "Answer: ..." answers, in any form that `stated` of answers.py knows. If the problem's own answer has several
    lines, they follow a line "Answer:" alone and end with "Done."; else one line does.
    """

    free_text = True

    def __init__(self, problem: Problem, max_steps: int = 64) -> None:
        self.problem, self.max_steps = problem, max_steps
        self.name = problem.name if problem.family not in _stepped() else f"{problem.name[:-1]}, steps=False)"
        self.prompt = problem.question.rstrip()
        known = problem.entry["answer"]
        self._several = known is None or "\n" in known

    def context(self, transcript: Transcript) -> str:
        how = 'Think in short lines. Then write the answer on one line after "Answer:".'
        if self._several:
            how = (
                'Think in short lines. Then write the answer on one line after "Answer:", '
                'or, if it has several lines, write "Answer:" alone, the lines, and "Done.".'
            )
        return "".join(f"{line}\n" for line in (self.prompt, "", how, "", *transcript))

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        """A line; inside an answer of several lines one may be blank, and spaces at the start stay.

        A model that has nothing more to write has answered, if a sentence of its own says what the answer is.
        """
        step = text.rstrip()
        if self._several and stated((*transcript, "x"), True).text not in ("", stated(transcript, True).text):
            return step
        said = stated(transcript, self._several)
        return step.strip() or (f"Answer: {said.text}" if said.text and not said.complete else None)

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) >= self.max_steps or stated(transcript, self._several).complete

    def answer(self, transcript: Transcript) -> str:
        return stated(transcript, self._several).text

    def check(self, answer: str) -> float:
        return self.problem.score(answer)


def _stepped() -> set[str]:
    from longthink.bridge.tasks.puzzles import PUZZLES

    return set(PUZZLES)


# ---- What may be shown to a scorer ----
# Some scorers evaluate the answer as Python, which an answer of a model must never reach: it is looked at first.


def _anything(answer: str) -> bool:
    return True


def _is_plain(answer: str) -> bool:
    """Nothing but words, numbers, lists and quotes: no way to call, to reach into, or to compute."""
    return re.fullmatch(r"[\w\s,\[\]'\"-]*", answer) is not None


def _is_buttons(answer: str) -> bool:
    """The letters of buttons with arrows between them: "banana" is no B, A, A, A."""
    return re.fullmatch(r"[A-Ca-c]?([\s,→>-]+[A-Ca-c])*\s*", answer.strip()) is not None


_FUNCTIONS = frozenset(
    ["sin", "cos", "tan", "exp", "log", "ln", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "tanh", "pi", "Integral"]
)


def _is_formula(answer: str) -> bool:
    """Numbers below 1e12, one-letter variables, + - * / **, functions of a school book; powers to 60, not stacked."""
    try:
        tree = ast.parse(answer.replace("^", "**").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False

    def fine(node: ast.AST, powers: int = 0) -> bool:
        match node:
            case ast.Constant(value=(int() | float()) as number):
                return len(ast.unparse(node)) <= 12 and abs(number) < 1e12
            case ast.Name(id=name):
                return len(name) == 1 or name in _FUNCTIONS
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return fine(operand, powers)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
                return fine(left, powers) and fine(right, powers)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return powers == 0 and _is_small(right) and fine(left, 1) and fine(right, 1)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return name in _FUNCTIONS and all(fine(argument, powers) for argument in arguments)
        return False

    try:
        return fine(tree.body)
    except RecursionError:
        return False


def _is_small(exponent: ast.expr) -> bool:
    """Whether an exponent is no product of numbers, and all numbers in it are at most 60."""
    inside = list(ast.walk(exponent))
    numbers = [node.value for node in inside if isinstance(node, ast.Constant)]
    named = any(isinstance(node, ast.Name) for node in inside)
    product = any(isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) for node in inside)
    return all(isinstance(number, (int, float)) and number <= 60 for number in numbers) and (named or not product)


_READS = {
    **dict.fromkeys(("binary_matrix", "n_queens", "spiral_matrix", "string_insertion"), _is_plain),
    "quantum_lock": _is_buttons,
    **dict.fromkeys(("intermediate_integration", "polynomial_multiplication", "simple_integration"), _is_formula),
}


# ---- Families whose own scorer is wrong ----


# One line for each: what is wrong in reasoning-gym 0.1.25, and what checks an answer to an entry instead.
_CHECKS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    # it computes what a model wrote, without a limit, and refuses signs of print
    "countdown": lambda entry, answer: makes(entry["metadata"]["target"], entry["metadata"]["numbers"], answer),
    # it takes any four numbers that make 24
    "puzzle24": lambda entry, answer: makes(24, entry["metadata"]["numbers"], answer),
    # it takes any answer that is not empty
    "game_of_life_halting": lambda entry, answer: answer.strip().casefold() == entry["answer"].strip().casefold(),
}
