"""Tree search on the C tree: `mcts` over what the model proposes, and `uniform` over all legal steps."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.proposals.language_game import LanguageGame
from longthink.bridge.proposals.proposer import Proposal, Proposer, UniformProposer
from longthink.bridge.runtime.scheduler import Turns, Work
from longthink.bridge.runtime.session import Thinking
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.traces.trace import TRACE_NODES, Trace
from longthink.errors import ParameterError, UnknownNameError
from longthink.search.budget import Spent
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.rules import GRAVE, PUCT, RAVE, UCT, Gumbel, Rule, Thompson, UCB1Tuned

_RULES: dict[str, type[Rule]] = {rule.kind: rule for rule in (UCT, UCB1Tuned, Thompson, PUCT, RAVE, GRAVE, Gumbel)}
_Looked = tuple[list[Proposal] | None, float]
"""The proposals for a leaf, None where nothing was learned, and its value."""


def mcts(thinking: Thinking, rule: Rule | str = "puct", playouts: bool = True) -> Turns:
    """Monte Carlo tree search over the proposals of the model, each new state costing one look by the proposer.

    rule: a rule of the engine, as in `UCT(c=1)`, or its name. playouts: a new state is worth what the verifier says of
    a transcript that the model writes from there to its end, step by step; what was proposed on the way is kept.
    Without, it counts as not solved, so that visits follow the priors until something is found. A finished transcript
    counts once, as the verifier says, and is closed. Kocsis and Szepesvari, ECML 2006; the rules say what is theirs.
    """
    if isinstance(rule, str):
        if rule not in _RULES:
            raise UnknownNameError.of("rule", rule, _RULES)
        rule = _RULES[rule]()
    if not isinstance(rule, Rule):
        raise ParameterError(f"mcts: rule expects a rule as in UCT(c=1), or its name, got {rule!r}")
    if isinstance(rule, Gumbel) and rule.simulations is None:
        if thinking.budget.simulations is None:
            raise ParameterError("mcts: Gumbel plans its simulations; give Budget(simulations=...)")
        rule = replace(rule, simulations=thinking.budget.simulations)
    yield from _search(thinking, thinking.the_proposer(), rule, playouts)


def uniform(thinking: Thinking) -> Turns:
    """The same search without playouts where every legal step is proposed as equally likely: no model."""
    yield from _search(thinking, UniformProposer(), PUCT(), playouts=False)


def _search(thinking: Thinking, proposer: Proposer, rule: Rule, playouts: bool) -> Turns:
    task = thinking.task
    language = LanguageGame(task, proposer, lambda task, transcript: thinking.verify(transcript), once=True)
    tree = MCTS(language.game, rule, seed=thinking.seed, memory_bytes=64 << 20)
    before = replace(thinking.spent)

    def begin() -> tuple[tuple[Any, Transcript], Work[_Looked]] | None:
        """The next leaf worth asking about; what is finished is valued on the way."""
        while True:
            made = tree.simulations  # fewer than there were, where a leaf without proposals was forgotten
            leaves = tree.ask(1, attempts=1)
            thinking.spent.simulations = before.simulations + tree.simulations
            if len(leaves):
                transcript = language.transcript_at(leaves.buffers[0])
                if not task.done(transcript):
                    return (leaves.tickets, transcript), _looking(thinking, language, transcript, playouts)
                tree.tell(leaves.tickets, [language.value(transcript)], [[1.0]])
            elif tree.simulations == made:  # all is proven, or waits to be told
                if not tree.pending:
                    thinking.stopped_by = "exhausted"
                return None
            _take_best(thinking, language)
            if thinking.stop():
                return None

    def end(key: tuple[Any, Transcript], looked: _Looked | None) -> None:
        tickets, transcript = key
        proposals, value = looked or (None, 0.0)
        if proposals is None or not language.learn(transcript, proposals):
            tree.forget(tickets)
        else:
            tree.tell(tickets, [value], [[each.prior for each in language.learn(transcript, proposals)]])
        thinking.spent.nodes = before.nodes + tree.nodes
        _take_best(thinking, language)
        thinking.tell(transcript, value, proposals=len(proposals or ()))

    try:
        yield from thinking.work_through(proposer.model or thinking.model, begin, end)
    finally:
        _take_best(thinking, language)
        thinking.left_out = language.left_out
        thinking.trace = Trace.of(language, tree.tree(max_nodes=TRACE_NODES))
        if sum(1 for _ in thinking.trace.lines()) >= TRACE_NODES:
            thinking.trace.left_out = max(0, tree.nodes - TRACE_NODES)


def _looking(thinking: Thinking, language: LanguageGame, transcript: Transcript, playouts: bool) -> Work[_Looked]:
    """Ask for the proposals of a leaf, and with `playouts` write on from it to the end."""
    task, proposer = thinking.task, language.proposer
    first = language.known(transcript)
    if first is None:
        first = yield from thinking.proposing(proposer, transcript)
    if task.answered(transcript):
        return first, language.value(transcript)
    if not playouts:
        return first, 0.0
    proposals, random = first, Random(f"{thinking.seed} {transcript}")
    while thinking.affords(Spent()) and (playable := _playable(task, transcript, proposals or [])):
        transcript = (*transcript, random.choices(playable, [each.prior for each in playable])[0].text)
        if task.answered(transcript):
            return first, language.value(transcript)
        proposals = language.known(transcript)
        if proposals is None:
            proposals = yield from thinking.proposing(proposer, transcript)
            if proposals is not None:
                language.learn(transcript, proposals)
    return first, 0.0


def _playable(task: Task, transcript: Transcript, proposals: list[Proposal]) -> list[Proposal]:
    """What a playout draws from: all proposals, and where kinds are to choose, the first that writes."""
    if not isinstance(task, WithKinds):
        return proposals
    proposed = [each for each in proposals if task.kind_of(each.text) != "choice"]
    choices = (each for each in proposals if task.kind(each.text[1:-1]).writes and each.text not in transcript[-1:])
    return proposed or [*choices][:1]


def _take_best(thinking: Thinking, language: LanguageGame) -> None:
    if language.best is not None:
        value, transcript = language.best
        if thinking.text is None or value > thinking.value:
            thinking.found(thinking.task.answer(transcript), value, transcript)
