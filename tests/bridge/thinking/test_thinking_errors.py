"""An error of a verifier, scorer, proposer or tool ends only its own problem, and every trace is complete."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.methods import methods
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.kinds.tool import with_tools
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Solved, Task, Transcript
from longthink.bridge.tools.tool import Tool, ToolResult

EXTRA = {"exhaustive": lt.Budget(), "greedy": lt.Budget(calls=20)}


class Say(Task):
    """Say a letter in one line; `verify` returns its value."""

    max_steps = 1

    def __init__(self, verify: Callable[[str], float], name: str = "say", listed: bool = True) -> None:
        self.name, self.prompt, self._verify, self._listed = name, f"{name} a letter", verify, listed

    def context(self, transcript: Transcript) -> str:
        return "\n".join([self.prompt, *transcript, ""])

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 1

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        return self._verify(answer)

    def legal_steps(self, transcript: Transcript) -> list[str] | None:
        return ["a", "b", "c"] if self._listed else None

    def solve(self) -> Solved:
        return Solved("a", 1)


def broken(answer: str) -> float:
    raise KeyError("a mistake in the verifier")


def worth_half(answer: str) -> float:
    return 0.5


def letters(prompt: str) -> dict[str, float]:
    return {"a": 0.5, "b": 0.3, "c": 0.2}


def model(slots: int = 1) -> ScriptedModel:
    made = ScriptedModel(letters)
    made.slots = slots
    return made


def last_event(folder: Path) -> dict[str, Any]:
    """The end of the one trace in a folder."""
    (log,) = folder.glob("*.jsonl")
    event: dict[str, Any] = json.loads(log.read_text("utf-8").splitlines()[-1])
    return event


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("method", methods())
def test_a_verifier_that_raises_ends_its_problem(method: str, slots: int, tmp_path: Path) -> None:
    budget = EXTRA.get(method, lt.Budget(calls=20, simulations=20))
    answer = lt.think(Say(broken), model(slots), budget, method=method, trace=tmp_path)
    assert isinstance(answer.error, (KeyError, lt.GameError))
    assert answer.stopped_by == "failed"
    assert not answer.correct
    end = last_event(tmp_path)
    assert end["event"] == "end"
    assert "mistake" in end["error"]
    assert answer.page is not None
    assert "a mistake in the verifier" in answer.page.read_text("utf-8")


@pytest.mark.parametrize("method", ["best_of_n", "majority_vote", "mcts", "beam", "revision", "tree_of_thoughts"])
def test_the_answer_so_far_is_kept(method: str) -> None:
    seen: list[str] = []

    def at_the_second(answer: str) -> float:
        seen.append(answer)
        if len(seen) > 1:
            raise ZeroDivisionError("division by zero")
        return 0.25

    answer = lt.think(Say(at_the_second), model(), lt.Budget(calls=40), method=method)
    if method == "majority_vote":  # it verifies once, at the end
        assert (answer.value, answer.error) == (0.25, None)
    else:
        assert answer.value == 0.25
        assert isinstance(answer.error, (ZeroDivisionError, lt.GameError))
    assert answer.text == seen[0]


def test_an_answer_that_cannot_be_verified_is_kept() -> None:
    answer = lt.think(Say(broken), model(), lt.Budget(calls=9), method="majority_vote", samples=3)
    assert answer.text in ("a", "b", "c")
    assert answer.value == 0.0
    assert isinstance(answer.error, KeyError)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.5, "much", None])
@pytest.mark.parametrize("method", ["best_of_n", "mcts", "revision", "majority_vote"])
def test_a_verifier_that_gives_no_value(method: str, value: Any) -> None:
    answer = lt.think(Say(lambda answer: value), model(), lt.Budget(calls=9), method=method)
    assert answer.stopped_by == "failed"
    assert answer.error is not None
    assert (answer.value, answer.correct) == (0.0, False)


class Mistaken(Proposer):
    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        raise AttributeError("a mistake in the proposer")


def mistaken_score(task: Task, transcript: Transcript) -> float:
    raise TypeError("a mistake in the scorer")


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (AttributeError, {"method": "mcts", "proposer": Mistaken()}),
        (AttributeError, {"method": "beam", "proposer": Mistaken()}),
        (AttributeError, {"method": "best_first", "proposer": Mistaken()}),
        (TypeError, {"method": "weighted_vote", "score": mistaken_score}),
    ],
)
def test_proposers_and_scorers_that_raise(kind: type[Exception], how: dict[str, Any]) -> None:
    answer = lt.think(Say(worth_half), model(), lt.Budget(calls=9, simulations=9), **how)
    assert type(answer.error) is kind
    assert answer.stopped_by == "failed"


def test_what_a_model_writes_for_a_tool_ends_nothing() -> None:
    class Fragile(Tool):
        name, description = "fragile", "nothing"

        def call(self, text: str) -> ToolResult:
            raise RecursionError("too deep")

    class Absent(Fragile):
        def call(self, text: str) -> ToolResult:
            raise lt.ToolError("install it")

    calls = ScriptedModel(lambda prompt: {"<fragile> 1": 0.5, "a": 0.5})
    fragile = with_tools(Say(worth_half, listed=False), [Fragile()])
    for method in ("mcts", "best_of_n"):
        answer = lt.think(fragile, calls, lt.Budget(calls=60), method=method)
        assert answer.error is None
        assert answer.value == 0.5
    absent = with_tools(Say(worth_half, listed=False), [Absent()])
    assert isinstance(lt.think(absent, calls, lt.Budget(calls=60)).error, lt.ToolError)


def test_a_calculator_takes_any_number() -> None:
    task = with_tools(Say(worth_half, listed=False), [lt.load_tool("calculator")])
    says = ScriptedModel(lambda prompt: {"<calculator> 1e9999999999999999999": 0.6, "<calculator> 9**9**9": 0.4})
    assert lt.think(task, says, lt.Budget(calls=30)).error is None


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("method", ["best_of_n", "mcts", "majority_vote"])
def test_other_problems_go_on(method: str, slots: int, tmp_path: Path) -> None:
    def right(answer: str) -> float:
        return float(answer == "a")

    tasks = [Say(right, "first"), Say(broken, "second"), Say(worth_half, "third")]
    options = {"samples": 5} if method == "majority_vote" else {}
    answers = lt.think_all(tasks, model(slots), lt.Budget(calls=60), method=method, trace=tmp_path, **options)
    assert [answer.stopped_by == "failed" for answer in answers] == [False, True, False]
    assert [answer.error is not None for answer in answers] == [False, True, False]
    assert answers[0].correct
    assert answers[2].value == 0.5
    for log in tmp_path.glob("*.jsonl"):
        assert json.loads(log.read_text("utf-8").splitlines()[-1])["event"] == "end"


def test_ctrl_c_ends_all_though_verifiers_raise() -> None:
    """The votes of a problem are counted at its end, where its verifier raises."""
    reports = 0

    def interrupt(spent: lt.Spent, solved: int) -> None:
        nonlocal reports
        reports += 1
        if reports == 30:
            raise KeyboardInterrupt

    tasks = [Say(broken, "first"), Say(worth_half, "second")]
    answers = lt.think_all(tasks, model(), lt.Budget(calls=9999), method="majority_vote", progress=interrupt)
    assert [answer.stopped_by for answer in answers] == ["interrupted"] * 2
    assert isinstance(answers[0].error, KeyError)
    assert answers[1].value == 0.5


class Left(Exception):
    """An error class of the caller."""


def alone(task: Task, *arguments: Any, **options: Any) -> object:
    return lt.think(task, *arguments, **options)


def together(task: Task, *arguments: Any, **options: Any) -> object:
    return lt.think_all([task], *arguments, **options)


@pytest.mark.parametrize("thinks", [alone, together])
@pytest.mark.parametrize("raised", [Left, SystemExit, lt.ParameterError])
def test_what_progress_raises_goes_to_the_caller(
    thinks: Callable[..., object], raised: type[BaseException], tmp_path: Path
) -> None:
    def leave(spent: lt.Spent, *solved: int) -> None:
        if spent.calls == 3:
            raise raised("enough")

    with pytest.raises(raised):
        thinks(Say(worth_half), model(), lt.Budget(calls=9), method="best_of_n", progress=leave, trace=tmp_path)
    assert last_event(tmp_path)["event"] == "end"


@pytest.mark.parametrize("thinks", [alone, together])
def test_wrong_options_are_raised_and_leave_no_half_trace(thinks: Callable[..., object], tmp_path: Path) -> None:
    with pytest.raises(lt.ParameterError, match="whole number from 1"):
        thinks(Say(worth_half), model(), lt.Budget(calls=9), method="beam", width=0, trace=tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(lt.ParameterError, match="plans its simulations"):  # which the method sees when it begins
        thinks(Say(worth_half), model(), lt.Budget(calls=9), rule=lt.Gumbel(), trace=tmp_path)
    assert last_event(tmp_path)["event"] == "end"


def test_a_task_that_cannot_be_begun_leaves_whole_traces(tmp_path: Path) -> None:
    class Odd(Say):
        kinds = ("odd",)

    tasks = [Say(worth_half), Odd(worth_half)]
    with pytest.raises(lt.UnknownNameError, match="odd"):
        lt.think_all(tasks, model(), lt.Budget(calls=9), trace=tmp_path)
    assert last_event(tmp_path)["event"] == "end"


def test_a_failed_request_waits_for_the_others_and_raises_its_error() -> None:
    class Gone(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            raise lt.ModelError("the model is gone")

    with pytest.raises(lt.ModelError) as caught:
        lt.think_all([Say(worth_half), Say(broken)], Gone(letters), lt.Budget(calls=9), method="best_of_n")
    assert all(answer.error is caught.value for answer in caught.value.answer)


# ---- Pickles ----


class Strange(Exception):
    """An error that cannot be unpickled."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def strange(answer: str) -> float:
    raise Strange(1, 2)


