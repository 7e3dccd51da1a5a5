"""Verifiers compute the value of a finished transcript. By default the task verifies; a judge or a reward model may.

`VERIFIERS` is their registry. A package of your own adds one by the entry-point group "longthink.verifiers".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from longthink.bridge.models.model import Model, Request, cost_of
from longthink.bridge.models.prompt_memory import PromptMemory
from longthink.bridge.models.work import Work, do
from longthink.bridge.tasks.task import Task, Transcript
from longthink.errors import ParameterError
from longthink.registry import Registry
from longthink.search.budget import Spent
from longthink.validation import real_number, shown, whole_number


class Verifier(Protocol):
    """Anything that can be called with a task and a finished transcript and returns its value in [0, 1].

    The value 1 means correct, and ends the session. If the verifier asks a model, it may have an attribute `spent`, a
    `Spent` to which it adds the cost: `think` counts that cost and sets `spent` to zero. It may have an attribute
    `known`, which `think` sets: a function of model and request, the share of the prompt that the session sent before.
    """

    def __call__(self, task: Task, transcript: Transcript) -> float: ...


def task_verifier(task: Task, transcript: Transcript) -> float:
    """The value by the task itself."""
    return task.verify(transcript)


class Judge:
    """A verifier that asks a model whether the answer is correct.

    The value is the probability of "yes" among "yes" and "no" if the model scores texts, else the share of "yes" in
    `votes` samples. So an answer counts as correct only if all samples say yes. Zheng et al., "Judging LLM-as-a-judge
    with MT-bench and chatbot arena", NeurIPS 2023.
    """

    def __init__(self, model: Model | None, votes: int = 4, seed: int = 0) -> None:
        if model is None:
            raise ParameterError("Judge expects a model, as in Judge(load_model()), got None")
        self.model, self.votes, self.seed = model, whole_number("votes", votes, 1), seed
        self.spent = Spent()

    def __call__(self, task: Task, transcript: Transcript) -> float:
        value, cost = do(self._judge(task, transcript), self.model)
        self.spent += cost
        return value

    def _judge(self, task: Task, transcript: Transcript) -> Work[float]:
        prompt = f"{task.prompt}\n\nAnswer: {task.answer(transcript)}\n\nIs this answer correct, yes or no? "
        if self.model.scores:
            scored = yield Request(prompt, choices=("yes", "no"))
            return min(1.0, math.exp(scored[0].logprob or 0.0)) if scored else 0.0
        grammar = 'root ::= "yes" | "no"' if self.model.grammars else None
        votes = yield Request(
            prompt, n=self.votes, max_tokens=8, temperature=1.0, stop=("\n",), seed=self.seed, grammar=grammar
        )
        return sum("yes" in each.text.lower() for each in votes or ()) / self.votes


class Fluency:
    """A verifier of texts that the task checks apart from fluency: the value is 1 if the text is also fluent.

    A text is fluent if, under the model and given the context of the task, the mean log-probability of its tokens is
    at least `floor`, and that of its last token at least `end`: the model would end the text there, too. Both are in
    nats. It does not matter who proposed the text. Otherwise the value is e to the power of what is lacking, between 0
    and 1. An answer with value 0 by the task costs no request.

    Raises `ParameterError` for a model that does not give the log-probability of a text (`Model.reads`).
    """

    def __init__(self, model: Model | None, floor: float = -2.5, end: float = -2.0) -> None:
        if model is None or not model.reads:
            raise ParameterError(
                f"fluency expects a model with log-probabilities of given texts, as load_model() is, got {shown(model)}"
            )
        self.model = model
        self.floor, self.end = real_number("floor", floor, -100.0, 0.0), real_number("end", end, -100.0, 0.0)
        self.spent = Spent()
        self.known: Callable[[Model, Request], float] = _Prompts().known

    def __call__(self, task: Task, transcript: Transcript) -> float:
        value = task.verify(transcript)
        if value == 0.0:
            return 0.0
        mean, last = self.logprobs(task, task.answer(transcript))
        return value * math.exp(min(0.0, mean - self.floor, last - self.end))

    def logprobs(self, task: Task, text: str) -> tuple[float, float]:
        """The mean log-probability of the tokens of a text after the context of a task, and that of the last one."""
        context = task.context(task.initial)
        space = "" if context[-1:].isspace() else " "
        request = self.model.reading(context, space + text)
        read = self.model.in_turn(request)
        self.spent += cost_of(read, self.known(self.model, request))
        found = [token.logprob for token in read[0].tokens]
        return sum(found) / len(found), found[-1]


class _Prompts(PromptMemory):
    """What a verifier sent, outside of any session."""

    def known(self, model: Model, request: Request) -> float:
        return self.add(request.prompt) if model.remembers else 0.0


# One line for each verifier. An entry is called with the model that thinks, or None, and with its options.
VERIFIERS: Registry[Callable[..., Verifier]] = Registry(
    "verifier",
    "longthink.verifiers",
    {
        "judge": "longthink.bridge.tasks.verifier:Judge",
        "fluency": "longthink.bridge.tasks.verifier:Fluency",
    },
)


register_verifier = VERIFIERS.register
"""Add a verifier of your own for this process: `register_verifier(name, Mine)`, or `@register_verifier(name)`."""


def verifiers() -> Registry[Callable[..., Verifier]]:
    """The registered verifiers; iteration yields their names."""
    return VERIFIERS


def make_verifier(verifier: str | Verifier | None, model: Model | None) -> Verifier:
    """The verifier of a name, or the one that is given; None is `task_verifier`.

    Raises `UnknownNameError` for a name that does not exist, `ParameterError`.
    """
    if verifier is None:
        return task_verifier
    found: Any = VERIFIERS.find(verifier).make(model) if isinstance(verifier, str) else verifier
    if not callable(found) or isinstance(found, type):
        raise ParameterError(f"verifier expects a name or a function of task and transcript, got {shown(found)}")
    made: Verifier = found
    return made
