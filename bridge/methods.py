"""Methods: ways to spend a budget on a task, all on equal terms, and the registry that finds one by name."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, TypeVar

import numpy as np

from longthink.bridge.language_game import LanguageGame
from longthink.bridge.model import Completion, Model, Request
from longthink.bridge.proposer import Proposal, Proposer, UniformProposer, legal_grammar, proposer_for
from longthink.bridge.task import Task, Transcript
from longthink.bridge.trace import Trace
from longthink.bridge.work import Work, Workshop
from longthink.errors import ParameterError, UnknownNameError
from longthink.search.budget import Budget, Spent
from longthink.search.mcts import MCTS
from longthink.search.rules import PUCT

T = TypeVar("T")

TRACE_NODES = 400
_NOT_SOLVED = np.zeros(1)
_FRUITLESS = 10_000  # simulations in a row that reach nothing but finished transcripts


@dataclass
class Thinking:
    """A piece of thinking under way: what it may spend, what it has, and the best it has found.

    A method that asks the model gives its work to `work_through`, and says `found(...)` of every finished transcript it
    has verified; one that spends something else asks `stop()` before it and says `spend(...)` after.
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

    def __post_init__(self) -> None:
        self._began = time.monotonic() - self.spent.seconds
        self._limits = self.budget.limits()
        self._request_limits = [each for each in self._limits if each[0] not in ("simulations", "nodes")]

    def spend(self, more: Spent) -> None:
        self.spent += more
        self.spent.seconds = time.monotonic() - self._began

    def stop(self) -> bool:
        """Whether to end here: a limit is reached, or a correct answer is found."""
        self.spent.seconds = time.monotonic() - self._began
        if self.progress is not None:
            self.progress(self.spent)
        if self.value >= 1.0:
            self.stopped_by = "solved"
            return True
        for name, limit in self._limits:
            if getattr(self.spent, name) >= limit:
                self.stopped_by = name
                return True
        return False

    def affords(self, reserved: Spent) -> bool:
        """Whether there is something left for a request, once what is `reserved` has been spent too."""
        for name, limit in self._request_limits:
            if getattr(self.spent, name) + getattr(reserved, name) >= limit:
                return False
        return self.value < 1.0

    def until(self) -> float | None:
        """When time is up, as `time.monotonic()` tells it."""
        return None if self.budget.seconds is None else self._began + self.budget.seconds

    def work_through(
        self,
        model: Model | None,
        begin: Callable[[], tuple[Any, Work[T]] | None],
        end: Callable[[Any, T | None], None],
    ) -> None:
        """Keep the slots of `model` full until it is time to stop; see `Workshop.run`."""
        Workshop(self, model).run(begin, end)

    def found(self, text: str, value: float, transcript: Transcript = ()) -> None:
        """A verified answer; the best one stays."""
        if self.text is None or value > self.value:
            self.text, self.value, self.transcript = text, value, transcript
        if value >= 1.0 and self.solved_at is None:
            self.spent.seconds = time.monotonic() - self._began
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
    _write(thinking, [(0.0, thinking.seed)])


def best_of_n(thinking: Thinking) -> None:
    """Transcripts sampled one beside the other; the verifier picks the best."""
    _write(thinking, ((1.0, thinking.seed + 7919 * n) for n in count()))


def _write(thinking: Thinking, manners: Iterable[tuple[float, int]]) -> None:
    """Write a transcript for each temperature and seed, and verify it."""
    if thinking.model is None:
        raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")
    task, model, left = thinking.task, thinking.model, iter(manners)

    def begin() -> tuple[None, Work[Transcript | None]] | None:
        manner = next(left, None)
        return None if manner is None else (None, _writing(task, model, *manner))

    def end(key: None, transcript: Transcript | None) -> None:
        if transcript is not None:
            thinking.found(task.answer(transcript), task.verify(transcript), transcript)

    thinking.work_through(model, begin, end)


def _writing(task: Task, model: Model, temperature: float, seed: int) -> Work[Transcript | None]:
    """Write one transcript step by step among the legal steps; None where it leads nowhere."""
    transcript = task.initial
    while not task.done(transcript):
        steps, context = task.legal_steps(transcript), task.context(transcript)
        if steps and model.scores:
            scored = yield Request(context, choices=tuple(steps))
            step = None if scored is None else _chosen(scored, temperature, f"{seed} {len(transcript)}")
        else:
            grammar = legal_grammar(steps) if steps and model.grammars else None
            written = yield Request(context, temperature=temperature, stop=("\n",), seed=seed, grammar=grammar)
            step = None if written is None else task.parse_step(transcript, written[0].text)
        if step is None:
            return None
        transcript = (*transcript, step)
    return transcript


