"""`Revision`: answers one after the other, each made from the earlier ones. `Answers` is what it and ab_mcts keep."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longthink.bridge.methods.method import Method
from longthink.bridge.proposals.kinds.revision import Revision as RevisionKind
from longthink.bridge.proposals.kinds.with_kinds import with_kinds
from longthink.bridge.proposals.writing import Written, sample_seed
from longthink.bridge.runtime.jobs import Job, Write
from longthink.bridge.tasks.task import Transcript
from longthink.search.budget import Spent
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass
class Node:
    """An answer, and where it comes from. The root of all answers has none, and is its own parent.

    place: in the list of all nodes; parent: the place of the answer that this one was made from. children: places of
    the answers made from this one.
    """

    place: int
    parent: int
    transcript: Transcript
    text: str = ""
    value: float = 0.0
    children: list[int] = field(default_factory=list)

    @property
    def start(self) -> Transcript:
        """The transcript that a new answer from this one continues."""
        return (*self.transcript, "<revision>") if self.place else self.transcript


class Answers:
    """All answers of a session, as a tree: each is made from its parent. Writes new ones and verifies them."""

    def __init__(self, session: Session, remember: int) -> None:
        """remember: how many earlier answers the model reads."""
        others = [kind for kind in session.task.kinds if kind != RevisionKind.name]
        again = RevisionKind(limit=sys.maxsize, remember=remember)
        self.session = session
        self.task = with_kinds(session.task, [*others, again], verifier=session.verifier)
        self.nodes = [Node(0, 0, self.task.initial)]
        self.asked = 0

    def write(self, node: Node) -> Job:
        """The job to write an answer from `node`."""
        self.asked += 1
        return Write(seed=sample_seed(self.session.seed, self.asked - 1), start=node.start, task=self.task, key=node)

    def add(self, before: Node, written: Written | None) -> Node | None:
        """Verify an answer that was written from `before`, if there is one, and keep it."""
        session = self.session
        session.spend(Spent(simulations=1))
        if written is None:
            return None
        transcript = written.transcript
        text, value = self.task.answer(transcript), session.verify(transcript, self.task)
        node = Node(len(self.nodes), before.place, transcript, text, value)
        self.nodes.append(node)
        before.children.append(node.place)
        prior = None if written.logprob is None else math.exp(written.logprob)
        line = tuple(each.text for each in self.up(node))[::-1]
        kinds = ["answer", *["revision"] * (len(line) - 1)]
        session.count([text], kinds[-1])
        session.look(line, value, [*[None] * (len(line) - 1), prior], kinds)
        session.found(text, value, transcript[len(before.start) :], line, kinds)
        return node

    def up(self, node: Node) -> Iterator[Node]:
        """A node and those that it was made from, without the root; the node first."""
        while node.place:
            yield node
            node = self.nodes[node.parent]


@dataclass
class Revision(Method):
    """One answer after the other, each with the earlier answers and their values in its prompt.

    remember: how many of the last answers are in the prompt.

    Snell et al., "Scaling LLM test-time compute optimally can be more effective than scaling model parameters", 2024,
    section 6; Madaan et al., "Self-refine", NeurIPS 2023.
    """

    remember: int = 3

    def __post_init__(self) -> None:
        self.remember = whole_number("remember", self.remember, 1)

    def begin(self, session: Session) -> None:
        super().begin(session)
        session.the_model()
        self.answers = Answers(session, self.remember)
        self.last, self.waiting = self.answers.nodes[0], False

    def ask(self) -> Job | None:
        if self.waiting:  # the next answer is made from the one that is being written
            return None
        self.waiting = True
        return self.answers.write(self.last)

    def tell(self, job: Job, result: Written | None) -> Job | None:
        self.waiting = False
        self.last = self.answers.add(job.key, result) or self.last
        return None
