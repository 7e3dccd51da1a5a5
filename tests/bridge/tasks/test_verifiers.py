"""Verifiers that replace the task's: functions, judges that ask a model and cost tokens, and kinds of proposals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.methods import methods
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.tasks.task import Task, Transcript

METHODS = [name for name in methods() if name != "exhaustive"]


class Letter(Task):
    """One letter of four; the task itself likes "a"."""

    name, prompt, max_steps = "letter", "Say a letter.", 1

    def context(self, transcript: Transcript) -> str:
        return "letter:"

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 1

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        return float(answer == "a")

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list("abcd")


def letters(prompt: str) -> dict[str, float]:
    if "correct, yes or no" in prompt:
        return {"yes": 0.75, "no": 0.25} if "Answer: c" in prompt else {"no": 1.0}
    return {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}


def likes_c(task: Task, transcript: Transcript) -> float:
    assert isinstance(task, Letter)
    return {"c": 1.0, "b": 0.5}.get(transcript[-1], 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_follows_the_verifier(method: str) -> None:
    answer = lt.think(
        Letter(), ScriptedModel(letters), lt.Budget(calls=60, simulations=60), method=method, verifier=likes_c
    )
    if method in ("greedy", "majority_vote", "weighted_vote"):  # they do not choose by values
        assert (answer.text, answer.value, answer.correct) == ("a", 0.0, False)
    else:
        assert (answer.text, answer.value, answer.correct) == ("c", 1.0, True)
        assert answer.stopped_by == "solved"


@pytest.mark.parametrize("kinds", [("step", "revision"), ("answer", "revision"), ("token", "strategy")])
def test_kinds_of_proposals_follow_it_and_it_sees_only_steps(kinds: tuple[str, ...]) -> None:
    class Strategic(Letter):
        strategies = ("think of the sea",)

    seen: list[Transcript] = []

    def verify(task: Task, transcript: Transcript) -> float:
        seen.append(transcript)
        return likes_c(task, transcript)

    answer = lt.think(Strategic(), ScriptedModel(letters), lt.Budget(calls=99), kinds=kinds, verifier=verify)
    assert answer.correct
    assert answer.text == "c"
    assert set(seen) <= {("a",), ("b",), ("c",), ("d",)}


def test_many_problems_share_a_verifier() -> None:
    model = ScriptedModel(letters)
    answers = lt.think_all([Letter(), Letter()], model, lt.Budget(calls=99), method="best_of_n", verifier=likes_c)
    assert [answer.text for answer in answers] == ["c", "c"]


@pytest.mark.parametrize("method", ["best_of_n", "mcts", "majority_vote", "revision"])
def test_what_a_judge_asks_is_paid_for(method: str) -> None:
    model = Counted(letters)
    answer = lt.think(Letter(), model, lt.Budget(calls=30), method=method, verifier=lt.Judge(model, votes=4))
    assert answer.spent.calls == len(model.asked)
    judged = [each for each in model.asked if "correct, yes or no" in each.prompt]
    assert {each.n for each in judged} == {4}
    assert answer.spent.generated_tokens >= sum(2 * each.n for each in judged)
    if method != "majority_vote":
        assert (answer.text, answer.value, answer.correct) == ("c", 0.75, False)
        assert answer.stopped_by in ("calls", "exhausted")


class Counted(ScriptedModel):
    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self.asked: list[Request] = []

    def answer(self, request: Request) -> list[Completion]:
        self.asked.append(request)
        return super().answer(request)


def test_a_judge_uses_scores_if_the_model_has_them() -> None:
    class Scores(ScriptedModel):
        scores = True

        def answer(self, request: Request) -> list[Completion]:
            assert request.choices == ("yes", "no")
            return [Completion("yes", math.log(0.9), calls=1), Completion("no", math.log(0.1))]

    judge = lt.Judge(Scores(letters))
    assert judge(Letter(), ("c",)) == pytest.approx(0.9)
    assert judge.spent.calls == 1


def test_a_judge_by_its_name_asks_the_model_that_thinks() -> None:
    model = Counted(letters)
    answer = lt.think(Letter(), model, lt.Budget(calls=40), method="best_of_n", verifier="judge")
    assert answer.text == "c"
    assert answer.spent.calls == len(model.asked)
    assert "judge" in lt.verifiers()


def test_a_verifier_that_gives_no_value_ends_its_problem() -> None:
    answer = lt.think(Letter(), ScriptedModel(letters), lt.Budget(calls=9), verifier=lambda task, transcript: 2.0)
    assert answer.stopped_by == "failed"
    assert isinstance(answer.error, (lt.ParameterError, lt.GameError))


def test_bad_verifiers_are_refused() -> None:
    model, budget = ScriptedModel(letters), lt.Budget(calls=9)
    with pytest.raises(lt.UnknownNameError, match="did you mean 'judge'"):
        lt.think(Letter(), model, budget, verifier="juge")
    with pytest.raises(lt.ParameterError, match="a name or a function of task and transcript"):
        lt.think(Letter(), model, budget, verifier=0.5)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="Judge expects a model"):
        lt.think(Letter(), None, budget, method="uniform", verifier="judge")
    with pytest.raises(lt.ParameterError, match="without steps"):
        lt.think(Letter(), None, lt.Budget(), method="exhaustive", verifier=likes_c)


def test_a_trace_says_who_verified(tmp_path: Path) -> None:
    model, budget = ScriptedModel(letters), lt.Budget(calls=9)
    by_task = lt.think(Letter(), model, budget, method="best_of_n", trace=tmp_path)
    answer = lt.think(Letter(), model, budget, method="best_of_n", trace=tmp_path, verifier=likes_c)
    assert answer.page is not None
    assert answer.page != by_task.page
    first = json.loads(answer.page.with_suffix(".jsonl").read_text("utf-8").splitlines()[0])
    assert first["verifier"].endswith("likes_c")
