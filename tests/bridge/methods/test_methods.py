"""Every method on equal terms: the same budget, cache and log; and what is particular to each."""

from __future__ import annotations

import inspect
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower, digits
from longthink.bridge.methods import methods
from longthink.bridge.methods.adaptive_branching import Belief
from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.arithmetic import unordered
from longthink.bridge.tasks.task import Task, Transcript

ASKING = [name for name, method in methods().items() if method.needs_model]
ENDLESS = [name for name in ASKING if not methods()[name].ends]


class Word(Task):
    """Spell a word of two letters: value 1/2 for each letter that is right. Counts what is verified."""

    name, prompt, max_steps = "word", "Spell ox.", 2

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()

    def context(self, transcript: Transcript) -> str:
        return "word: " + "".join(transcript)

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 2

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list("aeiouxyz")

    def answer(self, transcript: Transcript) -> str:
        return "".join(transcript)

    def check(self, answer: str) -> float:
        self.checked[answer] += 1
        return sum(a == b for a, b in zip(answer, "ox", strict=False)) / 2


def spells(prompt: str) -> dict[str, float]:
    """Letters, and what tree of thoughts asks for."""
    if "sure, likely or impossible" in prompt:
        return {"sure": 1.0} if "\no\n" in prompt else {"impossible": 1.0}
    return {"a": 0.5, "o": 0.2, "x": 0.2, "y": 0.1}


