"""From a checked request to something to think about: a chat, or a task with a verifier.

`read_question` applies the limits of the server. A `Question` thinks in the thread of a job (jobs.py) and returns an
`Outcome`, from which replies.py makes the reply.
"""

from __future__ import annotations

import logging
import math
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import longthink as lt
from longthink.bridge.methods import methods
from longthink.bridge.models.model import Completion, Model
from longthink.bridge.tasks.registry import TASKS
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.chat import METHODS as CHAT_METHODS
from longthink.bridge.thinking.chat import think_about_chat
from longthink.bridge.thinking.think import think
from longthink.concurrency import CancelToken
from longthink.errors import error_text
from longthink.registry import parse
from longthink.search.budget import Budget, Spent
from longthink.server.errors import ApiError
from longthink.server.limits import ANSWER_TOKENS, ServerLimits
from longthink.server.schema import EFFORTS, BudgetLimits, ChatRequest, Extension, Json, Message
from longthink.validation import seed_number, shown

log = logging.getLogger("longthink.server")

UNMADE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What the maker of a task may raise for odd parameters."""

_LARGEST, _LONGEST = 1_000_000, 200  # numbers, and texts and lists, among the parameters of a task


@dataclass(frozen=True)
class Outcome:
    """The result of thinking, in the same form for chats and tasks.

    text: the answer, "" if there is none. reasoning: what the model wrote before it. cut: whether a limit cut the
    answer off or left none. shown_tokens: generated tokens that stand in the answer. facts: for the field `longthink`.
    """

    text: str
    reasoning: str
    cut: bool
    shown_tokens: int
    spent: Spent
    facts: Json


@dataclass
class Question(ABC):
    """One request, ready to think about with its own budget."""

    model: Model
    method: str
    budget: Budget
    seed: int

    @abstractmethod
    def prepare(self) -> None:
        """Do what comes before thinking and may take long."""

    @abstractmethod
    def think(self, progress: Callable[[Spent], object], cancel: CancelToken) -> Outcome:
        """Spend the budget; after `cancel` return the best answer so far."""

    def facts(self, stopped_by: str, spent: Spent) -> Json:
        budget = dict(self.budget.limits())
        common = {"method": self.method, "stopped_by": stopped_by, "budget": budget, "seed": self.seed}
        return {**common, "spent": spent.as_dict()}


@dataclass
class ChatQuestion(Question):
    """A chat, whose answer nothing verifies."""

    messages: Sequence[Mapping[str, str]]
    template: str
    answer_tokens: int
    temperature: float
    stop: Sequence[str]

    def prepare(self) -> None:
        """A chat needs nothing."""

    def think(self, progress: Callable[[Spent], object], cancel: CancelToken) -> Outcome:
        found = think_about_chat(
            self.messages,
            self.model,
            self.budget,
            method=self.method,
            template=self.template,
            answer_tokens=self.answer_tokens,
            temperature=self.temperature,
            stop=self.stop,
            seed=self.seed,
            progress=progress,
            cancel=cancel,
        )
        facts = {
            **self.facts(found.stopped_by, found.spent),
            "max_tokens": self.answer_tokens,
            "verified": False,
            "agreement": found.agreement,
            "samples": found.samples,
        }
        chosen = found.completion
        if chosen is None:
            return Outcome("", "", True, 0, found.spent, facts)
        shown_tokens = 0 if chosen.cached else _answer_tokens(chosen)
        return Outcome(chosen.text, chosen.reasoning, chosen.finish == "length", shown_tokens, found.spent, facts)


@dataclass
class TaskQuestion(Question):
    """A task with a verifier. written: its name and parameters, as `load_task` takes them."""

    written: str
    task: Task | None = field(default=None, init=False)

    def prepare(self) -> None:
        self.task = lt.load_task(self.written)

    def think(self, progress: Callable[[Spent], object], cancel: CancelToken) -> Outcome:
        assert self.task is not None
        found = think(
            self.task,
            self.model,
            self.budget,
            method=self.method,
            seed=self.seed,
            progress=progress,
            cancel=cancel,
        )
        failed = ApiError(500, "the task failed; the log of the server has the details", "task_failed")
        if found.error is not None:
            log.error("the task failed: %s", error_text(found.error))
            if found.text is None:
                raise failed
        facts = {
            **self.facts(found.stopped_by, found.spent),
            "verified": True,
            "task": self.task.name,
            "correct": found.correct,
            "value": found.value,
            "steps": list(found.transcript),
            **({} if found.error is None else {"error": failed.detail}),
        }
        cut = found.text is None and found.stopped_by != "exhausted"
        return Outcome(found.text or "", "", cut, 0, found.spent, facts)


def _answer_tokens(chosen: Completion) -> int:
    """The tokens of an answer without its reasoning: as the model counts them, otherwise by their share of the text."""
    if not chosen.reasoning:
        return chosen.generated_tokens
    if chosen.tokens:
        return min(len(chosen.tokens), chosen.generated_tokens)
    return chosen.generated_tokens * len(chosen.text) // (len(chosen.text) + len(chosen.reasoning))


# ---- From requests ----


def task_methods() -> list[str]:
    """The methods that a request with a task may name: all that can be cancelled."""
    return [name for name, method in methods().items() if method.cancellable]


def check_tasks(names: Sequence[str]) -> None:
    """Raise `UnknownNameError` for the first name that is no task and no family of tasks, without loading any."""
    known = [*TASKS, *(family.removesuffix(":") for family in TASKS.families)]
    for name in names:
        if name.partition(":")[0] not in known:
            raise lt.UnknownNameError.of("task", name, known)


def read_question(
    asked: ChatRequest, model: Model, limits: ServerLimits, tasks: Sequence[str], template: str
) -> Question:
    """The question of a request. tasks: the names it may use. Raises `ApiError`."""
    effort = asked.reasoning_effort or "medium"
    extension = asked.longthink or Extension()
    written = extension.task or _task_of(asked.model, asked.messages)
    method = extension.method or _usual_method(written is not None, effort)
    _check_method(method, written is not None)
    budget = _budget(extension.budget, effort, asked.max_completion_tokens, limits)
    seed = secrets.randbelow(2**31) if asked.seed is None else asked.seed % 2**31
    if written is not None:
        _check_task(written, tasks)
        return TaskQuestion(model, method, budget, seed, written)
    answer_tokens = min(asked.max_tokens or asked.max_completion_tokens or ANSWER_TOKENS, limits.tokens)
    temperature = (0.0 if method == "one" else 1.0) if asked.temperature is None else asked.temperature
    messages = [{"role": each.role, "content": each.text} for each in asked.messages]
    stop = [asked.stop] if isinstance(asked.stop, str) else asked.stop or []
    return ChatQuestion(model, method, budget, seed, messages, template, answer_tokens, temperature, stop)


def _usual_method(task: bool, effort: str) -> str:
    if not task:
        return "one" if effort == "none" else "agreement"
    return "greedy" if effort == "none" else "mcts"


def _check_method(method: str, task: bool) -> None:
    if method in (task_methods() if task else CHAT_METHODS):
        return
    known = [*task_methods(), *CHAT_METHODS]
    if method in known:
        text = f"the method {method!r} is not for chats {'with' if task else 'without'} a task"
        raise ApiError(422, text, "invalid_method", "longthink.method")
    text = f"longthink.method: expected one of {', '.join(known)}, got {shown(method)}"
    raise ApiError(400, text, "invalid_value", "longthink.method")


def _budget(asked: BudgetLimits | None, effort: str, completion_tokens: int | None, limits: ServerLimits) -> Budget:
    """What a request may spend, within the limits of the server."""
    given: dict[str, Any] = {} if asked is None else asked.limits()
    tokens = limits.tokens if asked is not None else EFFORTS.get(effort, limits.tokens)
    given["tokens"] = min(given.get("tokens", tokens), limits.tokens)
    given["seconds"] = min(given.get("seconds", math.inf), limits.seconds)
    if completion_tokens:
        given["generated_tokens"] = min(given.get("generated_tokens", math.inf), completion_tokens)
    return Budget(**given)


def _task_of(model: str, messages: Sequence[Message]) -> str | None:
    """The task of a model "longthink/NAME"; its parameters are the last message of the user."""
    _, slash, name = model.partition("/")
    if not slash:
        return None
    said = next((each.text.strip() for each in reversed(messages) if each.role == "user"), "")
    if said.partition("(")[0].strip().partition(":")[0] == name.partition(":")[0]:
        return said
    return f"{name}({said})"


def _check_task(written: str, tasks: Sequence[str]) -> None:
    """Raise `ApiError` for a task that is not among `tasks`, or whose parameters are out of bounds."""
    name, bracket, inside = written.partition("(")
    name = name.strip()
    if len(written) > 1000 or not {name, name.partition(":")[0]} & set(tasks):
        text = f"expected a task of {', '.join(tasks)}, in at most 1000 characters, got {shown(written)}"
        raise ApiError(422, text, "invalid_task")
    try:
        _, parameters = parse(f"task({inside}") if bracket else ("", {})
        for key, value in parameters.items():
            if key == "seed":
                seed_number(value)
            elif not _is_small(value, 3):
                raise lt.ParameterError(
                    f"{key} expects numbers from -{_LARGEST:,} to {_LARGEST:,}, and texts and lists of at most "
                    f"{_LONGEST} characters or values, got {shown(value)}"
                )
    except (lt.LongthinkError, *UNMADE) as error:
        raise cannot_make(error) from error


def cannot_make(error: Exception) -> ApiError:
    """The error for a task that its maker refuses."""
    return ApiError(422, f"this task cannot be made: {str(error)[:500]}", "invalid_task")


def _is_small(value: Any, depth: int) -> bool:
    """Whether no task gets larger by this parameter than anybody needs. depth: of lists in lists."""
    if isinstance(value, (int, float)):
        return abs(value) <= _LARGEST
    if isinstance(value, str):
        return len(value) <= _LONGEST
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        return depth > 0 and len(value) <= _LONGEST and all(_is_small(each, depth - 1) for each in value)
    return value is None
