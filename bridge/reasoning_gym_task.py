"""Every family of reasoning-gym as a task, "reasoning_gym:NAME", with its own scorer as verifier.

A model thinks in lines and then writes its answer. The families of `puzzles` are played step by step instead, where
every step is checked.
"""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache
from typing import Any

from longthink.bridge.arithmetic import evaluate
from longthink.bridge.task import Task, Transcript
from longthink.errors import ParameterError, UnknownNameError, require

_LONGEST_ANSWER = 20_000  # characters
_NOT_ONE_FAMILY = {"composite"}  # a mixture that is put together from others


def families() -> list[str]:
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
    if family not in families():
        raise UnknownNameError.of("family of reasoning-gym", family, families())
    for key in parameters:
        if key not in describe(family)[1]:
            raise UnknownNameError.of(f"parameter of reasoning_gym:{family}", key, describe(family)[1])
    problem = Problem(family, seed, parameters)
    if steps:
        from longthink.bridge.puzzles import PUZZLES

        if family in PUZZLES:
            return PUZZLES[family](problem)
    return ReasoningTask(problem)


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
        """What the family's own scorer says, in [0, 1]; an answer it cannot read is worth 0."""
        if len(answer) > _LONGEST_ANSWER or not _READS.get(self.family, _anything)(answer):
            return 0.0
        try:
            scored = float(_dataset(self.family, self.seed, tuple(self.parameters.items())).score_answer(
                answer, self.entry
            ))  # fmt: skip
        except Exception:  # whatever it stumbled over in what a model wrote
            return 0.0
        return min(1.0, max(0.0, scored))


def generate(family: str, seed: int, **parameters: Any) -> dict[str, Any]:
    """The problem that a family generates from `seed`. Raises `ParameterError`, `MissingExtraError`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ParameterError(f"seed expects a whole number from 0, got {seed!r}")
    try:
        entry: dict[str, Any] = _dataset(family, seed, tuple(parameters.items()))[0]
    except (ValueError, AssertionError, TypeError) as error:
        raise ParameterError(f"reasoning-gym cannot generate {family} with {parameters}: {error}") from error
    return entry


@lru_cache(maxsize=64)
def _dataset(family: str, seed: int, parameters: tuple[tuple[str, Any], ...]) -> Any:
    return require("reasoning_gym", "tasks").create_dataset(family, seed=seed, size=1, **dict(parameters))


class ReasoningTask(Task):
    """A question whose answer is written in words, after up to `max_steps` lines of thought.

    A line "Answer: ..." answers. An answer of several lines follows a line "Answer:" alone and ends with "Done.".
    """

    free_text = True

    def __init__(self, problem: Problem, max_steps: int = 64) -> None:
        self.problem, self.max_steps = problem, max_steps
        self.name = problem.name if problem.family not in _stepped() else f"{problem.name[:-1]}, steps=False)"
        self.prompt = problem.question.rstrip()

    def context(self, transcript: Transcript) -> str:
        how = (
            'Think in short lines. Then write the answer on one line after "Answer:", '
            'or, if it has several lines, write "Answer:" alone, the lines, and "Done.".'
        )
        return "".join(f"{line}\n" for line in (self.prompt, "", how, "", *transcript))

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        step = text.rstrip() if "Answer:" in transcript else text.strip()
        return step or None

    def done(self, transcript: Transcript) -> bool:
        if not transcript:
            return False
        closed = transcript[-1] == "Done." and "Answer:" in transcript
        told = transcript[-1].startswith("Answer:") and transcript[-1] != "Answer:" and "Answer:" not in transcript
        return closed or told or len(transcript) >= self.max_steps

    def answer(self, transcript: Transcript) -> str:
        if "Answer:" in transcript:
            lines = transcript[transcript.index("Answer:") + 1 :]
            return "\n".join(lines[:-1] if lines and lines[-1] == "Done." else lines)
        last = transcript[-1]
        return last.removeprefix("Answer:").strip() if last.startswith("Answer:") else ""

    def check(self, answer: str) -> float:
        return self.problem.score(answer)


def _stepped() -> set[str]:
    from longthink.bridge.puzzles import PUZZLES

    return set(PUZZLES)


# ---- What may be shown to a scorer ----
# Some scorers evaluate the answer as Python, which an answer of a model must never reach: it is looked at first.


def _anything(answer: str) -> bool:
    return True


def _is_plain(answer: str) -> bool:
    """Nothing but words, numbers, lists and quotes: no way to call, to reach into, or to compute."""
    return re.fullmatch(r"[\w\s,\[\]'\"-]*", answer) is not None


def _is_arithmetic(answer: str) -> bool:
    try:
        evaluate(answer)
    except ValueError:
        return False
    return True


_FUNCTIONS = frozenset(
    ["sin", "cos", "tan", "exp", "log", "ln", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "tanh", "pi", "Integral"]
)


def _is_formula(answer: str) -> bool:
    """Numbers, one-letter variables, + - * / ** and the functions of a school book; powers to 60, not stacked."""
    try:
        tree = ast.parse(answer.replace("^", "**").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False

    def fine(node: ast.AST, powers: int = 0) -> bool:
        match node:
            case ast.Constant(value=int() | float()):
                return len(ast.unparse(node)) <= 12
            case ast.Name(id=name):
                return len(name) == 1 or name in _FUNCTIONS
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return fine(operand, powers)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
                return fine(left, powers) and fine(right, powers)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                small = not isinstance(right, ast.Constant) or (
                    isinstance(right.value, (int, float)) and right.value <= 60
                )
                return powers == 0 and small and fine(left, 1) and fine(right, 1)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return name in _FUNCTIONS and all(fine(argument, powers) for argument in arguments)
        return False

    try:
        return fine(tree.body)
    except RecursionError:
        return False


_READS = {
    **dict.fromkeys(("binary_matrix", "n_queens", "spiral_matrix", "string_insertion"), _is_plain),
    **dict.fromkeys(("countdown", "puzzle24"), _is_arithmetic),
    **dict.fromkeys(("intermediate_integration", "polynomial_multiplication", "simple_integration"), _is_formula),
}
