"""`think`: spend a budget on a task and get the best answer found."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longthink.bridge.methods import Method, Thinking
from longthink.bridge.methods import method as find_method
from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.with_kinds import Kinds, WithKinds, with_kinds
from longthink.bridge.proposals.proposer import Proposer
from longthink.bridge.runtime.scheduler import finish
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.traces.log import TraceLog
from longthink.bridge.traces.page import trace_page
from longthink.bridge.traces.trace import Trace
from longthink.errors import LongthinkError, ModelError, ParameterError, error_text
from longthink.files import write_file
from longthink.search.budget import Budget, Spent
from longthink.validation import shown


@dataclass
class Answer:
    """What thinking found: the best answer so far, and what it cost.

    text: None where no transcript was finished. correct: the verifier gave 1. value: what it gave, in [0, 1].
    transcript: the steps that lead to it. trace: the tree of what was looked at. page: the file that shows it, where
    `think` was given a folder for traces; the log, of JSON lines, has the same name. solved_at: what had been
    spent when the first correct answer was found. stopped_by: the limit reached, "solved", "done", "exhausted"
    (everything proposed was looked at), "agreed" (a vote that needs no more voters), "interrupted" or "failed". error:
    what ended it where that is "failed": what a verifier, a scorer, a proposer, a tool or the model has raised; the
    rest is what was found before. kinds: how many proposals of each kind there were. left_out: how many more a tree
    search had than it takes, which is the likeliest 1,024 of a state.

    It can be pickled; an error that cannot be then becomes a `LongthinkError` with its text.
    """

    text: str | None
    correct: bool
    value: float
    transcript: Transcript
    trace: Trace
    spent: Spent
    method: str
    solved_at: Spent | None
    stopped_by: str
    kinds: Mapping[str, int]
    page: Path | None = None
    error: Exception | None = None
    left_out: int = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "error": _picklable(self.error)}

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it early; everything here is its best so far."""
        return self.stopped_by == "interrupted"


def think(
    task: Task,
    model: Model | None,
    budget: Budget,
    *,
    method: str = "mcts",
    proposer: Proposer | None = None,
    kinds: Kinds | None = None,
    seed: int = 0,
    progress: Callable[[Spent], object] | None = None,
    spent: Spent | None = None,
    trace: str | Path | None = None,
    **options: Any,
) -> Answer:
    """Think about `task` until `budget` is spent or a correct answer is found, and give the best answer.

    method: a name of `methods()`; options: what else that method takes, as in method="beam", width=8. proposer: in
    place of the one that fits task and model, for methods that have one. kinds: the kinds of proposals that a search
    chooses among, of `kinds()`, as in ("step", "answer"), or how likely it is to choose each at first, by name; by
    default those of the task. spent: what has been spent of the budget already. A limit is passed by at most what one
    answer takes. What its prompts begin with in common counts once, if the model remembers prompts (docs/models.md).
    As many requests as the model has slots are under way at once. Ctrl-C ends it with the best so far, once the answers
    that are under way have come; a second one does not wait for them. trace: a folder, to which a log of all that was
    asked and answered is written, as JSON lines, and a page that shows the tree; no secrets are in them.

    If a verifier, a scorer, a proposer or a tool raises, thinking ends; the error is the answer's `error`, beside what
    was found before. Raises `UnknownNameError` for a method, option or kind that does not exist, `ParameterError` for
    a budget without a limit, `ModelError` if the model fails: what was found until then is its `answer`. What
    `progress` raises goes on to the caller.
    """
    chosen = checked(method, options, model, budget, proposer)
    thinking = started(task, model, budget, method, options, proposer, kinds, seed, progress, spent, trace)
    try:
        finish(chosen.run(thinking, **options), thinking.desk)
    except KeyboardInterrupt:
        thinking.stopped_by = "interrupted"
    except ModelError as error:
        thinking.fail(error)
        error.answer = answer_of(thinking, method, options)
        raise
    except Exception as error:
        if thinking.fail(error):
            answer_of(thinking, method, options)
            raise
    except BaseException:  # the program ends; the trace has its end, too
        thinking.stopped_by = "interrupted"
        answer_of(thinking, method, options)
        raise
    return answer_of(thinking, method, options)


