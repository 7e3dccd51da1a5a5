"""One budget for many problems: limits, allocation, slots, Ctrl-C, failures, and resuming."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower, digits
from longthink.bridge.methods import methods
from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.runtime.in_flight import InFlight
from longthink.bridge.tasks.task import Task, Transcript

ASKING = [name for name, method in methods().items() if method.needs_model]


class Guess(Task):
    """Guess a digit; `values` has the value of each answer. `tag` distinguishes problems in the prompt."""

    max_steps = 1

    def __init__(self, tag: str, values: dict[str, float] | None = None) -> None:
        self.tag, self.values = tag, values or {}
        self.name, self.prompt = f"guess {tag}", f"Guess a digit ({tag})."

    def context(self, transcript: Transcript) -> str:
        return f"{self.tag}:"

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 1

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        return self.values.get(answer, 0.0)


class Guesses(ScriptedModel):
    """Says the first of these digits to the first request of a problem, and so on, then 0; a request costs a token."""

    def __init__(self, said: dict[str, str] | None = None, slots: int = 1, seconds: float = 0.0) -> None:
        super().__init__(lambda prompt: {"0": 1.0})
        self.said, self.slots, self.seconds = said or {}, slots, seconds
        self.asked: list[str] = []
        self.now = self.most_at_once = 0
        self._lock = threading.Lock()

    def answer(self, request: Request) -> list[Completion]:
        tag = request.prompt.partition(":")[0].rpartition("\n")[2]
        with self._lock:
            number = self.asked.count(tag)
            self.asked.append(tag)
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
        time.sleep(self.seconds)
        with self._lock:
            self.now -= 1
        return [Completion((self.said.get(tag, "") + "0" * (number + 1))[number], calls=1, generated_tokens=1)]


def total(answers: list[lt.Answer]) -> lt.Spent:
    return sum((answer.spent for answer in answers), lt.Spent())


@pytest.mark.parametrize("method", ASKING)
def test_every_method_shares_a_budget(method: str) -> None:
    asked: list[Request] = []

    class Counting(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            asked.append(request)
            return super().answer(request)

    reported: list[tuple[int, int]] = []
    answers = lt.think_all(
        [Tower() for _ in range(3)], Counting(digits), lt.Budget(calls=40), method=method,
        progress=lambda spent, solved: reported.append((spent.calls, solved)),
    )  # fmt: skip
    assert total(answers).calls == len(asked) <= 40
    assert {answer.stopped_by for answer in answers} == ({"calls"} if len(asked) == 40 else {"done"})
    assert min(answer.spent.calls for answer in answers) >= min(len(asked) // 3 - 10, 10)
    assert reported[-1] == (len(asked), 0)
    assert reported == sorted(reported)


@pytest.mark.parametrize("method", methods())
def test_one_problem_alone_has_the_same_answer_as_with_think(method: str) -> None:
    task = lt.load_task("countdown", numbers=(2, 3, 5), target=30)
    model = ScriptedModel(lambda prompt: {"6=3*2": 0.5, "30=6*5": 0.3, "sure": 0.2})
    budget = lt.Budget(simulations=30)
    alone = lt.think(task, model, budget, method=method, seed=3)
    (answer,) = lt.think_all([task], model, budget, method=method, seed=3)
    assert (answer.text, answer.value, answer.stopped_by) == (alone.text, alone.value, alone.stopped_by)
    alone.spent.seconds = answer.spent.seconds
    assert answer.spent == alone.spent


def test_what_easy_problems_leave_goes_to_hard_ones() -> None:
    tasks = [Guess(tag, {"7": 1.0}) for tag in "abcd"]
    model = Guesses({"a": "7", "b": "07", "c": "0" * 30 + "7"})
    answers = lt.think_all(tasks, model, lt.Budget(tokens=64), method="best_of_n")
    assert [answer.correct for answer in answers] == [True, True, True, False]
    assert [answer.spent.tokens for answer in answers[:3]] == [1, 2, 31]
    assert [answer.stopped_by for answer in answers] == ["solved", "solved", "solved", "tokens"]
    assert total(answers).tokens == len(model.asked) == 64


def test_problems_without_differences_get_equally_many_pieces() -> None:
    model = Guesses()
    lt.think_all([Guess(tag) for tag in "abc"], model, lt.Budget(tokens=12), method="best_of_n")
    assert "".join(model.asked) == "abc" * 4


def test_the_next_piece_goes_where_more_is_to_be_gained() -> None:
    """One of two problems has improved twice as often; one of two others is nearly right, and has little to gain."""
    values = {"1": 0.1, "2": 0.2, "3": 0.3}
    model = Guesses({"a": "0123", "b": "0000"})
    lt.think_all([Guess("a", values), Guess("b", values)], model, lt.Budget(tokens=20), method="best_of_n")
    assert model.asked.count("a") > 2 * model.asked.count("b") > 0
    model = Guesses({"a": "9", "b": "1"})
    values = {"1": 0.1, "9": 0.9}
    lt.think_all([Guess("a", values), Guess("b", values)], model, lt.Budget(tokens=20), method="best_of_n")
    assert model.asked.count("b") > 2 * model.asked.count("a") > 0


def test_dear_problems_get_fewer_pieces() -> None:
    class Dear(Guesses):
        def answer(self, request: Request) -> list[Completion]:
            (completion,) = super().answer(request)
            return [Completion(completion.text, calls=1, generated_tokens=4 if request.prompt.startswith("a") else 1)]

    model = Dear()
    lt.think_all([Guess("a"), Guess("b")], model, lt.Budget(tokens=60), method="best_of_n")
    assert 2.5 < model.asked.count("b") / model.asked.count("a") < 5


def test_votes_go_to_what_is_contested() -> None:
    """The gain of a vote is the increase in certainty: problems whose ten answers agree get little."""
    said = {"a": "12" * 600, **{tag: "1" * 100 for tag in "bcd"}}
    model, tasks = Guesses(said), [Guess(tag) for tag in "abcd"]
    lt.think_all(tasks, model, lt.Budget(tokens=40), method="majority_vote")
    assert model.asked.count("a") > 20
    flat = Guesses({"a": "12" * 30, "b": "9876543210" * 6})  # where all answers differ, one more vote says little
    lt.think_all(tasks[:2], flat, lt.Budget(tokens=60), method="majority_vote")
    assert flat.asked.count("a") > flat.asked.count("b")
    sure = lt.think_all(tasks, Guesses(said), lt.Budget(tokens=1000), method="majority_vote", confidence=0.95)
    assert [answer.stopped_by for answer in sure] == ["tokens", "agreed", "agreed", "agreed"]
    assert [answer.spent.tokens for answer in sure[1:]] == [4, 4, 4]
    assert [answer.text for answer in sure] == ["1"] * 4


@pytest.mark.parametrize("method", ["best_of_n", "revision", "mcts"])
def test_the_slots_of_a_model_are_filled_by_several_problems(method: str) -> None:
    model = Guesses(slots=4, seconds=0.01)
    answers = lt.think_all([Tower() for _ in range(6)], model, lt.Budget(calls=60), method=method)
    assert model.most_at_once == 4
    assert total(answers).calls == len(model.asked) == 60
    assert sum(answer.spent.seconds for answer in answers) < 60 * 0.01  # side by side, and no time is counted twice


def test_limits_are_passed_by_one_answer_at_most() -> None:
    model = Guesses(slots=5, seconds=0.0005)
    answers = lt.think_all([Guess(tag) for tag in "abc"], model, lt.Budget(tokens=300), method="best_of_n")
    assert 300 <= total(answers).tokens == len(model.asked) <= 364
    began = time.monotonic()
    answers = lt.think_all([Guess(tag) for tag in "abc"], model, lt.Budget(seconds=0.1), method="best_of_n")
    assert {answer.stopped_by for answer in answers} == {"seconds"}
    assert 0.09 <= total(answers).seconds <= time.monotonic() - began


@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize("slots", [1, 4])
def test_ctrl_c_gives_the_best_so_far_of_all(method: str, slots: int) -> None:
    calls = 0

    class Interrupted(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            nonlocal calls
            calls += 1
            return super().answer(request)

    model = Interrupted(digits)
    model.slots = slots

    def stop(spent: lt.Spent, solved: int) -> None:
        if spent.calls >= 12:
            raise KeyboardInterrupt

    answers = lt.think_all([Tower() for _ in range(5)], model, lt.Budget(calls=10_000), method=method, progress=stop)
    assert len(answers) == 5
    assert any(answer.interrupted for answer in answers)
    assert total(answers).calls == calls


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_it_waits_reaches_all(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Requests in progress are paid for and counted; a second Ctrl-C does not wait for them, and loses no answer."""
    receive, waits = InFlight.receive, 0

    def interrupted(in_flight: InFlight) -> object:
        nonlocal waits
        waits += 1
        if 9 <= waits < 9 + times:
            raise KeyboardInterrupt
        return receive(in_flight)

    monkeypatch.setattr(InFlight, "receive", interrupted)
    model = Guesses({"a": "7"}, slots=3, seconds=0.02)
    tasks = [Guess(tag, {"7": 1.0}) for tag in "abcde"]
    answers = lt.think_all(tasks, model, lt.Budget(calls=10_000), method="best_of_n")
    assert [answer.stopped_by for answer in answers] == ["solved", *["interrupted"] * 4]
    assert total(answers).calls == (11 if times == 1 else 8)
    assert all(answer.text is not None for answer in answers)


