"""Each family of reasoning-gym as a task, "reasoning_gym:NAME", verified by the family's own scorer.

A model thinks in lines and then writes its answer. The families in puzzles.py are played step by step instead, and the
rules check every step.
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
_SECONDS = 10.0  # of processor time, for a scorer
_NOT_ONE_FAMILY = {"composite"}  # a mixture of others


def members() -> list[str]:
    """The names of the families. Raises `MissingExtraError`."""
    require("reasoning_gym", "tasks")
    from reasoning_gym.factory import DATASETS

    return sorted(set(DATASETS) - _NOT_ONE_FAMILY)


def describe(family: str) -> tuple[str, dict[str, Any]]:
    """One sentence about a family, and its parameters with their defaults."""
    from reasoning_gym.factory import DATASETS

    dataset, config = DATASETS[family]
    own = {key: _plain(value) for key, value in vars(config()).items() if key not in ("seed", "size")}
    summary = (dataset.__doc__ or f"reasoning-gym's {family}").strip().partition("\n")[0]
    return summary, {"seed": 0, "steps": True, **own}


def _plain(value: Any) -> Any:
    """A default as a JSON value; an object of reasoning-gym becomes its text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value


def load(family: str, seed: int = 0, steps: bool = True, **parameters: Any) -> Task:
    """A problem that a family generates from `seed`.

    steps: whether a family of puzzles.py is played step by step; otherwise its answer is written in words.
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
    """A parameter with NumPy numbers replaced by Python numbers, for names and random generators."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return type(value)(map(_python, value)) if isinstance(value, (list, tuple)) else value


class Problem:
    """A generated problem: its name, question, metadata, and the values of answers."""

    def __init__(self, family: str, seed: int, parameters: dict[str, Any]) -> None:
        self.family, self.seed, self.parameters = family, seed, parameters
        written = "".join(f", {key}={value!r}" for key, value in parameters.items())
        self.name = f"reasoning_gym:{family}(seed={seed}{written})"
        self.entry = generate(family, seed, **parameters)
        self.question: str = self.entry["question"]
        self.metadata: dict[str, Any] = self.entry["metadata"]

    def score(self, answer: str) -> float:
        """The value of an answer in [0, 1], by the family's scorer, or by a check of `_CHECKS` if that is wrong.

        The answer is scored as it is and without markup, "**42**." as "42"; the higher value counts. The value is 0 if
        the scorer fails, or exceeds its limits of time and memory.
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
        except GuardError:  # any failure on a text that a model wrote
            return 0.0
        return min(1.0, max(0.0, scored))


def scored(
    family: str, seed: int, parameters: tuple[tuple[str, Any], ...], entry: dict[str, Any], answer: str
) -> float:
    """The value by a family's scorer; called in a separate process."""
    return float(_dataset(family, seed, parameters).score_answer(answer, entry))


scored.prepare = lambda: require("reasoning_gym", "tasks")  # type: ignore[attr-defined]


def generate(family: str, seed: int, **parameters: Any) -> dict[str, Any]:
    """The problem that a family generates from `seed`. Raises `ParameterError`, `MissingExtraError`.

    If the correct answer is empty, which nobody can write, another problem is drawn, from a seed made of this one.
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
    """A question whose answer is written in words, within `max_steps` lines of thought.

    A line "Answer: ..." gives the answer, in any form that `stated` of answers.py reads. If the problem's own answer
    has several lines, they follow a line "Answer:" alone and end with "Done."; otherwise the answer is one line.
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
        """A line. Inside an answer of several lines a line may be blank, and spaces at its start are kept.

        If the model writes nothing more, and an earlier sentence states the answer, that answer is the step.
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


# ---- Which answers a scorer may read ----
# Some scorers evaluate the answer as Python. These functions check first that the answer is harmless.


def _anything(answer: str) -> bool:
    return True


def _is_plain(answer: str) -> bool:
    """Only words, numbers, lists and quotes: no calls, no attributes, no computation."""
    return re.fullmatch(r"[\w\s,\[\]'\"-]*", answer) is not None


def _is_buttons(answer: str) -> bool:
    """Letters of buttons with arrows between them; "banana" is not B, A, A, A."""
    return re.fullmatch(r"[A-Ca-c]?([\s,→>-]+[A-Ca-c])*\s*", answer.strip()) is not None


_FUNCTIONS = frozenset(
    ["sin", "cos", "tan", "exp", "log", "ln", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "tanh", "pi", "Integral"]
)


def _is_formula(answer: str) -> bool:
    """Numbers below 1e12, one-letter variables, + - * / **, common functions; powers up to 60, not nested."""
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
    """Whether an exponent is not a product of numbers, and all numbers in it are at most 60."""
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


# ---- Families whose scorer is wrong ----


# One line for each: the fault in reasoning-gym 0.1.25, and the check of an answer that replaces the scorer.
_CHECKS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    # it evaluates the text of a model without a limit, and refuses printed signs
    "countdown": lambda entry, answer: makes(entry["metadata"]["target"], entry["metadata"]["numbers"], answer),
    # it accepts any four numbers that make 24
    "puzzle24": lambda entry, answer: makes(24, entry["metadata"]["numbers"], answer),
    # it accepts any answer that is not empty
    "game_of_life_halting": lambda entry, answer: answer.strip().casefold() == entry["answer"].strip().casefold(),
}
