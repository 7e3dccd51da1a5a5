"""`KindProposer`: how a search chooses among kinds: a choice first, then the proposals of the kind that was chosen."""

from __future__ import annotations

from longthink.bridge.models.model import Model
from longthink.bridge.models.work import Work, do
from longthink.bridge.proposals.kinds.kind import ProposalQuery
from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Task, Transcript


class KindProposer(Proposer):
    """Proposes a choice among the kinds that are offered, and then the proposals of the kind that was chosen.

    steps: a proposer of steps, in place of the one that fits task and model.
    """

    def __init__(self, model: Model | None, seed: int = 0, steps: Proposer | None = None) -> None:
        super().__init__()
        self._steps, self._seed = steps, seed
        self._proposed: dict[Transcript, set[str]] = {}  # by place, for kinds that may be chosen again
        self.model = steps.model if steps is not None and steps.model is not None else model

    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        proposals, spent = do(self.work(task, transcript), self.model)
        self.spent += spent
        return proposals or []

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        assert isinstance(task, WithKinds)
        state = task.state(transcript)
        query = ProposalQuery(task, transcript, state, self.model, self._seed, self._steps)
        kinds = [task.kind(state.chosen)] if state.chosen else task.offered(query)
        if not kinds:
            return []
        if len(kinds) > 1 or (kinds[0].again(query) and not state.chosen):
            total = sum(task.weights[kind.name] for kind in kinds)
            return [Proposal(f"<{kind.name}>", task.weights[kind.name] / total) for kind in kinds]
        kind = kinds[0]
        proposals = yield from kind.work(query)
        if proposals is None or not kind.again(query):
            return proposals
        known = self._proposed.setdefault((*transcript[: len(transcript) - kind.looks(query)], kind.name), set())
        fresh = [each for each in proposals if each.text not in known]
        known.update(each.text for each in fresh)
        if not task.room(transcript):
            return fresh
        share = 1 / (len(fresh) + 1)
        return [*(Proposal(each.text, share) for each in fresh), Proposal(f"<{kind.name}>", share)]