def _chosen(scored: Sequence[Completion], temperature: float, seed: str) -> str:
    """One of the texts that a model has scored: the likeliest, or a sample."""
    logprobs = [completion.logprob or 0.0 for completion in scored]
    if temperature == 0:
        return scored[logprobs.index(max(logprobs))].text
    return Random(seed).choices(scored, [math.exp(logprob / temperature) for logprob in logprobs])[0].text


def search(thinking: Thinking) -> None:
    """Tree search over the proposals of the model, each new state costing one look by the proposer.

    PUCT on the C tree. A transcript that is not finished counts as not solved, so that visits follow the priors until
    something is found; a finished one counts as the verifier says.
    """
    _search(thinking, _proposer(thinking))


def _proposer(thinking: Thinking) -> Proposer:
    if thinking.proposer is not None:
        return thinking.proposer
    if thinking.model is not None:
        return proposer_for(thinking.task, thinking.model, thinking.seed)
    raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")


def uniform(thinking: Thinking) -> None:
    """The same search where every legal step is proposed as equally likely: no model."""
    _search(thinking, UniformProposer())


def _search(thinking: Thinking, proposer: Proposer) -> None:
    language, task = LanguageGame(thinking.task, proposer), thinking.task
    tree = MCTS(language.game, PUCT(c=1.25), seed=thinking.seed, memory_bytes=64 << 20)
    before = replace(thinking.spent)
    fruitless = 0

    def begin() -> tuple[tuple[Any, Transcript], Work[list[Proposal] | None]] | None:
        """The next leaf worth asking about; those at an end of the game are valued on the way."""
        nonlocal fruitless
        while fruitless < _FRUITLESS:
            leaves = tree.ask(1, attempts=1)
            made, thinking.spent.simulations = thinking.spent.simulations, before.simulations + tree.simulations
            if len(leaves):
                fruitless = 0
                transcript = language.transcript_at(leaves.buffers[0])
                return (leaves.tickets, transcript), proposer.work(task, transcript)
            if tree.pending and thinking.spent.simulations == made:
                return None  # nothing else is worth asking about until one is told
            fruitless += 1  # it reaches what is finished
            _take_best(thinking, language)
            if thinking.stop():
                return None
        if not tree.pending:
            thinking.stopped_by = "exhausted"
        return None

    def end(key: tuple[Any, Transcript], proposals: list[Proposal] | None) -> None:
        tickets, transcript = key
        if proposals is None or not language.learn(transcript, proposals):
            tree.forget(tickets)
        else:
            tree.tell(tickets, _NOT_SOLVED, [[proposal.prior for proposal in proposals]])
        thinking.spent.nodes = before.nodes + tree.nodes
        _pay(thinking, proposer)
        _take_best(thinking, language)

    try:
        thinking.work_through(proposer.model or thinking.model, begin, end)
    finally:
        _take_best(thinking, language)
        thinking.trace = Trace.of(language, tree.tree(max_nodes=TRACE_NODES))


def _pay(thinking: Thinking, proposer: Proposer) -> None:
    """Count what a proposer has spent that asks by itself."""
    if proposer.model is None:
        cost, proposer.spent = proposer.spent, Spent()
        thinking.spend(cost)


def _take_best(thinking: Thinking, language: LanguageGame) -> None:
    if language.best is not None:
        value, transcript = language.best
        if thinking.text is None or value > thinking.value:
            thinking.found(thinking.task.answer(transcript), value, transcript)


def best_first(thinking: Thinking) -> None:
    """The likeliest transcript of all goes on, and each is looked at once: search by probability alone.

    Where nothing but a finished transcript has a value, simulations that come back to a state learn nothing, and none
    do. A simulation is a transcript that goes on or, finished, is verified.
    """
    task, proposer = thinking.task, _proposer(thinking)
    waiting: list[tuple[float, Transcript]] = [(0.0, task.initial)]  # with how unlikely they are, in nats

    def begin() -> tuple[tuple[float, Transcript], Work[list[Proposal] | None]] | None:
        while waiting and not thinking.stop():
            nats, transcript = heappop(waiting)
            thinking.spend(Spent(simulations=1))
            if not task.done(transcript):
                return (nats, transcript), proposer.work(task, transcript)
            thinking.found(task.answer(transcript), task.verify(transcript), transcript)
        return None

    def end(key: tuple[float, Transcript], proposals: list[Proposal] | None) -> None:
        nats, transcript = key
        _pay(thinking, proposer)
        for proposal in proposals or []:
            if proposal.prior > 0:
                heappush(waiting, (nats - math.log(proposal.prior), (*transcript, proposal.text)))

    thinking.work_through(proposer.model or thinking.model, begin, end)
    if not waiting and thinking.value < 1.0 and thinking.stopped_by == "done":
        thinking.stopped_by = "exhausted"


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
        Method("best_first", "the likeliest transcript so far goes on", best_first),
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
