"""`Task`: a problem in words that can be checked; the registry is in registry.py.

A task states a problem. Its transcript grows step by step; the task says when it is finished and verifies it. If the
task lists the legal next steps, a model gives priors over all of them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from longthink.bridge.tasks.answers import canonical

Transcript = tuple[str, ...]
"""The steps written so far, one string each."""


@dataclass(frozen=True)
class Solved:
    """The result of a task's own solver: an answer, or None if it found none, and the number of states it visited."""

    answer: str | None
    nodes: int


@dataclass(frozen=True)
class Subproblem:
    """A smaller problem on the way to an answer.

    then: the steps that follow its own steps in the whole problem, once it is solved. None: its answer becomes a note
    for the model, and no step follows.
    """

    text: str
    task: Task
    then: Transcript | None = None


@dataclass(frozen=True)
class Part:
    """What a task says of the beginning of a step, for a search that writes it token by token.

    complete: it is a whole step, and nothing can follow. wanted: texts that may follow here and must come at some
    place; they are proposed even if the model finds them unlikely. missing: how many required texts are not there yet.
    """

    complete: bool = False
    wanted: tuple[str, ...] = ()
    missing: int = 0


def read_list(answer: str, most: int) -> Transcript:
    """The texts of an answer that is a JSON list of at most `most` texts. Raises `ValueError` for any other answer."""
    try:
        found = json.loads(answer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, list) or len(found) > most or not all(isinstance(each, str) for each in found):
        raise ValueError(f"expected a list of at most {most} texts in JSON")
    return tuple(found)


class Task(ABC):
    """A problem in words, whose transcript grows by one step at a time and can be verified."""

    name: str
    """The text that `load_task` loads it from, with all parameters: "countdown(numbers=(3, 5, 7), target=22)"."""
    prompt: str
    """The problem, as a person reads it."""
    max_steps: int
    """The most steps of a transcript."""
    initial: Transcript = ()
    free_text: bool = False
    """Whether a step is any line of text, so that results of tools can stand between steps."""
    kinds: Sequence[str] = ("step",)
    """The kinds of proposals that `think` chooses among by default, as `load_kind` takes them."""
    verified_by: str = ""
    """The verifier that values answers by default, as `verifiers()` has it by name; "": the task itself."""
    strategies: Sequence[str] = ()
    """Approaches to the problem, each a line for the model to read."""

    @abstractmethod
    def context(self, transcript: Transcript) -> str:
        """The text that a model continues with the next step."""

    @abstractmethod
    def done(self, transcript: Transcript) -> bool:
        """Whether the transcript is finished."""

    @abstractmethod
    def answer(self, transcript: Transcript) -> str:
        """The answer of a finished transcript, in the form that `check` takes."""

    @abstractmethod
    def check(self, answer: str) -> float:
        """The value of an answer in [0, 1], however it was found; 1 is correct."""

    def answered(self, transcript: Transcript) -> bool:
        """Whether there is an answer to verify; more steps can follow only if answers are revised."""
        return self.done(transcript)

    def verify(self, transcript: Transcript) -> float:
        """The value of a transcript in [0, 1]: 0 if it has no answer."""
        return self.check(self.answer(transcript)) if self.answered(transcript) else 0.0

    def legal_steps(self, transcript: Transcript) -> Sequence[str] | None:
        """All legal next steps, or None if the task cannot list them."""
        return None

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        """The step in a text that a model wrote, in the form of the task; None if it is not legal."""
        step = text.strip()
        steps = self.legal_steps(transcript)
        return step if step and (steps is None or step in steps) else None

    def part(self, transcript: Transcript, text: str) -> Part | None:
        """What may follow `text`, which continues the step that is being written; None if no legal step begins so."""
        return Part()

    def kind_of(self, step: str) -> str:
        """The name of the kind of proposal that a step is."""
        return "step"

    def subproblems(self, transcript: Transcript) -> Sequence[Subproblem] | None:
        """Smaller problems that would help after this transcript, or None if the task cannot list them."""
        return None

    def canonical(self, answer: str) -> str:
        """The form of an answer in which equal answers are equal texts, for votes; by default without extra spaces.

        In free text, "214.0", "**214**." and "x = 214" are equal, too: `canonical` of answers.py.
        """
        return canonical(answer) if self.free_text else " ".join(answer.split())

    def value_context(self, transcript: Transcript) -> str:
        """A text that a model continues with "sure", "likely" or "impossible": can the transcript become correct?"""
        lines = [self.prompt, *transcript, "Can this lead to a correct answer: sure, likely or impossible? It is "]
        return "\n".join(lines)

    def revision(self, earlier: Sequence[tuple[str, float]]) -> str:
        """The text before `context` if a model revises earlier answers; earlier: the answers with their values."""
        lines = [
            f"An earlier answer, of which the verifier says {value:.2f} of 1:\n{text}\n" for text, value in earlier
        ]
        return "\n".join([*lines, "The next answer is better.\n", ""])

    def solve(self) -> Solved | None:
        """Solve it by the task's own solver, a baseline for general methods; None if there is no such solver."""
        return None

    def picture(self, transcript: Transcript) -> bytes | None:
        """The state after a transcript as a PNG, for models that read pictures; None if there is no picture."""
        return None

    def __repr__(self) -> str:
        return f"<task {self.name}>"
