"""`think`: spend a budget on a task and get the best answer found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from longthink.bridge.methods.method import Method
from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.with_kinds import Kinds
from longthink.bridge.proposals.proposer import Proposer
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.runtime.session import Session
from longthink.bridge.tasks.task import Task
from longthink.bridge.tasks.verifier import Verifier
from longthink.concurrency import CancelToken
from longthink.search.budget import Budget, Spent


def think(
    task: Task,
    model: Model | None,
    budget: Budget,
    *,
    method: str | type[Method] | Method = "mcts",
    proposer: Proposer | None = None,
    kinds: Kinds | None = None,
    verifier: str | Verifier | None = None,
    seed: int = 0,
    progress: Callable[[Spent], object] | None = None,
    cancel: CancelToken | None = None,
    spent: Spent | None = None,
    trace: str | Path | None = None,
    **options: Any,
) -> Answer:
    """Think about `task` until `budget` is spent or a correct answer is found, and return the best answer.

    method: a name of `methods()`, a class derived from `Method`, or an object of one. options: those of the method, as
    in method="beam", width=8. proposer: instead of the one that fits task and model. kinds: the kinds of proposals that
    a search chooses between, names of `kinds()` as in ("step", "answer"), or initial weights by name; by default those
    of the task. verifier: values finished transcripts instead of the task: a function of task and
    transcript, or a name of `verifiers()`. progress: called with what is spent, many times. cancel: a token; after
    `cancel()` the best answer so far is returned, with `stopped_by` "cancelled". spent: what was spent of the budget
    before. trace: a folder for a log of all requests and answers, as JSON lines, and a page that shows the tree; both
    without secrets.

    As many requests as the model has slots are in flight at once. A limit is exceeded by the cost of one answer at
    most. If the model remembers prompts, the common beginning of prompts counts once (docs/models.md). Ctrl-C ends the
    work with the best answer so far, after the answers in flight have come; a second Ctrl-C does not wait for them.

    If a verifier, a score, a proposer or a tool raises, thinking ends, and the error is the `error` of the answer.
    Raises `UnknownNameError` for a method, option, kind or verifier that does not exist, `ParameterError` for a budget
    without a limit or a wrong option, `ModelError` if the model fails: its `answer` is what was found before. What
    `progress` raises goes to the caller.
    """
    session = Session(
        task, model, budget, method=method, proposer=proposer, kinds=kinds, verifier=verifier, seed=seed,
        progress=progress, cancel=cancel, spent=spent, trace=trace, **options,
    )  # fmt: skip
    return session.run()
