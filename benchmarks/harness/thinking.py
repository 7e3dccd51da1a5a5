"""`think_case`: a case of a study that thinks about one task. All studies of language methods run their cases by it."""

from __future__ import annotations

import time
from typing import Any

from longthink.benchmarks.harness.record import JSON, Outcome
from longthink.benchmarks.harness.study import Context
from longthink.bridge.models.model import Model
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import think
from longthink.search.budget import Budget, Spent


def think_case(
    task: Task, model: Model | None, budget: Budget, context: Context, *, trace: bool = False, **arguments: Any
) -> Outcome:
    """Think about a task, and return the outcome of the case (`outcome_of`), with "cpu_seconds" of this process.

    arguments: of `think`, for example method, seed and the options of the method. trace: keep the tree of the thinking.

    CPU-seconds say more than seconds, because cases run side by side. Thinking ends with a solution, so those of the
    solution are those of the whole thinking.

    Raises `KeyboardInterrupt` if the thinking was interrupted or cancelled: such a case has no record. Raises the error
    of a verifier, a proposer, a tool or the model if the thinking failed.
    """
    started = time.process_time()
    answer = think(task, model, budget, progress=reporter(budget, context), cancel=context.cancel, **arguments)
    return outcome_of(task, answer, cpu_seconds=time.process_time() - started, trace=trace)


def outcome_of(task: Task, answer: Answer, *, cpu_seconds: float | None = None, trace: bool = False) -> Outcome:
    """The outcome of thinking about a task. Raises what `think_case` raises.

    scores: "solved", 0 or 1, and "value", in [0, 1]. spent: the measures of `Spent`. curve: one point if the task is
    solved, with "solved" 1 and what had been spent by then; otherwise none. artifacts: "prompt", "answer",
    "stopped_by", "proposals" (how many of each kind), and "trace" if it is kept.
    """
    if answer.stopped_by in ("interrupted", "cancelled"):
        raise KeyboardInterrupt
    if answer.error is not None:
        raise answer.error
    artifacts: dict[str, JSON] = {
        "prompt": task.prompt,
        "answer": answer.text,
        "stopped_by": answer.stopped_by,
        "proposals": dict(answer.kinds),
    }
    if trace:
        artifacts["trace"] = answer.trace.as_dict()
    took = {} if cpu_seconds is None else {"cpu_seconds": cpu_seconds}
    at = answer.solved_at
    return Outcome(
        scores={"solved": float(answer.correct), "value": answer.value},
        spent={**answer.spent.as_dict(), **took},
        curve=[] if at is None else [{**at.as_dict(), **took, "solved": 1.0}],
        artifacts=artifacts,
    )


def reporter(budget: Budget, context: Context) -> Any:
    """The `progress` of thinking that tells the context of a case the share of the budget that is spent."""

    def report(spent: Spent, *_: int) -> None:
        context.progress(budget.share_spent(spent))

    return report
