"""Tree of thoughts, breadth first: the model proposes steps and says itself how promising each is."""

from __future__ import annotations

import math
from collections.abc import Callable

from longthink.bridge.models.model import Model, Request
from longthink.bridge.proposals.proposer import Proposal, legal_grammar
from longthink.bridge.runtime.scheduler import Turns, Work
from longthink.bridge.runtime.session import Thinking, checked_count
from longthink.bridge.tasks.task import Task, Transcript

WORTH = {"sure": 20.0, "likely": 1.0, "impossible": 0.001}
"""What the words are worth in which the model values a state, as in the paper's game of 24."""

Value = Callable[[Task, Transcript], float]
"""How promising a transcript is, in [0, 1]."""
Grown = list[tuple[Transcript, float]]
Valued = list[tuple[float, float, Transcript]]


def tree_of_thoughts(
    thinking: Thinking, width: int = 5, proposals: int = 8, votes: int = 3, value: Value | None = None
) -> Turns:
    """Of all next steps the model says whether they lead on (sure, likely, impossible), and the `width` best go on.

    proposals: at most so many steps of a state, the likeliest, are valued. votes: the model is asked so often about a
    state; one that scores texts is asked once, for the probabilities of the three words. value: a function of task
    and transcript to be used in the model's place. What is finished is verified. A simulation is a state that goes on
    or is valued.

    Yao et al., "Tree of thoughts: deliberate problem solving with large language models", NeurIPS 2023, algorithm 1.
    """
    for name, given in (("width", width), ("proposals", proposals), ("votes", votes)):
        checked_count("tree_of_thoughts", name, given)
    task, model, proposer = thinking.task, thinking.model, thinking.the_proposer()
    kept = [task.initial]
    while kept and not thinking.stop():
        grown: Grown = []

        def grow(transcript: Transcript, found: list[Proposal] | None, grown: Grown = grown) -> None:
            likeliest = sorted(found or [], key=lambda each: (-each.prior, each.text))[:proposals]
            grown += [((*transcript, each.text), each.prior) for each in likeliest]

        yield from thinking.work_off(
            proposer.model or model,
            [(each, thinking.proposing(proposer, each)) for each in kept if not task.done(each)],
            grow,
        )
        for transcript, prior in sorted(grown, key=lambda each: (-each[1], each[0])):
            if task.answered(transcript) and thinking.value < 1.0:
                worth = thinking.verify(transcript)
                thinking.look(transcript, worth, [*[None] * (len(transcript) - 1), prior])
                thinking.found(task.answer(transcript), worth, transcript)
        valued: Valued = []

        def keep(key: tuple[Transcript, float], worth: float | None, valued: Valued = valued) -> None:
            transcript, prior = key
            if worth is not None:
                valued.append((-worth, -prior, transcript))
                thinking.look(transcript, min(1.0, worth / WORTH["sure"]), [*[None] * (len(transcript) - 1), prior])

        asked = [
            (each, _valuing(task, thinking, model, each[0], votes, value)) for each in grown if not task.done(each[0])
        ]
        yield from thinking.work_off(model, asked, keep)
        kept = [transcript for _, _, transcript in sorted(valued)[:width]]


def _valuing(
    task: Task, thinking: Thinking, model: Model | None, transcript: Transcript, votes: int, value: Value | None
) -> Work[float | None]:
    """How promising a transcript is: the mean worth of the model's words; None where the budget was over."""
    if value is not None:
        return WORTH["sure"] * value(task, transcript)
    prompt, words = task.value_context(transcript), tuple(WORTH)
    if model is not None and model.scores:
        scored = yield Request(prompt, choices=words)
        return None if scored is None else sum(math.exp(each.logprob or 0.0) * WORTH[each.text] for each in scored)
    grammar = legal_grammar(words) if model is not None and model.grammars else None
    told = yield Request(
        prompt, n=votes, max_tokens=16, temperature=1.0, stop=("\n",), seed=thinking.seed, grammar=grammar
    )
    if told is None:
        return None
    said = [next((word for word in words if word in each.text.lower()), None) for each in told]
    return sum(WORTH[word] for word in said if word is not None) / len(said)
