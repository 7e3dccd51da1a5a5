"""Thinking about a chat, whose answers nothing verifies: several answers, and the one that most of them agree on.

It stands beside `think` (bridge/thinking/think.py), which has a task with a verifier, and spends the same kind of
budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from longthink.bridge.methods import Thinking
from longthink.bridge.methods.votes import Votes
from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.runtime.scheduler import Work, finish
from longthink.bridge.tasks.answers import Same, canonical, final_answer
from longthink.bridge.tasks.function_task import make_task
from longthink.errors import ModelError, ParameterError
from longthink.search.budget import Budget, Spent

SAMPLES = 40  # the most answers that are asked for; agreement hardly grows after that many in the paper
METHODS = ("agreement", "one")
TEMPLATES = ("chatml", "plain")

_STOPS = {"chatml": ("<|im_end|>",), "plain": ("\nUser:", "\nSystem:")}


@dataclass
class ChatAnswer:
    """The answer to a chat that most samples agree on.

    completion: the first sample that gave it, None where none was finished within the budget. agreement: the share of
    all samples that gave it, in [0, 1]. samples: how many there were. stopped_by: as of `Answer`, or "agreed" where
    the samples that were left could not have changed the answer.
    """

    completion: Completion | None
    agreement: float
    samples: int
    spent: Spent
    method: str
    stopped_by: str


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
) -> ChatAnswer:
    """Answer the last of `messages`, each with a "role" and "content", as most of several samples do.

    method: "agreement" samples until the budget is spent, 40 answers have come or the rest cannot change the vote;
    "one" takes one answer. template: how messages become a prompt, "chatml" or "plain". answer_tokens: of a longest
    answer. A limit of generated tokens is not passed; the others by at most what one answer takes. Ctrl-C ends it with
    what there is. Self-consistency (Wang et al., 2022, arXiv:2203.11171, section 2).

    Raises `ParameterError`, `ModelError`.
    """
    if method not in METHODS or template not in TEMPLATES or answer_tokens < 1 or not messages:
        raise ParameterError(
            f"think_about_chat expects messages, answer_tokens from 1, a method of {METHODS} and a template of "
            f"{TEMPLATES}; got {len(messages)} messages, {answer_tokens}, {method!r} and {template!r}"
        )
    said = [{**message, "content": model.as_text(message["content"])} for message in messages]
    prompt, most = prompt_of(said, template), 1 if method == "one" else SAMPLES
    longest = min(answer_tokens, budget.generated_tokens or answer_tokens)
    asked = Request(prompt, max_tokens=longest, temperature=temperature, stop=(*_STOPS[template], *stop), seed=seed)
    task = make_task(prompt, lambda transcript: len(transcript) == 1, lambda answer: 0.0, name="chat", max_steps=1)
    thinking = Thinking(task, model, budget, seed, progress=progress)
    votes = Votes[Completion](Same())
    begun = ended = 0

    def begin() -> tuple[None, Work[Completion | None]] | None:
        nonlocal begun
        under_way = begun - ended
        if begun == most or votes.settled(most - votes.count):
            return None
        most_written = thinking.spent.generated_tokens + (under_way + 1) * longest
        if begun and budget.generated_tokens is not None and most_written > budget.generated_tokens:
            return None
        begun += 1
        return None, _sample(replace(asked, seed=seed + begun - 1))

    def end(key: None, sample: Completion | None) -> None:
        nonlocal ended
        ended += 1
        if sample is not None:
            votes.add(canonical(final_answer(sample.text)), sample)

    try:
        finish(thinking.work_through(model, begin, end), thinking.desk)
    except KeyboardInterrupt:
        thinking.stopped_by = "interrupted"
    except ModelError:
        if not votes.count:
            raise
        thinking.stopped_by = "failed"
    thinking.spend(Spent())
    if thinking.stopped_by == "done" and method == "agreement" and begun < most:
        thinking.stopped_by = "agreed" if votes.settled(most - votes.count) else "generated_tokens"
    if not votes.count:
        return ChatAnswer(None, 0.0, 0, thinking.spent, method, thinking.stopped_by)
    chosen = votes.winner()
    chosen = replace(chosen, text=chosen.text.strip())
    return ChatAnswer(chosen, votes.share, votes.count, thinking.spent, method, thinking.stopped_by)


def _sample(request: Request) -> Work[Completion | None]:
    written = yield request
    return None if written is None else written[0]


def prompt_of(messages: Sequence[Mapping[str, str]], template: str) -> str:
    """The text that a model continues with its reply."""
    if template == "chatml":
        turns = [f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages]
        return "".join(turns) + "<|im_start|>assistant\n"
    turns = [f"{message['role'].capitalize()}: {message['content']}\n\n" for message in messages]
    return "".join(turns) + "Assistant:"
