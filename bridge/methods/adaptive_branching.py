"""`AdaptiveBranching` ("ab_mcts"): a tree of answers, in which Thompson sampling chooses between wider and deeper."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.revision import Answers
from longthink.bridge.proposals.writing import Written
from longthink.bridge.runtime.jobs import Job
from longthink.errors import ParameterError

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

Prior = Literal["gaussian", "beta"]


class Belief:
    """The belief about a mean after some values in [0, 1]."""

    def __init__(self) -> None:
        self.count, self.sum, self.squares = 0, 0.0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.sum += value
        self.squares += value * value

    def draw(self, random: np.random.Generator, prior: Prior) -> float:
        """A sample of the mean from the posterior.

        Murphy, "Probabilistic machine learning: advanced topics", 2023, section 3.4.3.3.
        """
        if prior == "beta":
            return float(random.beta(0.5 + self.sum, 0.5 + self.count - self.sum))
        mean = self.sum / (1 + self.count)  # of the values and one more that is 0
        nu = 1.0 + self.count
        scale = 0.1 + self.squares - (1 + self.count) * mean * mean  # nu tau^2
        variance = max(scale, 1e-12) / 2 / max(random.standard_gamma(nu / 2), 1e-300)
        return float(random.normal(mean, math.sqrt(variance / (1 + self.count))))


@dataclass
class _Beliefs:
    """The beliefs of one answer.

    new: about a new answer made from it (the node GEN of the paper). made: about the answers made from it already
    (CONT). below: about this answer and all that were made from it.
    """

    new: Belief = field(default_factory=Belief)
    made: Belief = field(default_factory=Belief)
    below: Belief = field(default_factory=Belief)


@dataclass
class AdaptiveBranching(Method):
    """New answers or revised ones: at every answer, Thompson sampling chooses to write another one or to go deeper.

    Each answer, and the root, which has no answer, has a node GEN for a new answer made from it, and a node CONT for
    all answers made from it already. A draw from the belief about GEN's values and a draw from CONT's decide. If CONT
    wins, a draw for each child chooses the child. The value of a new answer counts at GEN above it, and at CONT and the
    children on the path to it.

    prior: beliefs are normal-inverse-gamma ("gaussian": mean 0, kappa 1, nu 1, tau^2 0.1) or "beta" (1/2, 1/2).

    AB-MCTS-A, with node aggregation: Inoue et al., "Wider or deeper? Scaling LLM inference-time compute with adaptive
    branching tree search", NeurIPS 2025.
    """

    prior: Prior = "gaussian"

    def __post_init__(self) -> None:
        if self.prior not in ("gaussian", "beta"):
            raise ParameterError(f'ab_mcts: prior expects "gaussian" or "beta", got {self.prior!r}')

    def begin(self, session: Session) -> None:
        super().begin(session)
        session.the_model()
        self.random = np.random.default_rng(session.seed)
        self.answers = Answers(session, remember=1)
        self.beliefs: defaultdict[int, _Beliefs] = defaultdict(_Beliefs)  # by the places of the answers

    def ask(self) -> Job:
        node = self.answers.nodes[0]
        while node.children:
            beliefs = self.beliefs[node.place]
            if self._draw(beliefs.new) >= self._draw(beliefs.made):
                break
            node = self.answers.nodes[max(node.children, key=lambda child: self._draw(self.beliefs[child].below))]
        return self.answers.write(node)

    def _draw(self, belief: Belief) -> float:
        return belief.draw(self.random, self.prior)

    def tell(self, job: Job, result: Written | None) -> Job | None:
        before = job.key
        after = self.answers.add(before, result)
        value = 0.0 if after is None else after.value
        self.beliefs[before.place].new.add(value)
        if after is not None:
            self.beliefs[after.place].below.add(value)
        for node in self.answers.up(before):
            self.beliefs[node.place].below.add(value)
            self.beliefs[node.parent].made.add(value)
        return None
