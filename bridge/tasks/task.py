"""`Task`: a problem in words that can be checked; the registry is in registry.py.

A task states a problem, grows a transcript step by step, says when it is finished, and verifies it.
Where it can also list the steps that are legal next, proposals never need to be guessed.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from longthink.bridge.tasks.answers import canonical

Transcript = tuple[str, ...]
"""What has been written so far: one string for each step."""


@dataclass(frozen=True)
class Solved:
    """What a task's domain method found: an answer, or None where it found none, and the states it looked at."""

    answer: str | None
    nodes: int


@dataclass(frozen=True)
class Subproblem:
    """A smaller problem on the way to an answer.

    then: the steps that follow its own, once it is solved, in the problem that it is a part of; with None its answer is
    told there, and nothing else.
    """

    text: str
    task: Task
    then: Transcript | None = None


def read_list(answer: str, most: int) -> Transcript:
    """The texts of an answer that is a list in JSON, at most so many. Raises `ValueError` for anything else."""
    try:
        found = json.loads(answer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, list) or len(found) > most or not all(isinstance(each, str) for each in found):
        raise ValueError(f"expected a list of at most {most} texts in JSON")
    return tuple(found)


class Task(ABC):
    """A problem stated in words, whose transcript grows by one step at a time and can be verified."""

    name: str
    """As `load_task` takes it, with all parameters: "countdown(numbers=(3, 5, 7), target=22)"."""
    prompt: str
    """The problem as it is put to a person."""
    max_steps: int
    """Steps in a longest transcript."""
    initial: Transcript = ()
    free_text: bool = False
    """Whether a step is any line of text, among which results of tools may stand."""
    kinds: Sequence[str] = ("step",)
    """The kinds of proposals (bridge/kinds) that `think` chooses among where it is not told others."""
    strategies: Sequence[str] = ()
    """Ways to go about it, each a line for the model to read."""

    @abstractmethod
    def context(self, transcript: Transcript) -> str:
        """The text that a model continues with the next step; it ends where the step begins."""

    @abstractmethod
    def done(self, transcript: Transcript) -> bool:
        """Whether the transcript is finished."""

    @abstractmethod
    def answer(self, transcript: Transcript) -> str:
        """The answer that a finished transcript gives, in the form that `check` takes."""

    @abstractmethod
    def check(self, answer: str) -> float:
        """How right an answer is, wherever it comes from, in [0, 1]; 1 is correct."""

    def answered(self, transcript: Transcript) -> bool:
        """Whether there is an answer to verify; more may follow only where answers are revised."""
        return self.done(transcript)

    def verify(self, transcript: Transcript) -> float:
        """How right a transcript is, in [0, 1]: 0 unless it has an answer."""
        return self.check(self.answer(transcript)) if self.answered(transcript) else 0.0

    def legal_steps(self, transcript: Transcript) -> Sequence[str] | None:
        """Every step that may come next, or None where the task cannot list them."""
        return None

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        """The step that a model wrote, in its one written form, or None where it is not legal."""
        step = text.strip()
        steps = self.legal_steps(transcript)
        return step if step and (steps is None or step in steps) else None

    def kind_of(self, step: str) -> str:
        """Which kind of proposal a step is."""
        return "step"

    def subproblems(self, transcript: Transcript) -> Sequence[Subproblem] | None:
        """The smaller problems that would help to go on, or None where the task cannot list them."""
        return None

    def canonical(self, answer: str) -> str:
        """The form in which equal answers are equal, for votes; by default without spaces to spare.

        In free text, "214.0", "**214**." and "x = 214" are equal, too: `canonical` of answers.py.
        """
        return canonical(answer) if self.free_text else " ".join(answer.split())

    def value_context(self, transcript: Transcript) -> str:
        """The text that a model continues with "sure", "likely" or "impossible": whether a transcript leads on."""
        lines = [self.prompt, *transcript, "Can this lead to a correct answer: sure, likely or impossible? It is "]
        return "\n".join(lines)

    def revision(self, earlier: Sequence[tuple[str, float]]) -> str:
        """What stands before `context` where earlier answers, told with their values, are to be revised."""
        told = [f"An earlier answer, of which the verifier says {value:.2f} of 1:\n{text}\n" for text, value in earlier]
        return "\n".join([*told, "The next answer is better.\n", ""])

    def solve(self) -> Solved | None:
        """Solve it by a method of its own domain, the yardstick of every general one; None where there is none."""
        return None

    def picture(self, transcript: Transcript) -> bytes | None:
        """The state after a transcript as a PNG, for models that look at pictures; None where there is none."""
        return None

    def __repr__(self) -> str:
        return f"<task {self.name}>"
