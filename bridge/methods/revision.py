"""Answers that come from earlier answers: sequential revision, and adaptive branching between new and revised ones."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from longthink.bridge.proposals.kinds.revision import Revision
from longthink.bridge.proposals.kinds.with_kinds import with_kinds
from longthink.bridge.proposals.writing import Written, seeds, writing
from longthink.bridge.runtime.scheduler import Turns, Work
from longthink.bridge.runtime.session import Thinking, checked_count
from longthink.bridge.tasks.task import Task, Transcript
from longthink.errors import ParameterError
from longthink.search.budget import Spent


def revision(thinking: Thinking, remember: int = 3) -> Turns:
    """One answer after the other, each with the last `remember` ones and what the verifier said of them in its prompt.

    Snell et al., "Scaling LLM test-time compute optimally can be more effective than scaling model parameters", 2024,
    section 6; Madaan et al., "Self-refine", NeurIPS 2023.
    """
    checked_count("revision", "remember", remember)
    task, left = _revised(thinking, remember), seeds(thinking.seed)
    last, under_way = _Answer(None, task.initial), False

    def begin() -> tuple[_Answer, Work[Written | None]] | None:
        nonlocal under_way
        if under_way:  # the next one needs what comes of it
            return None
        under_way = True
        return last, _revising(thinking, task, last, next(left))

    def end(before: _Answer, written: Written | None) -> None:
        nonlocal last, under_way
        under_way = False
        after = _told(thinking, task, before, written)
        last = after or last

    yield from thinking.work_through(thinking.the_model(), begin, end)


def ab_mcts(thinking: Thinking, prior: Literal["gaussian", "beta"] = "gaussian") -> Turns:
    """Adaptive branching: at every answer, Thompson sampling decides between writing another one from it and going on.

    Each answer, and the root, where nothing is written yet, has a node GEN that stands for a new answer made from it,
    and a node CONT that stands for all answers made from it already. A draw from what is believed of GEN's values and
    one from CONT's decide; going on, a draw from each child's does. A new answer's value counts at GEN above it, and at
    CONT and the children on the way there. prior: beliefs are normal-inverse-gamma (mean 0, kappa 1, nu 1, tau^2 0.1)
    or Beta (1/2, 1/2).

    AB-MCTS-A, with node aggregation: Inoue et al., "Wider or deeper? Scaling LLM inference-time compute with adaptive
    branching tree search", NeurIPS 2025.
    """
    if prior not in ("gaussian", "beta"):
        raise ParameterError(f'ab_mcts: prior expects "gaussian" or "beta", got {prior!r}')
    random, left = np.random.default_rng(thinking.seed), seeds(thinking.seed)
    task = _revised(thinking, 1)
    root = _Answer(None, task.initial)

    def begin() -> tuple[_Answer, Work[Written | None]]:
        node = root
        while node.children and node.new.draw(random, prior) < node.made.draw(random, prior):
            node = max(node.children, key=lambda child: child.below.draw(random, prior))
        return node, _revising(thinking, task, node, next(left))

    def end(before: _Answer, written: Written | None) -> None:
        after = _told(thinking, task, before, written)
        value = after.value or 0.0 if after else 0.0
        before.new.add(value)
        if after is not None:
            before.children.append(after)
            after.below.add(value)
        for node in before.up():
            node.below.add(value)
            if node.parent is not None:
                node.parent.made.add(value)

    yield from thinking.work_through(thinking.the_model(), begin, end)


class Belief:
    """What is believed of a mean after some values in [0, 1]."""

    def __init__(self) -> None:
        self.count, self.sum, self.squares = 0, 0.0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.sum += value
        self.squares += value * value

    def draw(self, random: np.random.Generator, prior: Literal["gaussian", "beta"]) -> float:
        """A mean, drawn from what is believed.

        Murphy, "Probabilistic machine learning: advanced topics", 2023, section 3.4.3.3.
        """
        if prior == "beta":
            return float(random.beta(0.5 + self.sum, 0.5 + self.count - self.sum))
        mean = self.sum / (1 + self.count)  # of the values and one more that is 0
        nu = 1.0 + self.count
        scale = 0.1 + self.squares - (1 + self.count) * mean * mean  # nu tau^2
        variance = max(scale, 1e-12) / 2 / max(random.standard_gamma(nu / 2), 1e-300)
        return float(random.normal(mean, math.sqrt(variance / (1 + self.count))))


@dataclass(eq=False)
class _Answer:
    """An answer at the end of a transcript, and what was made from it; the root is none."""

    parent: _Answer | None
    transcript: Transcript
    text: str = ""
    value: float | None = None
    children: list[_Answer] = field(default_factory=list)
    new: Belief = field(default_factory=Belief)  # GEN
    made: Belief = field(default_factory=Belief)  # CONT
    below: Belief = field(default_factory=Belief)  # of this answer and all that were made from it

    def up(self) -> Iterator[_Answer]:
        """This answer and those that it was made from, the last first."""
        node = self
        while node.parent is not None:
            yield node
            node = node.parent

    def line(self) -> tuple[str, ...]:
        return tuple(node.text for node in self.up())[::-1]

    @property
    def start(self) -> Transcript:
        """What stands before another answer that is made from this one."""
        return self.transcript if self.parent is None else (*self.transcript, "<revision>")


def _revised(thinking: Thinking, remember: int) -> Task:
    """The task with the kind "revision", as often as one likes."""
    others = [kind for kind in thinking.task.kinds if kind != Revision.name]
    return with_kinds(thinking.task, [*others, Revision(limit=sys.maxsize, remember=remember)])


def _revising(thinking: Thinking, task: Task, before: _Answer, seed: int) -> Work[Written | None]:
    """Write an answer with the earlier ones in the prompt."""
    return writing(task, thinking.the_model(), 1.0, seed, before.start)


def _told(thinking: Thinking, task: Task, before: _Answer, written: Written | None) -> _Answer | None:
    """Verify what was written, if it was."""
    thinking.spend(Spent(simulations=1))
    if written is None:
        return None
    transcript = written.transcript
    text, value = task.answer(transcript), thinking.verify(transcript, task)
    after = _Answer(before, transcript, text, value)
    prior = None if written.logprob is None else math.exp(written.logprob)
    line = after.line()
    kinds = ["answer", *["revision"] * (len(line) - 1)]
    thinking.count([text], kinds[-1])
    thinking.look(line, value, [*[None] * (len(line) - 1), prior], kinds)
    thinking.found(text, value, transcript[len(before.start) :], line, kinds)
    return after
