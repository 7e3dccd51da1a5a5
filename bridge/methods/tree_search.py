"""Tree search on the C tree: `TreeSearch` ("mcts") over proposals of the model, `UniformSearch` over legal steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.recorded_tree import RecordedTree, Ticket
from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.proposals.language_game import LanguageGame
from longthink.bridge.proposals.proposer import Proposal, Proposer, UniformProposer
from longthink.bridge.runtime.jobs import Job, Known, Propose
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.traces.trace import TRACE_NODES, Trace
from longthink.errors import ParameterError, UnknownNameError
from longthink.search.trees.rules import GRAVE, PUCT, RAVE, UCT, Gumbel, Rule, Thompson, UCB1Tuned

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

_RULES: dict[str, type[Rule]] = {rule.kind: rule for rule in (UCT, UCB1Tuned, Thompson, PUCT, RAVE, GRAVE, Gumbel)}


@dataclass(slots=True)
class _Leaf:
    """A leaf that waits for its value: its ticket, its transcript, its proposals, and the playout from it so far."""

    ticket: Ticket
    transcript: Transcript
    proposals: list[Proposal] | None
    playout: Transcript
    random: Random | None = None


@dataclass
class _Search(Method):
    """Tree search; the base of `TreeSearch` and `UniformSearch`."""

    def begin(self, session: Session) -> None:
        super().begin(session)
        self.proposer = self.the_proposer()
        self.language = LanguageGame(session.task, self.proposer, self.verify, once=True)
        self.tree = RecordedTree(self.language, self.the_rule(), session.seed)
        self.before = replace(session.spent)

    def the_proposer(self) -> Proposer:
        return self.session.the_proposer

    def the_rule(self) -> Rule:
        return PUCT()

    def plays_out(self) -> bool:
        return False

    def ask(self) -> Job | None:
        """Propose for the next leaf. Finished transcripts are valued on the way."""
        session, language = self.session, self.language
        while True:
            before = self.tree.simulations
            leaf = self.tree.ask()
            simulations = self.tree.simulations
            session.spent.simulations = self.before.simulations + simulations
            if leaf is not None:
                ticket, transcript = leaf
                if not session.task.done(transcript):
                    return self._propose(transcript, _Leaf(ticket, transcript, None, transcript))
                self.tree.tell(ticket, language.value(transcript), [1.0])
            elif simulations == before:  # everything is proven, or waits for a value
                if not self.tree.pending:
                    session.stopped_by = "exhausted"
                return None
            self._keep_best()
            if session.stop():
                return None

    def tell(self, job: Job, result: list[Proposal] | None) -> Job | None:
        """Go on with the playout of the leaf, or value the leaf."""
        going = self._play(job.key, result)
        if isinstance(going, Job):
            return going
        self._value(job.key, going)
        return None

    def finish(self) -> None:
        self._keep_best()
        session = self.session
        session.left_out = self.language.left_out
        session.trace = Trace.of(self.language, self.tree.drawn(TRACE_NODES))
        if sum(1 for _ in session.trace.lines()) >= TRACE_NODES:
            session.trace.left_out = max(0, self.tree.nodes - TRACE_NODES)

    def verify(self, task: Task, transcript: Transcript) -> float:
        """The verifier of the language game: the session's."""
        return self.session.verify(transcript)

    def _propose(self, transcript: Transcript, leaf: _Leaf) -> Job:
        known = self.language.known(transcript)
        return Propose(transcript, self.proposer, key=leaf) if known is None else Known(known, key=leaf)

    def _play(self, leaf: _Leaf, proposals: list[Proposal] | None) -> Job | float:
        """Take the proposals for the end of a playout: the job that continues it, or the value of the leaf."""
        language, task = self.language, self.session.task
        if leaf.playout == leaf.transcript:
            leaf.proposals = proposals
            if task.answered(leaf.transcript):
                return language.value(leaf.transcript)
            if not self.plays_out():
                return 0.0
        elif proposals is not None:
            language.learn(leaf.playout, proposals)
        playable = _playable(task, leaf.playout, proposals or []) if self.session.affords() else []
        if not playable:
            return 0.0
        if leaf.random is None:
            leaf.random = Random(f"{self.session.seed} {leaf.transcript}")
        step = leaf.random.choices(playable, [each.prior for each in playable])[0].text
        leaf.playout = (*leaf.playout, step)
        return language.value(leaf.playout) if task.answered(leaf.playout) else self._propose(leaf.playout, leaf)

    def _value(self, leaf: _Leaf, value: float) -> None:
        """Tell the tree the value of a leaf, and the priors of its proposals."""
        proposals = leaf.proposals
        if proposals is None or not (kept := self.language.learn(leaf.transcript, proposals)):
            self.tree.forget(leaf.ticket)
        else:
            self.tree.tell(leaf.ticket, value, [each.prior for each in kept])
        self.session.spent.nodes = self.before.nodes + self.tree.nodes
        self._keep_best()
        self.session.log_look(leaf.transcript, value, proposals=len(proposals or ()))

    def _keep_best(self) -> None:
        session, best = self.session, self.language.best
        if best is not None and (session.text is None or best[0] > session.value):
            session.found(session.task.answer(best[1]), *best)


@dataclass
class TreeSearch(_Search):
    """Monte Carlo tree search over the proposals of the model, with any rule. Each new state takes one proposal job.

    rule: a rule of the engine, as in `UCT(c=1)`, or its name. playouts: the value of a new state is the verifier's
    value of a transcript that the model writes from there to the end, step by step; proposals on the way are kept.
    Without playouts the value is 0, so that visits follow the priors until something is found. A finished transcript
    counts once, with the value of the verifier, and is closed. Kocsis and Szepesvari, ECML 2006; the rules cite their
    own papers.
    """

    rule: Rule | str = "puct"
    playouts: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.rule, str):
            if self.rule not in _RULES:
                raise UnknownNameError.of("rule", self.rule, _RULES)
        elif not isinstance(self.rule, Rule):
            raise ParameterError(f"mcts: rule expects a rule as in UCT(c=1), or its name, got {self.rule!r}")

    def the_rule(self) -> Rule:
        rule = _RULES[self.rule]() if isinstance(self.rule, str) else self.rule
        if isinstance(rule, Gumbel) and rule.simulations is None:
            simulations = self.session.budget.simulations
            if simulations is None:
                raise ParameterError("mcts: Gumbel plans its simulations; give Budget(simulations=...)")
            rule = replace(rule, simulations=simulations)
        return rule

    def plays_out(self) -> bool:
        return self.playouts


@dataclass
class UniformSearch(_Search):
    """Tree search over all legal steps, all equally probable, without a model and without playouts."""

    needs_model = False

    def the_proposer(self) -> Proposer:
        return UniformProposer()


def _playable(task: Task, transcript: Transcript, proposals: list[Proposal]) -> list[Proposal]:
    """The proposals a playout draws from: all, or, if they are choices between kinds, the first kind that writes."""
    if not isinstance(task, WithKinds):
        return proposals
    proposed = [each for each in proposals if task.kind_of(each.text) != "choice"]
    choices = (each for each in proposals if task.kind(each.text[1:-1]).writes and each.text not in transcript[-1:])
    return proposed or [*choices][:1]