def test_a_failure_keeps_what_was_found() -> None:
    class Gone(Guesses):
        def answer(self, request: Request) -> list[Completion]:
            if len(self.asked) == 7:
                raise lt.ModelError("the model is gone")
            return super().answer(request)

    tasks = [Guess(tag, {"7": 1.0}) for tag in "abc"]
    with pytest.raises(lt.ModelError, match="gone") as caught:
        lt.think_all(tasks, Gone({"a": "7"}), lt.Budget(tokens=99), method="best_of_n")
    assert [answer.stopped_by for answer in caught.value.answer] == ["solved", "failed", "failed"]
    assert total(caught.value.answer).tokens == 7


def test_a_refused_problem_does_not_stop_the_others() -> None:
    class Refuses(Guesses):
        def answer(self, request: Request) -> list[Completion]:
            if request.prompt.startswith("b"):
                raise lt.RequestRefusedError("too long")
            return super().answer(request)

    answers = lt.think_all([Guess(tag) for tag in "abc"], Refuses(), lt.Budget(tokens=10), method="best_of_n")
    assert [answer.stopped_by for answer in answers] == ["tokens", "failed", "tokens"]
    assert total(answers).tokens == 10
    with pytest.raises(lt.RequestRefusedError, match="too long"):
        lt.think_all([Guess("b"), Guess("b")], Refuses(), lt.Budget(tokens=10), method="best_of_n")


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    """With a request cache a larger budget resumes where a smaller one ended: nothing is asked twice."""
    said = {"a": "7", "b": "0" * 9 + "7", "c": "0123"}
    tasks = [Guess(tag, {"7": 1.0, "1": 0.1, "2": 0.2, "3": 0.3}) for tag in "abcd"]
    whole, pieces = Guesses(said), Guesses(said)
    at_once = lt.think_all(tasks, whole, lt.Budget(tokens=60), method="best_of_n")
    for tokens in (3, 20, 60):
        answers = lt.think_all(tasks, CachedModel(pieces, tmp_path), lt.Budget(tokens=tokens), method="best_of_n")
        assert total(answers).tokens == len(pieces.asked) == tokens
    assert [answer.text for answer in answers] == [answer.text for answer in at_once]
    assert pieces.asked == whole.asked


