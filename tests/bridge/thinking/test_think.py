"""Thinking with a scripted model: methods, budgets, seeds, Ctrl-C, and a task of a user."""

from __future__ import annotations

import math

import pytest

import longthink as lt
from longthink.bridge.models.model import Completion, Request, Token
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.proposer import Proposal, Proposer, SampleProposer, TrieProposer, UniformProposer
from longthink.bridge.tasks.task import Task, Transcript

TASK = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)
RIGHT = {"2 5 20 40": "40=20*2", "5 40 40": "80=40+40", "5 80": "75=80-5"}


def knows(prompt: str) -> dict[str, float]:
    """Writes the right step with 60%, otherwise a legal step that is wrong."""
    table = prompt.splitlines()[-1].removeprefix("75 from ").removesuffix(": ").partition(": ")[0]
    step = RIGHT.get(table)
    if step is not None:
        written = prompt.splitlines()[-1].partition(": ")[2]
        return {step[len(written) :]: 0.6, "x": 0.4} if step.startswith(written) else {"x": 1.0}
    return {"1": 0.5, "2": 0.5}


def confused(prompt: str) -> dict[str, float]:
    return {"nonsense": 1.0}


@pytest.mark.parametrize("method", ["greedy", "best_of_n", "mcts"])
def test_a_model_that_knows_solves(method: str) -> None:
    answer = lt.think(TASK, ScriptedModel(knows), lt.Budget(tokens=20_000), method=method, seed=1)
    assert answer.correct
    assert answer.value == 1.0
    assert TASK.check(answer.text or "") == 1.0
    assert answer.stopped_by == "solved"
    assert answer.transcript == tuple(RIGHT.values())
    assert answer.solved_at is not None
    assert 0 < answer.solved_at.tokens <= answer.spent.tokens
    assert answer.spent.calls > 0


@pytest.mark.parametrize("method", ["uniform", "exhaustive"])
def test_methods_without_a_model(method: str) -> None:
    answer = lt.think(TASK, None, lt.Budget(simulations=20_000), method=method)
    assert answer.correct
    assert answer.spent.tokens == answer.spent.calls == 0


def test_good_priors_need_fewer_simulations() -> None:
    guided = lt.think(TASK, ScriptedModel(knows), lt.Budget(simulations=5000))
    blind = lt.think(TASK, None, lt.Budget(simulations=5000), method="uniform")
    assert guided.spent.simulations < blind.spent.simulations / 5


@pytest.mark.parametrize("method", ["greedy", "best_of_n"])
def test_a_confused_model_solves_nothing_and_costs_its_budget(method: str) -> None:
    answer = lt.think(TASK, ScriptedModel(confused), lt.Budget(calls=7), method=method)
    assert not answer.correct
    assert answer.text is None
    assert answer.spent.calls <= 7
    assert answer.stopped_by == ("done" if method == "greedy" else "calls")


def test_same_seed_same_tree() -> None:
    def tree(seed: int) -> object:
        answer = lt.think(TASK, ScriptedModel(confused), lt.Budget(simulations=60), seed=seed)
        return answer.trace.as_dict() if answer.trace else None

    assert tree(1) == tree(1)
    assert tree(1) != tree(2)


@pytest.mark.parametrize(
    ("measure", "limit", "slack"), [("calls", 20, 5), ("tokens", 9000, 9000), ("simulations", 15, 0)]
)
def test_budgets_are_kept_but_for_one_look(measure: str, limit: int, slack: int) -> None:
    answer = lt.think(TASK, ScriptedModel(confused), lt.Budget(**{measure: limit}))
    assert answer.stopped_by == measure
    assert limit <= getattr(answer.spent, measure) <= limit + slack


def test_a_problem_without_a_solution_is_searched_to_the_end() -> None:
    task = lt.load_task("game24", numbers=(1, 1))
    answer = lt.think(task, None, lt.Budget(seconds=60), method="uniform")
    assert not answer.correct
    assert answer.stopped_by == "exhausted"
    assert answer.text is not None  # the best it had, which is wrong


