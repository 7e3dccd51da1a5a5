"""Work on several slots: requests in progress, budgets, failures, Ctrl-C, and that no answer is lost."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower, digits
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.prompt_memory import PromptMemory
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.proposer import Proposal, Proposer, SampleProposer, TrieProposer
from longthink.bridge.tasks.task import Task, Transcript

COUNTDOWN = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)


class SlowModel(ScriptedModel):
    """Answers slowly on a number of threads, and records how many requests were in progress."""

    def __init__(self, slots: int, seconds: float = 0.002, fails_at: int = 0, interrupts_at: int = 0) -> None:
        super().__init__(digits)
        self.slots, self.seconds, self.fails_at, self.interrupts_at = slots, seconds, fails_at, interrupts_at
        self.answered: list[Request] = []
        self.now = self.most_at_once = self.asked = 0
        self._count = threading.Lock()

    def answer(self, request: Request) -> list[Completion]:
        with self._count:
            self.asked += 1
            asked, self.now = self.asked, self.now + 1
            self.most_at_once = max(self.most_at_once, self.now)
        time.sleep(self.seconds)
        with self._count:
            self.now -= 1
        if asked == self.fails_at:
            raise lt.ModelError("the model is gone")
        completions = super().answer(request)
        with self._count:
            self.answered.append(request)
        return [replace(c, money=0.25 if i == 0 else 0.0) for i, c in enumerate(completions)]


def num_valued(answer: lt.Answer) -> int:
    """How many leaves of the search tree have values: a visit of the root each, if no terminal is reached."""
    assert answer.trace is not None
    return answer.trace.visits


@pytest.mark.parametrize("slots", [1, 4, 16])
def test_slots_are_filled_and_every_answer_is_used(slots: int) -> None:
    model = SlowModel(slots, seconds=0.03 * slots)
    answer = lt.think(Tower(), model, lt.Budget(calls=80), proposer=SampleProposer(model), playouts=False)
    assert model.most_at_once == slots
    assert answer.stopped_by == "calls"
    assert answer.spent.calls == len(model.answered) == 80
    assert num_valued(answer) == 80  # one for each paid answer


@pytest.mark.parametrize("method", ["best_of_n", "mcts"])
@pytest.mark.parametrize("slots", [1, 5])
@pytest.mark.parametrize(
    ("limit", "slack"),
    [({"calls": 33}, 0), ({"tokens": 700}, 70), ({"generated_tokens": 100}, 64), ({"money": 7.1}, 0.25)],
)
def test_limits_are_passed_by_one_answer_at_most(method: str, slots: int, limit: dict[str, Any], slack: float) -> None:
    class Priced(SlowModel):
        def most(self, request: Request) -> lt.Spent:
            return replace(super().most(request), money=0.25)

    model = Priced(slots, seconds=0.0005)
    answer = lt.think(Tower(), model, lt.Budget(**limit), method=method)
    ((name, most),) = limit.items()
    assert answer.stopped_by == name
    assert most <= getattr(answer.spent, name) <= most + slack
    assert answer.spent.calls == len(model.answered)


def test_simulations_are_counted_with_those_under_way() -> None:
    answer = lt.think(Tower(), SlowModel(8), lt.Budget(simulations=50))
    assert answer.spent.simulations == 50 == num_valued(answer)


def test_an_earlier_piece_is_counted() -> None:
    first = lt.think(Tower(), SlowModel(4), lt.Budget(calls=20))
    carried = lt.Spent.of(first.spent.as_dict())
    assert carried == first.spent
    second = lt.think(Tower(), SlowModel(4), lt.Budget(calls=50), spent=carried)
    assert second.spent.calls == 50
    assert second.spent.tokens > first.spent.tokens
    assert second.spent.seconds > first.spent.seconds
    assert first.spent.calls == 20


@pytest.mark.parametrize("slots", [1, 6])
def test_a_failure_keeps_what_was_paid(slots: int) -> None:
    model = SlowModel(slots, fails_at=40)
    with pytest.raises(lt.ModelError, match="gone") as caught:
        lt.think(Tower(), model, lt.Budget(calls=1000), playouts=False)
    answer = caught.value.answer
    assert answer.stopped_by == "failed"
    assert answer.spent.calls == len(model.answered) >= 39
    assert num_valued(answer) == len(model.answered)


def test_an_error_of_another_kind_waits_for_what_is_paid() -> None:
    class Broken(SlowModel):
        def answer(self, request: Request) -> list[Completion]:
            if len(self.answered) >= 20:
                raise ValueError("a mistake in the model")
            return super().answer(request)

    answer = lt.think(Tower(), model := Broken(4), lt.Budget(calls=1000))
    assert isinstance(answer.error, ValueError)
    assert answer.stopped_by == "failed"
    assert answer.spent.calls == len(model.answered)


def test_ctrl_c_waits_for_what_is_paid() -> None:
    model = SlowModel(6, seconds=0.01)

    def interrupt(spent: lt.Spent) -> None:
        if spent.calls == 30:
            raise KeyboardInterrupt

    answer = lt.think(Tower(), model, lt.Budget(calls=1000), progress=interrupt, playouts=False)
    assert answer.interrupted
    assert answer.spent.calls == len(model.answered) > 30
    assert num_valued(answer) == len(model.answered)


def test_ctrl_c_in_the_middle_of_a_playout_keeps_what_is_paid() -> None:
    model = SlowModel(1, seconds=0.0)

    def interrupt(spent: lt.Spent) -> None:
        if spent.calls == 15:  # a playout takes ten
            raise KeyboardInterrupt

    answer = lt.think(Tower(), model, lt.Budget(calls=1000), progress=interrupt)
    assert answer.interrupted
    assert answer.spent.calls == len(model.answered) == 16
    assert num_valued(answer) == 2


def test_a_second_ctrl_c_does_not_wait() -> None:
    model = SlowModel(4, seconds=0.01)

    class Impatient(lt.Session):
        def spend(self, more: lt.Spent) -> None:
            super().spend(more)
            if self.spent.calls in (12, 13):
                raise KeyboardInterrupt

    answer = Impatient(Tower(), model, lt.Budget(calls=1000)).run()
    assert answer.interrupted
    assert answer.spent.calls == 13


def test_time_ends_it() -> None:
    began = time.monotonic()
    answer = lt.think(Tower(), SlowModel(4, seconds=0.01), lt.Budget(seconds=0.2))
    assert answer.stopped_by == "seconds"
    assert 0.2 <= answer.spent.seconds <= time.monotonic() - began


def test_a_budget_that_ends_in_the_middle_of_a_look_keeps_the_look() -> None:
    """The proposer of legal steps asks five times per state; the answers up to the third are kept."""

    def script(prompt: str) -> dict[str, float]:
        return {"4": 0.7, "1": 0.2, "8": 0.1}

    for calls in (1, 3, 5, 7):
        answer = lt.think(COUNTDOWN, ScriptedModel(script), lt.Budget(calls=calls))
        assert answer.spent.calls == calls
        assert num_valued(answer) >= 1


def test_a_proposer_that_asks_by_itself_is_counted() -> None:
    model = ScriptedModel(digits)

    class Own(Proposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            (written,) = model.complete(task.context(transcript))
            self.spent += written.spent
            return [Proposal(written.text, 0.5), Proposal("x", 0.5)]

    answer = lt.think(Tower(), None, lt.Budget(calls=25), proposer=Own())
    assert answer.spent.calls == 25


def test_work_of_ones_own() -> None:
    class Twice(Proposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            raise AssertionError("the search takes `work`")

        def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
            steps = []
            for seed in (0, 1):
                answer = yield Request(task.context(transcript), seed=seed)
                if answer is None:
                    break
                steps.append(f"{seed}{answer[0].text}")
            return [Proposal(step, 1 / len(steps)) for step in steps] if steps else None

    answer = lt.think(Tower(), SlowModel(3), lt.Budget(calls=31), proposer=Twice())
    assert answer.spent.calls == 31


def test_one_slot_and_several_propose_the_same() -> None:
    """The proposals of a state do not depend on other requests in progress."""

    def texts(slots: int) -> set[str]:
        answer = lt.think(Tower(), SlowModel(slots, seconds=0.0), lt.Budget(calls=60), seed=4)
        assert answer.trace is not None
        return {child.text for child in answer.trace.children}

    assert texts(1) == texts(8)


def test_propose_counts_what_its_work_cost() -> None:
    trie = TrieProposer(ScriptedModel(digits), calls=3)
    trie.propose(COUNTDOWN, ())
    assert trie.spent.calls == 3
    assert trie.spent.tokens == trie.spent.prompt_tokens + trie.spent.generated_tokens > 0


# ---- What prompts cost ----


class Remembering(ScriptedModel):
    """Counts a token for each character, and says that it remembers prompts."""

    remembers = True


def test_a_beginning_that_was_sent_before_is_counted_once() -> None:
    def ask(texts: list[str]) -> lt.Spent:
        class Asks(Proposer):
            def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
                raise AssertionError

            def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
                for text in texts:
                    yield Request(text, max_tokens=1)
                return []

        return lt.think(Tower(), model, lt.Budget(calls=len(texts)), proposer=Asks()).spent

    texts = ["abcdef", "abcxyz", "abcdef", "abcdefgh", "q"]
    model: lt.Model = ScriptedModel(digits)
    assert (ask(texts).prompt_tokens, ask(texts).cached_tokens) == (27, 0)
    model = Remembering(digits)
    spent = ask(texts)
    assert (spent.prompt_tokens, spent.cached_tokens, spent.generated_tokens) == (27, 3 + 5 + 6, 5)
    assert spent.tokens == 27 - 14 + 5
    assert ask(texts).tokens == spent.tokens  # another piece of thinking pays for itself
    assert ask(sorted(texts)).tokens == spent.tokens  # the order does not matter


def test_a_memory_of_prompts_is_as_good_as_a_list_of_them() -> None:
    random, memory, sent = Random(5), PromptMemory(), [""]
    for _ in range(2000):
        text = "".join(random.choices("ab", k=random.randrange(1, 12)))
        known = max(k for other in sent for k in range(len(text) + 1) if other.startswith(text[:k]))
        assert memory.add(text) == known / len(text)
        sent.append(text)
