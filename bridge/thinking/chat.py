"""`think_about_chat`: several answers to a chat, and the one that most of them agree on. Nothing verifies them.

`think` (think.py) is for tasks with a verifier. Both run a session with the same kind of budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.votes import Votes
from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.runtime.jobs import Complete, Job
from longthink.bridge.runtime.session import Session
from longthink.bridge.tasks.answers import Same, canonical, final_answer
from longthink.bridge.tasks.function_task import make_task
from longthink.concurrency import CancelToken
from longthink.errors import ModelError, ParameterError
from longthink.search.budget import Budget, Spent

SAMPLES = 40  # the largest number of answers; in the paper, agreement hardly grows after that many
METHODS = ("agreement", "one")
TEMPLATES = ("chatml", "plain")

_STOPS = {"chatml": ("<|im_end|>",), "plain": ("\nUser:", "\nSystem:")}


@dataclass
class ChatAnswer:
    """The answer to a chat that most samples agree on.

    completion: the first sample with this answer, None if no sample was finished within the budget. agreement: the
    share of all samples with this answer, in [0, 1]. samples: how many there were. stopped_by: as in `Answer`, or
    "agreed" if more samples could not change the answer.
    """

    completion: Completion | None
    agreement: float
    samples: int
    spent: Spent
    method: str
    stopped_by: str


@dataclass
class _Agreement(Method):
    """Up to `most` samples of an answer, each of up to `longest` tokens, vote; the vote ends if it cannot change."""

    request: Request
    most: int
    longest: int

    ends = True

    def __post_init__(self) -> None:
        self.votes = Votes[Completion](Same())
        self.asked = self.answered = 0

    def ask(self) -> Job | None:
        if self.asked == self.most or self.votes.settled(self.most - self.votes.count):
            return None
        limit, in_flight = self.session.budget.generated_tokens, self.asked - self.answered
        tokens = self.session.spent.generated_tokens + (in_flight + 1) * self.longest
        if self.asked and limit is not None and tokens > limit:
            return None
        self.asked += 1
        return Complete(replace(self.request, seed=self.request.seed + self.asked - 1))

    def tell(self, job: Job, result: list[Completion] | None) -> Job | None:
        self.answered += 1
        if result is not None:
            self.votes.add(canonical(final_answer(result[0].text)), result[0])
        return None


def think_about_chat(
    messages: Sequence[Mapping[str, str]],
    model: Model,
    budget: Budget,
    *,
    method: str = "agreement",
    template: str = "plain",
    answer_tokens: int = 512,
    temperature: float = 1.0,
    stop: Sequence[str] = (),
    seed: int = 0,
    progress: Callable[[Spent], object] | None = None,
    cancel: CancelToken | None = None,
) -> ChatAnswer:
    """Answer the last of `messages`, each with a "role" and "content", with the most frequent answer of the samples.

    method: "agreement" samples until the budget is spent, 40 answers have come, or more cannot change the vote; "one"
    takes one answer. template: how messages become a prompt, "chatml" or "plain". answer_tokens: the most tokens of an
    answer. A limit of generated tokens is never exceeded, the others by the cost of one answer at most. Ctrl-C and
    `cancel` end it with the answers so far. Self-consistency (Wang et al., 2022, arXiv:2203.11171, section 2).

    Raises `ParameterError`, `ModelError`.
    """
    if method not in METHODS or template not in TEMPLATES or answer_tokens < 1 or not messages:
        raise ParameterError(
            f"think_about_chat expects messages, answer_tokens from 1, a method of {METHODS} and a template of "
            f"{TEMPLATES}; got {len(messages)} messages, {answer_tokens}, {method!r} and {template!r}"
        )
    texts = [{**message, "content": model.as_text(message["content"])} for message in messages]
    prompt, most = prompt_of(texts, template), 1 if method == "one" else SAMPLES
    longest = min(answer_tokens, budget.generated_tokens or answer_tokens)
    stops = (*_STOPS[template], *stop)
    request = Request(prompt, max_tokens=longest, temperature=temperature, stop=stops, seed=seed)
    task = make_task(prompt, lambda transcript: len(transcript) == 1, lambda answer: 0.0, name="chat", max_steps=1)
    session = Session(
        task, model, budget, method=_Agreement(request, most, longest), seed=seed, progress=progress, cancel=cancel
    )
    agreement = session.method
    assert isinstance(agreement, _Agreement)
    votes = agreement.votes
    try:
        stopped_by = session.run().stopped_by
    except ModelError:
        if not votes.count:
            raise
        stopped_by = "failed"
    if stopped_by == "done" and method == "agreement" and agreement.asked < most:
        stopped_by = "agreed" if votes.settled(most - votes.count) else "generated_tokens"
    if not votes.count:
        return ChatAnswer(None, 0.0, 0, session.spent, method, stopped_by)
    chosen = votes.winner()
    chosen = replace(chosen, text=chosen.text.strip())
    return ChatAnswer(chosen, votes.share, votes.count, session.spent, method, stopped_by)


def prompt_of(messages: Sequence[Mapping[str, str]], template: str) -> str:
    """The text that a model continues with its reply."""
    if template == "chatml":
        turns = [f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages]
        return "".join(turns) + "<|im_start|>assistant\n"
    turns = [f"{message['role'].capitalize()}: {message['content']}\n\n" for message in messages]
    return "".join(turns) + "Assistant:"
