"""`TreeOfThoughts`: breadth first; the model proposes steps and also says how promising each state is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longthink.bridge.methods.rounds import Rounds
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.proposals.proposer import legal_grammar
from longthink.bridge.runtime.jobs import Complete, Job, Known, Propose
from longthink.bridge.tasks.task import Task, Transcript
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

VALUES = {"sure": 20.0, "likely": 1.0, "impossible": 0.001}
"""The values of the words with which the model values a state, as in the paper's game of 24."""

Value = Callable[[Task, Transcript], float]
"""How promising a transcript is, in [0, 1]."""
State = tuple[Transcript, float]
"""A transcript, and the probability of its last step."""


@dataclass
class TreeOfThoughts(Rounds[State]):
    """The model says whether each next state can lead on (sure, likely, impossible), and the best states continue.

    Rounds of proposals alternate with rounds of values. Finished transcripts are verified. A simulation is a state
    that is continued or valued.

    width: how many states continue. proposals: at most this many steps of a state, the most probable, are valued.
    votes: how often the model is asked about a state; a model that scores texts is asked once, for the probabilities of
    the three words. value: a function of task and transcript that is used instead of the model.

    Yao et al., "Tree of thoughts: deliberate problem solving with large language models", NeurIPS 2023, algorithm 1.
    """

    width: int = 5
    proposals: int = 8
    votes: int = 3
    value: Value | None = None

    def __post_init__(self) -> None:
        for name in ("width", "proposals", "votes"):
            setattr(self, name, whole_number(name, getattr(self, name), 1))

    def begin(self, session: Session) -> None:
        _ = session.the_proposer
        self.values_next = True  # whether the round after this one values states
        self.grown: list[State] = []
        self.valued: list[tuple[float, float, Transcript]] = []
        super().begin(session)

    def first_round(self) -> Iterable[State]:
        return self._unfinished([(self.session.task.initial, 1.0)])

    def next_round(self) -> Iterable[State]:
        if self.values_next:
            session, (grown, self.grown) = self.session, (self.grown, [])
            for transcript, prior in sorted(grown, key=lambda each: (-each[1], each[0])):
                if session.task.answered(transcript) and session.value < 1.0:
                    session.finished(transcript, _priors(transcript, prior))
            items = self._unfinished(grown)
        else:
            best, self.valued = sorted(self.valued)[: self.width], []
            items = self._unfinished([(transcript, -prior) for _, prior, transcript in best])
        self.values_next = not self.values_next
        return items

    def job(self, item: State) -> Job:
        transcript = item[0]
        if self.values_next:
            return Propose(transcript, key=item)
        session, words = self.session, tuple(VALUES)
        if self.value is not None:
            return Known(VALUES["sure"] * self.value(session.task, transcript), key=item)
        prompt, model = session.task.value_context(transcript), session.model
        if model is not None and model.scores:
            return Complete(Request(prompt, choices=words), key=item)
        grammar = legal_grammar(words) if model is not None and model.grammars else None
        request = Request(
            prompt, n=self.votes, max_tokens=16, temperature=1.0, stop=("\n",), seed=session.seed, grammar=grammar
        )
        return Complete(request, key=item)

    def take(self, job: Job, result: Any) -> None:
        transcript, prior = job.key
        if isinstance(job, Propose):
            likeliest = sorted(result or [], key=lambda each: (-each.prior, each.text))[: self.proposals]
            self.grown += [((*transcript, each.text), each.prior) for each in likeliest]
        elif result is not None:
            value = _mean_value(job.request, result) if isinstance(job, Complete) else result
            self.valued.append((-value, -prior, transcript))
            self.session.look(transcript, min(1.0, value / VALUES["sure"]), _priors(transcript, prior))

    def _unfinished(self, states: list[State]) -> list[State]:
        return [each for each in states if not self.session.task.done(each[0])]


def _mean_value(request: Request, completions: list[Completion]) -> float:
    """The mean of the values of the words, from scores of the words, or from what the model wrote."""
    if request.choices:
        return sum(math.exp(each.logprob or 0.0) * VALUES[each.text] for each in completions)
    words = [next((word for word in VALUES if word in each.text.lower()), None) for each in completions]
    return sum(VALUES[word] for word in words if word is not None) / len(words)


def _priors(transcript: Transcript, prior: float) -> list[float | None]:
    return [*[None] * (len(transcript) - 1), prior]
