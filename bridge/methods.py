"""Methods: ways to spend a budget on a task, all on equal terms, and the registry that finds one by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from longthink.bridge.language_game import LanguageGame
from longthink.bridge.model import Model
from longthink.bridge.proposer import Proposer, UniformProposer, legal_grammar, proposer_for
from longthink.bridge.task import Task, Transcript
from longthink.bridge.trace import Trace
from longthink.errors import ParameterError, UnknownNameError
from longthink.search.budget import Budget, Spent
from longthink.search.mcts import MCTS
from longthink.search.rules import PUCT

TRACE_NODES = 400
_FRUITLESS = 10_000  # simulations in a row that reach nothing but finished transcripts


@dataclass
class Thinking:
    """A piece of thinking under way: what it may spend, what it has, and the best it has found.

    A method calls `stop()` before everything that costs, `spend(...)` after, and `found(...)` for every finished
    transcript it has verified.
    """

    task: Task
    model: Model | None
    budget: Budget
    seed: int = 0
    proposer: Proposer | None = None
    progress: Callable[[Spent], object] | None = None
    spent: Spent = field(default_factory=Spent)
    text: str | None = None
    value: float = 0.0
    transcript: Transcript = ()
    trace: Trace | None = None
    solved_at: Spent | None = None
    stopped_by: str = "done"
    _started: float = field(default_factory=time.perf_counter)

    def spend(self, more: Spent) -> None:
        self.spent += more
        self.spent.seconds = time.perf_counter() - self._started

    def stop(self) -> bool:
        """Whether to end here: a limit is reached, or a correct answer is found."""
        self.spent.seconds = time.perf_counter() - self._started
        if self.progress is not None:
            self.progress(self.spent)
        if self.value >= 1.0:
            self.stopped_by = "solved"
            return True
        limit = self.budget.reached(self.spent)
        if limit is not None:
            self.stopped_by = limit
        return limit is not None

    def found(self, text: str, value: float, transcript: Transcript = ()) -> None:
        """A verified answer; the best one stays."""
        if self.text is None or value > self.value:
            self.text, self.value, self.transcript = text, value, transcript
        if value >= 1.0 and self.solved_at is None:
            self.spent.seconds = time.perf_counter() - self._started
            self.solved_at = replace(self.spent)


@dataclass(frozen=True)
class Method:
    """A registered method; it works on a `Thinking` until that says stop."""

    name: str
    summary: str
    run: Callable[[Thinking], None]
    needs_model: bool = True


def greedy(thinking: Thinking) -> None:
    """One transcript, the likeliest step each time."""
    _write(thinking, temperature=0.0, seed=thinking.seed)


def best_of_n(thinking: Thinking) -> None:
    """Transcripts sampled one after the other; the verifier picks the best."""
    n = 0
    while not thinking.stop():
        _write(thinking, temperature=1.0, seed=thinking.seed + 7919 * n)
        n += 1


def _write(thinking: Thinking, temperature: float, seed: int) -> None:
    """Write one transcript with the model, step by step among the legal steps, and verify it."""
    task, model, transcript = thinking.task, thinking.model, thinking.task.initial
    if model is None:
        raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")
    while not task.done(transcript):
        if thinking.stop():
            return
        steps = task.legal_steps(transcript)
        grammar = legal_grammar(steps) if steps and model.grammars else None
        (written,) = model.complete(
            task.context(transcript), max_tokens=64, temperature=temperature, stop=["\n"], seed=seed, grammar=grammar
        )
        thinking.spend(written.spent)
        step = task.parse_step(transcript, written.text)
        if step is None:
            return  # what it wrote is no step: this transcript leads nowhere
        transcript = (*transcript, step)
    thinking.found(task.answer(transcript), task.verify(transcript), transcript)


def search(thinking: Thinking) -> None:
    """Tree search over the proposals of the model, each new state costing one look by the proposer.

    PUCT on the C tree. A transcript that is not finished counts as not solved, so that visits follow the priors until
    something is found; a finished one counts as the verifier says.
    """
    if thinking.proposer is not None:
        _search(thinking, thinking.proposer)
    elif thinking.model is not None:
        _search(thinking, proposer_for(thinking.task, thinking.model, thinking.seed))
    else:
        raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")


def uniform(thinking: Thinking) -> None:
    """The same search where every legal step is proposed as equally likely: no model."""
    _search(thinking, UniformProposer())


def _search(thinking: Thinking, proposer: Proposer) -> None:
    language = LanguageGame(thinking.task, proposer)
    tree = MCTS(language.game, PUCT(c=1.25), seed=thinking.seed, memory_bytes=64 << 20)
    fruitless = 0
    try:
        while not thinking.stop() and fruitless < _FRUITLESS:
            before, cost = tree.simulations, proposer.spent
            leaves = tree.ask(1, attempts=1)
            fruitless = 0 if len(leaves) else fruitless + 1  # all that it reaches is finished
            for ticket, state in zip(leaves.tickets, leaves.states, strict=True):
                proposals = language.propose(language.transcript(state.history()))
                if proposals:
                    tree.tell([ticket], [0.0], [[p.prior for p in proposals]])
                else:
                    tree.forget([ticket])
            more = Spent(simulations=max(0, tree.simulations - before), nodes=max(0, tree.nodes - thinking.spent.nodes))
            thinking.spend(
                more
                + Spent(
                    tokens=proposer.spent.tokens - cost.tokens,
                    calls=proposer.spent.calls - cost.calls,
                    money=proposer.spent.money - cost.money,
                )
            )
            _take_best(thinking, language)
        if fruitless >= _FRUITLESS:
            thinking.stopped_by = "exhausted"
    finally:
        _take_best(thinking, language)
        thinking.trace = Trace.of(language, tree.tree(max_nodes=TRACE_NODES))


def _take_best(thinking: Thinking, language: LanguageGame) -> None:
    if language.best is not None:
        value, transcript = language.best
        if thinking.text is None or value > thinking.value:
            thinking.found(thinking.task.answer(transcript), value, transcript)


def exhaustive(thinking: Thinking) -> None:
    """The task's own solver: the method made for its domain."""
    solved = thinking.task.solve()
    if solved is None:
        raise ParameterError(f"{thinking.task.name} has no solver of its own; use another method")
    thinking.spend(Spent(nodes=solved.nodes))
    if solved.answer is not None:
        thinking.found(solved.answer, thinking.task.check(solved.answer))


# One line for each method.
_METHODS = {
    method.name: method
    for method in (
        Method("greedy", "the model's likeliest step each time", greedy),
        Method("best_of_n", "sampled answers, the best by the verifier", best_of_n),
        Method("search", "tree search over the model's proposals", search),
        Method("uniform", "tree search over all legal steps, no model", uniform, needs_model=False),
        Method("exhaustive", "the task's own solver", exhaustive, needs_model=False),
    )
}


def methods() -> Mapping[str, Method]:
    """The registered methods by name."""
    return dict(_METHODS)


def method(name: str) -> Method:
    """The method of this name. Raises `UnknownNameError` with near matches."""
    if name not in _METHODS:
        raise UnknownNameError.of("method", name, _METHODS)
    return _METHODS[name]
