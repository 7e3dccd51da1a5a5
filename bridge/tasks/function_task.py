"""`make_task`: a task from a few functions, without a class."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

from longthink.bridge.tasks.task import Task, Transcript
from longthink.concurrency import not_picklable
from longthink.errors import ParameterError
from longthink.validation import shown, whole_number


class FunctionTask(Task):
    """The task that `make_task` returns."""

    def __init__(
        self,
        name: str,
        prompt: str,
        done: Callable[[Transcript], bool],
        verify: Callable[[str], float],
        steps: Callable[[Transcript], Sequence[str]] | None,
        answer: Callable[[Transcript], str],
        context: Callable[[Transcript], str] | None,
        max_steps: int,
    ) -> None:
        self.name, self.prompt, self.max_steps = name, prompt, max_steps
        self._done, self._verify, self._steps, self._answer, self._context = done, verify, steps, answer, context
        self.free_text = steps is None and context is None

    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps((self._done, self._verify, self._steps, self._answer, self._context))
        except Exception:
            raise not_picklable(self, "give make_task functions of a module, not lambdas or inner ones") from None
        return vars(self)

    def context(self, transcript: Transcript) -> str:
        if self._context is not None:
            return self._context(transcript)
        return "\n".join([self.prompt, *transcript, ""])

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) >= self.max_steps or bool(self._done(transcript))

    def answer(self, transcript: Transcript) -> str:
        return self._answer(transcript)

    def check(self, answer: str) -> float:
        value = float(self._verify(answer))
        if not 0.0 <= value <= 1.0:
            raise ParameterError(f"{self.name}: verify is expected to return a number in [0, 1], got {value!r}")
        return value

    def legal_steps(self, transcript: Transcript) -> Sequence[str] | None:
        return None if self._steps is None else self._steps(transcript)


def make_task(
    prompt: str,
    done: Callable[[Transcript], bool],
    verify: Callable[[str], float],
    *,
    steps: Callable[[Transcript], Sequence[str]] | None = None,
    answer: Callable[[Transcript], str] = "\n".join,
    context: Callable[[Transcript], str] | None = None,
    max_steps: int = 64,
    name: str = "own",
) -> Task:
    """A task from functions of its transcript, the tuple of steps written so far.

    done: whether the transcript is finished; after `max_steps` it always is. verify: the value of an answer in [0, 1].
    steps: all legal next steps; None: any line is a step. answer: the answer of a finished transcript, by default its
    lines. context: the text that a model continues with the next step, by default the prompt and the lines.

    Raises `ParameterError`.
    """
    if not isinstance(prompt, str) or not prompt:
        raise ParameterError(f"make_task expects a prompt, got {shown(prompt)}")
    max_steps = whole_number("make_task: max_steps", max_steps, 1)
    return FunctionTask(name, prompt, done, verify, steps, answer, context, max_steps)