def checked(
    method: str, options: Mapping[str, Any], model: Model | None, budget: Budget, proposer: Proposer | None
) -> Method:
    """The method of this name, where all that it needs is there."""
    chosen = find_method(method)
    chosen.check(options)
    if budget == Budget() and method not in ("greedy", "exhaustive"):
        raise ParameterError("think needs a limit, as in Budget(tokens=5000) or Budget(seconds=30)")
    if chosen.needs_model and model is None and proposer is None:
        raise ParameterError(f"the method {method!r} needs a model, as in think(task, load_model(), budget)")
    return chosen


def started(
    task: Task,
    model: Model | None,
    budget: Budget,
    method: str,
    options: Mapping[str, Any],
    proposer: Proposer | None,
    kinds: Kinds | None,
    seed: int,
    progress: Callable[[Spent], object] | None,
    spent: Spent | None,
    trace: str | Path | None,
) -> Thinking:
    """A piece of thinking before it begins, with its log opened."""
    task = with_kinds(task, kinds)
    before = Spent() if spent is None else replace(spent)
    thinking = Thinking(task, model, budget, seed, proposer, progress, before)
    if trace is not None:
        facts = _facts(thinking, method, options)
        thinking.log = TraceLog(Path(trace) / f"{_file_name(facts)}.jsonl")
        thinking.log.write("think", **facts)
    return thinking


def _file_name(facts: Mapping[str, Any]) -> str:
    """A name for the files of a trace: the same for the same `_facts`, another one for all others."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", facts["task"]).strip("-")[:60].strip("-")
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=_written).encode()).hexdigest()
    return f"{words}.{facts['method']}.{facts['seed']}.{digest[:12]}"


def _facts(thinking: Thinking, method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What was to be done, for the trace."""
    task = thinking.task
    weights = task.weights if isinstance(task, WithKinds) else {}
    before = {name: value for name, value in thinking.spent.as_dict().items() if name != "seconds"}
    return {
        "task": task.name,
        "prompt": task.prompt,
        "model": None if thinking.model is None else thinking.model.name,
        "method": method,
        "options": {name: _written(value) for name, value in options.items()},
        "kinds": list(task.kinds),
        "budget": dict(thinking.budget.limits()),
        "seed": thinking.seed,
        **({"weights": weights} if set(weights.values()) - {1.0} else {}),
        **({"spent before": before} if before else {}),
        **({"proposer": _written(thinking.proposer)} if thinking.proposer is not None else {}),
    }


def _written(value: Any) -> Any:
    """A value of an option in a form that is the same in every process."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    name = getattr(value, "__qualname__", None)
    return re.sub(r" at 0x[0-9a-f]+", "", shown(value, 1000)) if name is None else f"{value.__module__}.{name}"


def _picklable(error: Exception | None) -> Exception | None:
    """The error, or its text as one of ours if it would not come back from a pickle."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return LongthinkError(error_text(error))
    return error


def answer_of(thinking: Thinking, method: str, options: Mapping[str, Any]) -> Answer:
    """What a piece of thinking that has ended comes to; its page is written."""
    thinking.spend(Spent())
    if thinking.value >= 1.0 and thinking.stopped_by == "done":
        thinking.stopped_by = "solved"
    thinking.trace.choose(thinking.line, thinking.value >= 1.0)
    answer = Answer(
        text=thinking.text,
        correct=thinking.value >= 1.0,
        value=thinking.value,
        transcript=thinking.transcript,
        trace=thinking.trace,
        spent=thinking.spent,
        method=method,
        solved_at=thinking.solved_at,
        stopped_by=thinking.stopped_by,
        kinds=dict(thinking.kinds),
        error=thinking.error,
        left_out=thinking.left_out,
    )
    log = thinking.log
    if log is not None:
        facts = {
            "answer": answer.text,
            "value": answer.value,
            "correct": answer.correct,
            "stopped_by": answer.stopped_by,
            "error": error_text(answer.error),
            "proposals": answer.kinds,
            "left_out": answer.left_out,
            "spent": answer.spent.as_dict(),
            "solved_at": None if answer.solved_at is None else answer.solved_at.as_dict(),
        }
        log.write("end", **facts)
        page = trace_page({**_facts(thinking, method, options), **facts}, answer.trace)
        path = log.path.with_suffix(".html")
        log.attempt(lambda: write_file(path, page.encode("utf-8", "backslashreplace")))
        answer.page = None if log.broken else path
    return answer
