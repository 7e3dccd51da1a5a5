"""`think`: spend a budget on a task and get the best answer found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from longthink.bridge.methods import Thinking
from longthink.bridge.methods import method as find_method
from longthink.bridge.model import Model
from longthink.bridge.proposer import Proposer
from longthink.bridge.task import Task, Transcript
from longthink.bridge.trace import Trace
from longthink.errors import ModelError, ParameterError
from longthink.search.budget import Budget, Spent


@dataclass
class Answer:
    """What thinking found: the best answer so far, and what it cost.

    text: None where no transcript was finished. correct: the verifier gave 1. value: what it gave, in [0, 1].
    transcript: the steps that lead to it. trace: the search tree, where the method has one. solved_at: what had been
    spent when the first correct answer was found. stopped_by: the limit reached, "solved", "done", "exhausted"
    (everything proposed was looked at), "interrupted" or "failed".
    """

    text: str | None
    correct: bool
    value: float
    transcript: Transcript
    trace: Trace | None
    spent: Spent
    method: str
    solved_at: Spent | None
    stopped_by: str

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it early; everything here is its best so far."""
        return self.stopped_by == "interrupted"


def think(
    task: Task,
    model: Model | None,
    budget: Budget,
    *,
    method: str = "search",
    proposer: Proposer | None = None,
    seed: int = 0,
    progress: Callable[[Spent], object] | None = None,
    spent: Spent | None = None,
) -> Answer:
    """Think about `task` until `budget` is spent or a correct answer is found, and give the best answer.

    method: "search", "best_first", "uniform", "best_of_n", "greedy" or "exhaustive". proposer: of the first two, in
    place of the one that fits task and model. spent: what an earlier piece of the same thinking has spent of the budget
    already; with a model that has a request cache, it goes on where that one ended. A limit is passed by at most what
    one answer takes. As many requests as the model has slots are under way at once. Ctrl-C ends it with the best so
    far, once the answers that are under way have come; a second one does not wait for them.

    Raises `UnknownNameError`, `ParameterError` for a budget without a limit, `ModelError` where the model fails: what
    was found until then is its `answer`.
    """
    chosen = find_method(method)
    if budget == Budget() and method not in ("greedy", "exhaustive"):
        raise ParameterError("think needs a limit, as in Budget(tokens=5000) or Budget(seconds=30)")
    if chosen.needs_model and model is None and proposer is None:
        raise ParameterError(f"the method {method!r} needs a model, as in think(task, load_model(), budget)")
    thinking = Thinking(task, model, budget, seed, proposer, progress, Spent() if spent is None else replace(spent))
    try:
        chosen.run(thinking)
    except KeyboardInterrupt:
        thinking.stopped_by = "interrupted"
    except ModelError as error:
        thinking.stopped_by = "failed"
        error.answer = _answer(thinking, method)
        raise
    return _answer(thinking, method)


def _answer(thinking: Thinking, method: str) -> Answer:
    thinking.spend(Spent())
    if thinking.value >= 1.0 and thinking.stopped_by == "done":
        thinking.stopped_by = "solved"
    return Answer(
        text=thinking.text,
        correct=thinking.value >= 1.0,
        value=thinking.value,
        transcript=thinking.transcript,
        trace=thinking.trace,
        spent=thinking.spent,
        method=method,
        solved_at=thinking.solved_at,
        stopped_by=thinking.stopped_by,
    )