def ends(transcript: Transcript) -> bool:
    return len(transcript) == 1


def test_answers_tasks_and_budgets_can_be_pickled(tmp_path: Path) -> None:
    for verify, kind in ((worth_half, type(None)), (broken, KeyError), (strange, lt.LongthinkError)):
        answer = lt.think(Say(verify), model(), lt.Budget(calls=9), method="best_of_n", trace=tmp_path)
        again = pickle.loads(pickle.dumps(answer))
        assert (again.text, again.spent, again.trace, again.page) == (
            *(answer.text, answer.spent, answer.trace),
            answer.page,
        )
        assert type(again.error) is kind
    assert str(again.error) == "Strange: 1 and 2"
    budget = lt.Budget(tokens=5, seconds=2.5)
    assert pickle.loads(pickle.dumps(budget)) == budget
    tasks = [lt.load_task(name, seed=2) for name in ("countdown", "game24", "synthesis", "game:tic_tac_toe")]
    tasks += [lt.make_task("Say it.", ends, worth_half), with_tools(tasks[0], [lt.load_tool("calculator")])]
    for task in tasks:
        again = pickle.loads(pickle.dumps(task))
        assert (again.name, again.context(again.initial)) == (task.name, task.context(task.initial))
    with pytest.raises(lt.NotPicklableError, match="functions of a module"):
        pickle.dumps(lt.make_task("Say it.", ends, lambda answer: 0.5))