def test_ctrl_c_gives_the_best_so_far() -> None:
    calls = 0

    def interrupts(prompt: str) -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls == 30:
            raise KeyboardInterrupt
        return {"1": 1.0}

    answer = lt.think(TASK, ScriptedModel(interrupts), lt.Budget(calls=10_000))
    assert answer.interrupted
    assert answer.trace is not None
    assert answer.trace.visits > 0


def test_progress_is_reported() -> None:
    seen: list[int] = []
    lt.think(TASK, ScriptedModel(confused), lt.Budget(calls=10), progress=lambda spent: seen.append(spent.calls))
    assert seen == sorted(seen)
    assert seen[-1] >= 10


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'best_of_n'"):
        lt.think(TASK, None, lt.Budget(calls=1), method="best_of")
    with pytest.raises(lt.ParameterError, match="needs a model"):
        lt.think(TASK, None, lt.Budget(calls=1))
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        lt.think(TASK, ScriptedModel(confused), lt.Budget())
    with pytest.raises(lt.UnknownNameError, match="unknown model"):
        lt.load_model("smolm2")
    with pytest.raises(lt.ModelError, match="no model file"):
        lt.load_model("missing.gguf")
    with pytest.raises(lt.UnknownNameError, match="did you mean 'width'"):
        lt.think(TASK, ScriptedModel(confused), lt.Budget(calls=1), method="beam", widht=3)
    with pytest.raises(lt.ParameterError, match="whole number from 1"):
        lt.think(TASK, ScriptedModel(confused), lt.Budget(calls=1), method="beam", width=0)


# ---- Proposers ----


def test_the_trie_gives_the_models_probabilities() -> None:
    """If the proposer asks until all steps are separated, the priors are the model's probabilities, scaled."""
    steps = TASK.legal_steps(())
    weights = {step: 1.0 + i for i, step in enumerate(steps)}

    def script(prompt: str) -> dict[str, float]:
        written = prompt.rpartition(": ")[2]
        rest = {step[len(written) :] + ".": w for step, w in weights.items() if step.startswith(written)}
        return rest | {"not legal": sum(rest.values())}

    proposals = TrieProposer(ScriptedModel(script), calls=1000).propose(TASK, ())
    assert {p.text for p in proposals} == set(steps)
    total = sum(weights.values())
    for proposal in proposals:
        assert proposal.prior == pytest.approx(weights[proposal.text] / total, rel=1e-6)


def test_a_step_that_begins_another_is_as_likely_as_its_end() -> None:
    task = lt.make_task("Go.", lambda t: len(t) == 1, lambda a: 0.0, steps=lambda t: ["a", "ab", "b"], max_steps=1)
    script = {"": {"a\n": 0.6, "ab\n": 0.2, "b\n": 0.2}, "a": {"\n": 0.75, "b\n": 0.25}}
    model = ScriptedModel(lambda prompt: script[prompt.rpartition("\n")[2]])
    proposals = TrieProposer(model).propose(task, ())
    assert {each.text: round(each.prior, 6) for each in proposals} == {"a": 0.6, "ab": 0.2, "b": 0.2}


def test_with_few_requests_undistinguished_steps_share_probability() -> None:
    proposals = TrieProposer(ScriptedModel(knows), calls=2).propose(TASK, ())
    assert sum(p.prior for p in proposals) == pytest.approx(1)
    assert max(proposals, key=lambda p: p.prior).text.startswith("4")
    assert len(proposals) == len(TASK.legal_steps(()))


def test_uniform_proposals() -> None:
    proposals = UniformProposer().propose(TASK, ())
    assert {p.prior for p in proposals} == {1 / len(proposals)}