def test_what_was_solved_stays_solved(tmp_path: Path) -> None:
    tasks = [lt.load_task("countdown", seed=seed) for seed in range(6)]
    cached = CachedModel(lt.load_model("tiny"), tmp_path)
    first = lt.think_all(tasks, cached, lt.Budget(tokens=600), method="mcts")
    paid = cached.paid
    second = lt.think_all(tasks, cached, lt.Budget(tokens=1500), method="mcts")
    assert cached.paid.calls - paid.calls == total(second).calls - total(second).cached_calls
    assert all(not before.correct or before.text == after.text for before, after in zip(first, second, strict=True))
    assert 0 < sum(answer.correct for answer in first) < sum(answer.correct for answer in second)


def test_every_problem_has_its_trace(tmp_path: Path) -> None:
    answers = lt.think_all([Guess("a"), Guess("b")], Guesses(), lt.Budget(tokens=4), method="best_of_n", trace=tmp_path)
    assert len({answer.page for answer in answers}) == 2
    assert all(answer.page is not None and answer.page.is_file() for answer in answers)


def test_traces_of_more_problems_than_files_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits of open files to be set")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else soft // 2
    tasks = [Guess(f"problem {i}") for i in range(60)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 20, hard))
    try:
        answers = lt.think_all(tasks, Guesses(), lt.Budget(tokens=60), method="best_of_n", trace=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(list(tmp_path.glob("*.jsonl"))) == len(list(tmp_path.glob("*.html"))) == len(answers) == 60


def test_bad_input_is_refused() -> None:
    task, model, budget = Guess("a"), Guesses(), lt.Budget(tokens=9)
    for wrong in ([], task):
        with pytest.raises(lt.ParameterError, match="think_all expects tasks"):
            lt.think_all(wrong, model, budget)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        lt.think_all([task], model, lt.Budget())
    with pytest.raises(lt.ParameterError, match="needs a model"):
        lt.think_all([task], None, budget)
    with pytest.raises(lt.UnknownNameError, match="did you mean 'best_of_n'"):
        lt.think_all([task], model, budget, method="best_of")
    with pytest.raises(lt.ParameterError, match="whole number from 1"):
        lt.think_all([task], model, budget, method="beam", width=0)