@pytest.mark.parametrize("method", ASKING)
def test_every_method_keeps_limits_and_says_what_it_spent(method: str) -> None:
    asked: list[Request] = []

    class Counting(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            asked.append(request)
            return super().answer(request)

    answer = lt.think(Tower(), Counting(digits), lt.Budget(calls=25), method=method)
    assert answer.spent.calls == len(asked) <= 25
    assert answer.stopped_by == ("calls" if len(asked) == 25 else "done")
    assert answer.method == method
    if method in ENDLESS:
        assert len(asked) == 25


@pytest.mark.parametrize("method", ASKING)
def test_every_method_takes_its_answers_from_the_cache(method: str, tmp_path: Path) -> None:
    class Gone(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            raise AssertionError(f"asked again: {request}")

    def think(model: ScriptedModel) -> lt.Answer:
        return lt.think(Word(), CachedModel(model, tmp_path), lt.Budget(simulations=12), method=method, seed=3)

    first, again = think(ScriptedModel(spells)), think(Gone(spells))
    assert (first.text, first.stopped_by, first.transcript) == (again.text, again.stopped_by, again.transcript)
    assert (again.spent.calls, again.spent.tokens) == (first.spent.calls, first.spent.tokens)
    assert again.spent.cached_calls == again.spent.calls > 0


@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize("slots", [1, 4])
def test_every_method_gives_its_best_at_ctrl_c(method: str, slots: int) -> None:
    calls = 0

    class Interrupted(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            nonlocal calls
            calls += 1
            return super().answer(request)

    model = Interrupted(digits)
    model.slots = slots

    def stop(spent: lt.Spent) -> None:
        if spent.calls >= 9:
            raise KeyboardInterrupt

    answer = lt.think(Tower(), model, lt.Budget(calls=10_000), method=method, progress=stop)
    assert answer.interrupted
    assert answer.trace.text == Tower.prompt
    assert answer.spent.calls == calls


@pytest.mark.parametrize("method", methods())
def test_every_method_has_a_trace_with_the_chosen_line(method: str) -> None:
    task = lt.load_task("countdown", numbers=(2, 3), target=6) if method == "exhaustive" else Word()
    answer = lt.think(task, ScriptedModel(spells), lt.Budget(simulations=200), method=method)
    assert answer.text is not None
    node, line = answer.trace, []
    while chosen := [child for child in node.children if child.chosen]:
        (node,) = chosen
        line.append(node.text)
    assert line
    assert node.correct == answer.correct
    if method not in ("exhaustive", "revision", "ab_mcts"):
        assert tuple(line) == answer.transcript
    else:
        assert line[-1] == answer.text


def test_every_method_is_described_with_its_options() -> None:
    for name, method in methods().items():
        summary, options = methods().describe(name)
        assert len(summary) > 10
        for option in options:
            assert f"{option}:" in (inspect.getdoc(method) or "")


# ---- Votes ----


@pytest.mark.parametrize("method", ["majority_vote", "weighted_vote"])
def test_a_vote_verifies_nothing_but_its_answer(method: str) -> None:
    task = Word()
    answer = lt.think(task, ScriptedModel(spells), lt.Budget(calls=80), method=method)
    assert answer.text == "aa"  # what the model writes most, which is wrong
    assert task.checked == {"aa": 1}
    assert answer.stopped_by == "calls"
    assert not answer.correct
    few = lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=80), method=method, samples=1)
    assert few.spent.simulations == 1
    assert few.stopped_by == "done"


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("limit", ["samples", "simulations"])
def test_a_vote_ends_when_it_cannot_change(slots: int, limit: str) -> None:
    """Of nine votes the first five are for one answer, or the sixth is for another and one more is needed."""
    for others, needed in ((frozenset[int](), 5), (frozenset({1}), 6), (frozenset({1, 2, 4, 6}), 9)):
        model = Answers(others)
        model.slots = slots
        budget = lt.Budget(calls=1000) if limit == "samples" else lt.Budget(simulations=9)
        options = {"samples": 9} if limit == "samples" else {}
        answer = lt.think(Letter(), model, budget, method="majority_vote", **options)
        assert answer.text == "a"
        assert needed <= answer.spent.simulations <= needed + slots - 1
        if needed + slots <= 9:
            assert answer.stopped_by == "agreed"


def test_a_vote_ends_when_it_is_sure_enough() -> None:
    def samples(confidence: float | None, others: frozenset[int] = frozenset()) -> int:
        model, budget = Answers(others), lt.Budget(calls=60)
        answer = lt.think(Letter(), model, budget, method="majority_vote", confidence=confidence)
        assert answer.text == "a"
        assert answer.stopped_by == ("calls" if answer.spent.simulations == 60 else "agreed")
        return answer.spent.simulations

    assert samples(None) == 60
    assert samples(0.95) == 4  # 1 - 2^-5 is the first above
    assert samples(0.99) == 6
    assert samples(0.95, frozenset({1})) == 7  # 6 against 1: 1 - 9/256; 5 against 1: 1 - 8/128
    for wrong in (0.5, 1.0, 1, "0.9"):
        with pytest.raises(lt.ParameterError, match=r"above 0\.5 and below 1"):
            lt.think(Letter(), Answers(), lt.Budget(calls=9), method="majority_vote", confidence=wrong)


class Letter(Task):
    """One letter; none is right."""

    name, prompt, max_steps = "letter", "A letter.", 1

    def context(self, transcript: Transcript) -> str:
        return "letter:"

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 1

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        return 0.0


class Answers(ScriptedModel):
    """Answers "a", but for the requests of these numbers: those it answers "b"."""

    def __init__(self, others: frozenset[int] = frozenset()) -> None:
        super().__init__(lambda prompt: {"a": 1.0})
        self.others = others

    def answer(self, request: Request) -> list[Completion]:
        return [Completion("b" if request.seed // 7919 in self.others else "a", calls=1)]


def test_weights_of_a_vote() -> None:
    """Of two answers one comes three times as often, the other is likelier each time it comes."""

    class Two(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            often = request.seed // 7919 % 4 != 0
            return [Completion("a" if often else "o", math.log(0.1 if often else 0.8), generated_tokens=1, calls=1)]

    def winner(method: str, **options: Any) -> str | None:
        return lt.think(Word(), Two(spells), lt.Budget(calls=800), method=method, samples=40, **options).text

    assert winner("majority_vote") == "aa"
    assert winner("weighted_vote") == "oo"
    assert winner("weighted_vote", score=lambda task, transcript: float(transcript[0] == "a")) == "aa"


def test_answers_are_equal_where_the_task_says_so() -> None:
    assert unordered("3*(1+2)") == unordered("(2+1)*3")
    assert unordered("1+2+3") == unordered("3+(2+1)")
    assert unordered("3-2") != unordered("2-3")
    assert unordered("no expression (") == "no expression ("
    task = lt.load_task("countdown", numbers=(1, 2, 3), target=9)
    assert task.canonical("3*(1+2)") == task.canonical("(2 + 1) * 3")


# ---- Likelihood ----


class Known(Proposer):
    """The same priors everywhere; notes where it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Transcript] = []

    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        self.asked.append(transcript)
        return [Proposal("a", 0.5), Proposal("x", 0.3), Proposal("o", 0.2)]


@pytest.mark.parametrize(("width", "correct"), [(1, False), (2, False), (7, True)])
def test_a_beam_keeps_the_likeliest(width: int, correct: bool) -> None:
    task, known = Word(), Known()
    answer = lt.think(task, None, lt.Budget(simulations=99), method="beam", proposer=known, width=width)
    assert known.asked == [(), ("a",), ("x",), ("o",)][: 1 + min(width, 3)]
    assert answer.correct == correct
    assert answer.stopped_by == ("solved" if correct else "done")


# ---- Tree of thoughts ----


def test_the_model_values_states() -> None:
    answer = lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=500), method="tree_of_thoughts", width=1)
    assert answer.correct
    assert {child.text: child.value for child in answer.trace.children}["a"] == pytest.approx(0.001 / 20)
    astray = ScriptedModel(lambda prompt: {"a": 0.6, "y": 0.4})
    lost = lt.think(Word(), astray, lt.Budget(calls=500), method="tree_of_thoughts", width=1)
    assert not lost.correct
    assert lost.stopped_by == "done"


def test_states_are_valued_by_a_score_or_a_function() -> None:
    class Scores(ScriptedModel):
        scores = True

        def answer(self, request: Request) -> list[Completion]:
            if "sure" in request.choices:
                sure = 0.5 if "\no\n" in request.prompt else 0.1
                shares = {"sure": sure, "likely": 1 - sure}
                return [Completion(c, math.log(shares.get(c, 0.0) or 1e-9), calls=1) for c in request.choices]
            return [Completion(c, math.log(1 / 8), calls=1) for c in request.choices]

    answer = lt.think(Word(), Scores(spells), lt.Budget(calls=500), method="tree_of_thoughts", width=1)
    assert answer.correct
    assert {child.text: child.value for child in answer.trace.children}["a"] == pytest.approx((0.1 * 20 + 0.9) / 20)
    valued = lt.think(
        Word(), ScriptedModel(spells), lt.Budget(calls=500), method="tree_of_thoughts", width=1,
        value=lambda task, transcript: float(transcript == ("o",)),
    )  # fmt: skip
    assert valued.correct
    assert valued.spent.calls < answer.spent.calls + 20


# ---- Tree search ----


RULES = [lt.UCT(c=1), lt.UCB1Tuned(), lt.Thompson(), lt.PUCT(), lt.RAVE(), lt.GRAVE(), lt.Gumbel()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("playouts", [True, False])
def test_any_rule_searches(rule: lt.Rule, playouts: bool) -> None:
    budget = lt.Budget(simulations=400)
    answer = lt.think(Word(), ScriptedModel(spells), budget, method="mcts", rule=rule, playouts=playouts)
    assert answer.correct
    named = lt.think(Word(), ScriptedModel(spells), budget, method="mcts", rule=rule.kind, playouts=playouts)
    assert named.correct


def test_rules_are_checked() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'uct'"):
        lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=9), method="mcts", rule="utc")
    with pytest.raises(lt.ParameterError, match="expects a rule"):
        lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=9), method="mcts", rule=3)
    with pytest.raises(lt.ParameterError, match="plans its simulations"):
        lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=9), method="mcts", rule=lt.Gumbel())


@pytest.mark.parametrize("method", ["uniform", "mcts"])
def test_partial_credit_does_not_hold_a_search(method: str) -> None:
    """Of 26^3 words 25 in 26 at the last letter are two thirds right: each is verified once, and the rest is tried."""
    letters = [chr(ord("a") + i) for i in range(26)]

    def right(answer: str) -> float:
        checked[answer] += 1
        return sum(a == b for a, b in zip(answer, "owl", strict=True)) / 3

    checked: Counter[str] = Counter()
    task = lt.make_task(
        "Spell owl.", lambda t: len(t) == 3, right, steps=lambda t: letters, answer="".join, max_steps=3
    )
    model = ScriptedModel(lambda prompt: dict.fromkeys(letters, 1 / 26))
    answer = lt.think(task, model, lt.Budget(simulations=60_000), method=method)
    assert answer.correct
    assert answer.stopped_by == "solved"
    assert max(checked.values()) == 1


def test_what_is_only_partly_right_is_searched_to_the_end() -> None:
    class Never(Word):
        def check(self, answer: str) -> float:
            return 0.9 * super().check(answer)

    task = Never()
    answer = lt.think(task, None, lt.Budget(seconds=60), method="uniform")
    assert answer.stopped_by == "exhausted"
    assert answer.value == 0.9
    assert len(task.checked) == 64
    assert answer.spent.simulations < 1000


# ---- Revision and adaptive branching ----


def test_a_revision_reads_what_was_answered_before() -> None:
    prompts: list[str] = []

    def learns(prompt: str) -> dict[str, float]:
        prompts.append(prompt)
        return {"o": 1.0} if prompt.endswith("word: ") else {"x" if "oa" in prompt else "a": 1.0}

    answer = lt.think(Word(), ScriptedModel(learns), lt.Budget(calls=50), method="revision")
    assert answer.correct
    assert answer.spent.calls == 4
    assert "oa" in prompts[2]
    assert "0.50 of 1" in prompts[2]
    assert answer.trace.children[0].text == "oa"
    assert answer.trace.children[0].children[0].text == "ox"


def test_adaptive_branching_goes_deeper_where_revision_pays_and_wider_where_it_does_not() -> None:
    class Hard(Word):
        def check(self, answer: str) -> float:
            return 0.45 * super().check(answer)

    budget = lt.Budget(simulations=60)

    def depths(script: Any, prior: str) -> float:
        answer = lt.think(Hard(), ScriptedModel(script), budget, method="ab_mcts", prior=prior, seed=1)

        def count(node: Any, depth: int) -> list[int]:
            return [depth] + [each for child in node.children for each in count(child, depth + 1)]

        assert answer.stopped_by == "simulations"
        return float(np.mean(count(answer.trace, 0)[1:]))

    def deeper(prompt: str) -> dict[str, float]:
        return {"o" if prompt.endswith(": ") else "x": 1.0} if "earlier" in prompt else {"z": 1.0}

    def wider(prompt: str) -> dict[str, float]:
        return {"z": 1.0} if "earlier" in prompt else {"o" if prompt.endswith(": ") else "x": 1.0}

    for prior in ("gaussian", "beta"):
        assert depths(deeper, prior) > depths(wider, prior) + 0.3
    with pytest.raises(lt.ParameterError, match="gaussian"):
        lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=5), method="ab_mcts", prior="flat")


@pytest.mark.parametrize("prior", ["gaussian", "beta"])
def test_beliefs_are_the_posteriors(prior: Any) -> None:
    """Draws have the mean and spread of the posterior worked out term by term."""
    values = [0.2, 0.9, 0.5, 0.7, 0.4, 0.6, 0.8, 0.5]
    belief, random, n = Belief(), np.random.default_rng(1), len(values)
    for value in values:
        belief.add(value)
    draws = np.array([belief.draw(random, prior) for _ in range(20_000)])
    if prior == "beta":
        a, b = 0.5 + sum(values), 0.5 + n - sum(values)
        mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    else:
        average = sum(values) / n
        nu, kappa, mean = 1 + n, 1 + n, n * average / (1 + n)
        tau2 = (0.1 + sum((v - average) ** 2 for v in values) + n / (1 + n) * average**2) / nu
        variance = tau2 / kappa * nu / (nu - 2)  # of Student's t with nu degrees of freedom
    assert draws.mean() == pytest.approx(mean, abs=0.01)
    assert draws.var() == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("majority_vote", {"samples": np.int64(3)}),
        ("beam", {"width": np.int32(2)}),
        ("revision", {"remember": np.uint8(2)}),
    ],
)
def test_options_take_numbers_of_numpy(method: str, options: dict[str, object]) -> None:
    task = lt.load_task("countdown", numbers=(3, 5, 7), target=22)
    plain = {name: int(value) for name, value in options.items()}  # type: ignore[call-overload]
    found = [lt.think(task, lt.load_model("tiny"), lt.Budget(calls=30), method=method, **o) for o in (options, plain)]
    assert found[0].spent.calls == found[1].spent.calls
    assert found[0].text == found[1].text