class Spell(Task):
    """Spell a word letter by letter; the task cannot list its steps."""

    name, prompt, max_steps = "spell", "Spell owl.", 3

    def context(self, transcript: Transcript) -> str:
        return "owl: " + "".join(transcript)

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 3

    def answer(self, transcript: Transcript) -> str:
        return "".join(transcript)

    def check(self, answer: str) -> float:
        return float(answer == "owl")


def spell(prompt: str) -> dict[str, float]:
    written = prompt.removeprefix("owl: ")
    return {"owl"[len(written)] if "owl".startswith(written) and len(written) < 3 else "z": 0.7, "a": 0.3}


def test_a_task_of_ones_own_with_sampled_proposals() -> None:
    answer = lt.think(Spell(), ScriptedModel(spell), lt.Budget(calls=200), seed=3)
    assert answer.correct
    assert answer.text == "owl"
    proposals = SampleProposer(ScriptedModel(spell), samples=20).propose(Spell(), ())
    assert proposals == [Proposal("o", pytest.approx(0.7)), Proposal("a", pytest.approx(0.3))] or {
        p.text: round(p.prior, 6) for p in proposals
    } == {"o": 0.7, "a": 0.3}


def test_samples_without_logprobs_count() -> None:
    class Plain(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            return [Completion(text) for text in ("o", "o", "o", "a")]

    proposals = SampleProposer(Plain(spell)).propose(Spell(), ())
    assert {p.text: p.prior for p in proposals} == {"o": 0.75, "a": 0.25}


def test_impossible_tokens_are_no_division_by_zero() -> None:
    """Some servers write -9999 for a probability of 0, and so may a model of the user's own."""

    class Impossible(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            return [Completion("x", tokens=(Token("x", -9999.0, {"x": -9999.0}),))]

    task = lt.load_task("game24", numbers=(4, 6, 8, 8))
    proposals = TrieProposer(Impossible(spell)).propose(task, ())
    assert sum(proposal.prior for proposal in proposals) == pytest.approx(1.0)


def test_best_first_goes_on_with_the_likeliest_and_ends() -> None:
    looked: list[Transcript] = []

    class Known(Proposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            looked.append(transcript)
            return [Proposal("a", 0.6), Proposal("b", 0.4)]

    answer = lt.think(Spell(), None, lt.Budget(simulations=99), method="best_first", proposer=Known())
    assert looked == [(), ("a",), ("b",), ("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
    assert answer.stopped_by == "exhausted"
    assert answer.spent.simulations == 15
    assert not answer.correct


def test_a_model_that_proposes_nothing_ends_the_line() -> None:
    answer = lt.think(Spell(), ScriptedModel(lambda prompt: {"": 1.0}), lt.Budget(calls=50))
    assert not answer.correct
    assert answer.stopped_by in ("exhausted", "calls")


def test_requests_are_checked() -> None:
    model = ScriptedModel(confused)
    with pytest.raises(lt.UnknownNameError, match="did you mean 'max_tokens'"):
        model.complete("", max_token=3)
    for wrong in ({"n": 0}, {"max_tokens": 0}, {"temperature": -1.0}, {"top": -1}):
        with pytest.raises(lt.ParameterError, match=f"{next(iter(wrong))} expects a"):
            model.complete("", **wrong)
    with pytest.raises(lt.ModelError, match="no grammar"):
        model.complete("", grammar="root ::= [a]")
    with pytest.raises(lt.ModelError, match="no images"):
        model.complete("", images=[b""])
    assert model.request("a", stop=["b"]) == Request("a", stop=("b",))


def test_scripted_models_say_what_they_find_likely() -> None:
    (reply,) = ScriptedModel(lambda prompt: {"ab": 0.25, "ac": 0.25, "b": 0.5}).complete("", temperature=0.0, top=5)
    assert reply.text == "b"
    assert reply.tokens[0].top == {"a": math.log(0.5), "b": math.log(0.5)}
