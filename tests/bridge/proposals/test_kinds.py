"""Kinds of proposals: the effect of each on a transcript, the choice by a search, and their counts."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.kinds.kind_proposer import KindProposer
from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Task, Transcript
from longthink.commands import main

TASK = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)
SEARCHES = ["mcts", "best_first", "beam", "tree_of_thoughts"]


def asked(task: Task, transcript: Transcript, script: Any, seed: int = 0) -> dict[str, float]:
    proposals = KindProposer(ScriptedModel(script), seed).propose(task, transcript)
    assert sum(each.prior for each in proposals) == pytest.approx(1)
    assert len({each.text for each in proposals}) == len(proposals)
    return {each.text: each.prior for each in proposals}


def with_kinds(task: Task, *kinds: str | lt.Kind) -> WithKinds:
    made = lt.with_kinds(task, kinds)
    assert isinstance(made, WithKinds)
    return made


def question(text: str, answer: str) -> Task:
    return lt.make_task(
        text,
        done=lambda lines: bool(lines) and lines[-1].startswith("Answer:"),
        verify=lambda said: float(said == answer),
        answer=lambda lines: lines[-1].removeprefix("Answer:").strip(),
        max_steps=6,
    )


# ---- Choices ----


def test_a_search_is_offered_the_kinds_by_their_weights() -> None:
    task = lt.with_kinds(TASK, {"step": 3, "answer": 1, "subproblem": 1})
    assert asked(task, (), lambda prompt: {"x": 1.0}) == {"<step>": 0.6, "<answer>": 0.2, "<subproblem>": 0.2}
    assert lt.with_kinds(TASK, ("step",)) is TASK
    called = lt.with_tools(TASK, [lt.load_tool("calculator")])
    assert called.kinds == ("step", "tool")
    assert lt.with_kinds(called, ("step",)) is TASK
    assert with_kinds(called, "answer", "tool").kind("tool") is called.kind("tool")
    assert lt.with_kinds(task) is task
    assert lt.with_kinds(called, called.kinds) is called
    assert lt.with_kinds(task, ("step",)) is TASK
    plain, chosen = task.context(("40=20*2",)), task.context(("<step>", "40=20*2"))
    assert plain == chosen == TASK.context(("40=20*2",))
    assert task.answer(("40=20*2", "80=40+40", "75=80-5")) == "40 + 20 * 2 - 5"


def test_bad_kinds_are_refused() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'answer'"):
        lt.with_kinds(TASK, ("step", "anwser"))
    with pytest.raises(lt.ParameterError, match="one that writes"):
        lt.with_kinds(TASK, ("revision",))
    with pytest.raises(lt.ParameterError, match="weight of step expects a number above 0"):
        lt.with_kinds(TASK, {"step": 0})
    with pytest.raises(lt.UnknownNameError, match="unknown parameter of revision 'limt'; did you mean 'limit'"):
        lt.with_kinds(TASK, ("step", "revision(limt=1)"))
    with pytest.raises(lt.ParameterError, match="different names are expected, got step, revision, revision"):
        lt.with_kinds(TASK, ("step", "revision", lt.load_kind("revision", limit=1)))
    with pytest.raises(lt.ParameterError, match="names as in"):
        lt.with_kinds(TASK, "step")  # type: ignore[arg-type]


def test_another_verifier_gives_the_values() -> None:
    def never(task: Task, transcript: Transcript) -> float:
        return 0.25

    task = lt.with_kinds(TASK, ("step", "answer"), verifier=never)
    right = ("40=20*2", "80=40+40", "75=80-5")
    assert task.verify(right) == 0.25
    assert lt.with_kinds(task).verify(right) == 0.25
    assert lt.with_kinds(TASK, ("step", "answer")).verify(right) == 1.0


def test_think_keeps_the_weights_of_a_task(tmp_path: Path) -> None:
    task = lt.with_kinds(TASK, {"step": 3, "answer": 1})
    answer = lt.think(task, ScriptedModel(lambda prompt: {"x": 1.0}), lt.Budget(calls=1), trace=tmp_path)
    assert answer.page is not None
    first = answer.page.with_suffix(".jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(first)["weights"] == {"step": 3, "answer": 1}


def test_a_kind_of_your_own_is_found_by_its_name() -> None:
    @lt.register_kind("hint")
    class Hint(lt.Kind):
        """A hint."""

        name = "hint"

        def offered(self, query: lt.ProposalQuery) -> bool:
            return self.name not in query.state.made

        def propose(self, query: lt.ProposalQuery) -> list[Proposal]:
            return [Proposal(self.mark("twice"), 1.0)]

        def apply(self, task: Task, state: lt.TranscriptState, step: str) -> lt.TranscriptState:
            return state.note(self.read(step))

    lt.register_kind("other", Hint)
    try:
        task = with_kinds(question("What?", "42"), "step", "hint")
        assert asked(task, ("<hint>",), lambda prompt: {"x": 1.0}) == {"<hint> twice": 1.0}
        assert task.context(("<hint> twice",)).endswith("twice\n")
        with pytest.raises(lt.RegistryError, match="'other' is registered by this name, but its name is 'hint'"):
            lt.load_kind("other")
    finally:
        lt.kinds().unregister("hint")
        lt.kinds().unregister("other")


# ---- Each kind ----


def test_tokens_are_masked_by_the_legal_steps() -> None:
    """Every legal step is reached in one way, and what no token leads to is not lost."""
    legal = ["12=3*4", "12=3*40", "1=4-3", "7=3+4"]
    small = lt.make_task("Go on.", lambda t: len(t) == 1, lambda a: 0.0, steps=lambda t: legal, max_steps=1)
    task = with_kinds(small, "token")

    class Tokens(ScriptedModel):
        """Of several lengths; some lead nowhere."""

        def answer(self, request: Request) -> list[Completion]:
            import math

            from longthink.bridge.models.model import Token

            top = {"1": math.log(0.4), "12": math.log(0.3), "9": math.log(0.2), "\n": math.log(0.1)}
            return [Completion("1", 0.0, (Token("1", 0.0, top),), calls=1)]

    proposer = KindProposer(Tokens(lambda prompt: {"": 1.0}))
    proposals = {each.text: each.prior for each in proposer.propose(task, ())}
    assert set(proposals) == {"<token>1", "<token>7"}
    assert proposals["<token>1"] == pytest.approx(0.7 / 0.75)

    reached: Counter[Transcript] = Counter()

    def grow(transcript: Transcript) -> None:
        if task.done(transcript):
            reached[task.state(transcript).own] += 1
            return
        for each in proposer.propose(task, transcript):
            grow((*transcript, each.text))

    grow(())
    assert reached == {(step,): 1 for step in legal}


def test_a_free_step_is_written_token_by_token() -> None:
    task = with_kinds(question("Say hi.", "hi"), "token")
    written: Transcript = ()
    for character in "Answer: hi":
        assert asked(task, written, lambda prompt, next=character: {next: 1.0}) == {f"<token>{character}": 1.0}
        written = (*written, f"<token>{character}")
        assert not task.answered(written)
    written = (*written, "<token>\n")
    assert task.answered(written)
    assert task.verify(written) == 1.0


def test_an_answer_is_all_steps_at_once_and_others_come_when_it_is_chosen_again() -> None:
    right = {"2 5 20 40": "40=20*2", "5 40 40": "80=40+40", "5 80": "75=80-5"}

    def script(prompt: str) -> dict[str, float]:
        table = prompt.splitlines()[-1].removeprefix("75 from ").partition(": ")[0]
        return {right.get(table, "x"): 0.6, "45=40+5": 0.4}

    task = with_kinds(TASK, "step", "answer")
    first = asked(task, ("<answer>",), script)
    whole = "<answer>\n40=20*2\n80=40+40\n75=80-5"
    assert first == {whole: 0.5, "<answer>": 0.5}
    assert task.verify(("<answer>", whole)) == 1.0
    again = [asked(task, ("<answer>",) * 2, script, seed) for seed in range(9)]
    assert {"<answer>"} in [set(each) for each in again]  # a sample that leads nowhere
    last = asked(task, ("40=20*2", "80=40+40"), script)
    assert "75=80-5" in last  # one step is left, and it is the answer: nothing to choose
    assert "<answer>" not in last


def test_an_answer_holds_steps_with_results_of_tools() -> None:
    task = with_kinds(question("What is 6 * 7?", "42"), "answer", "tool")

    def script(prompt: str) -> dict[str, float]:
        return {"Answer: 42": 1.0} if "\n42\n" in prompt else {r"<calculator> 6 * 7": 1.0}

    (answer, _) = asked(task, ("<answer>",), script)
    assert answer == "<answer>\n<calculator> 6 * 7\\n42\nAnswer: 42"
    state = task.state(("<answer>", answer))
    assert state.own == ("Answer: 42",)
    assert state.notes == ((0, "<calculator> 6 * 7\n42"),)


def test_a_revision_begins_again_with_the_answer_in_the_prompt() -> None:
    task = with_kinds(TASK, "step", "revision(limit=1)")
    wrong = ("40=20*2", "80=40+40", "85=80+5")
    assert task.answered(wrong)
    assert not task.done(wrong)
    assert asked(task, wrong, lambda prompt: {"x": 1.0}) == {"<revision>": 1.0}
    begun = (*wrong, "<revision>")
    assert not task.answered(begun)
    assert task.context(begun) == TASK.revision([("40 + 20 * 2 + 5", 0.0)]) + TASK.context(())
    assert task.done((*begun, *wrong))  # no more of them
    assert task.done(("40=20*2", "80=40+40", "75=80-5"))  # nothing to mend


def test_subproblems_are_solved_first_and_put_together() -> None:
    task = with_kinds(TASK, "step", "subproblem")
    listed = asked(task, ("<subproblem>",), lambda prompt: {"x": 1.0})
    part = "<subproblem> 80 from 2 20 40, then 75=80-5"
    assert part in listed
    assert set(listed.values()) == {1 / len(listed)}
    assert task.context((part,)).endswith("\n80 from 2 20 40: ")
    assert not task.answered((part, "40=20*2"))
    solved = (part, "40=20*2", "80=40+40")
    assert task.answered(solved)
    assert task.answer(solved) == "40 + 20 * 2 - 5"
    assert task.verify(solved) == 1.0
    missed = (part, "40=20*2", "0=40-40")
    assert task.state(missed).dead
    assert asked_nothing(task, missed)
    inner = asked(task, (part, "<subproblem>"), lambda prompt: {"x": 1.0})
    assert "<subproblem> 40 from 2 20, then 80=40+40" in inner
    twin = pickle.loads(pickle.dumps(task))
    assert twin.answer(solved) == task.answer(solved)


def asked_nothing(task: Task, transcript: Transcript) -> bool:
    return KindProposer(ScriptedModel(lambda prompt: {"x": 1.0})).propose(task, transcript) == []


@pytest.mark.parametrize(("numbers", "target"), [((2, 5, 20, 40), 75), ((1, 6, 6, 9), 12), ((3, 4, 8), 0)])
@pytest.mark.parametrize("name", ["countdown", "game24"])
def test_every_listed_subproblem_that_is_solved_solves_the_whole(
    name: str, numbers: tuple[int, ...], target: int
) -> None:
    task = lt.load_task(name, numbers=numbers, **({"target": target} if name == "countdown" else {}))
    solved = 0
    for part in task.subproblems(()) or ():
        answer = lt.think(part.task, None, lt.Budget(simulations=5_000), method="uniform")
        if answer.correct:
            assert part.then is not None
            assert task.verify((*answer.transcript, *part.then)) == 1.0
            solved += 1
    assert bool(solved) == (task.solve().answer is not None)  # type: ignore[union-attr]


def test_a_model_writes_subproblems_of_its_own() -> None:
    task = with_kinds(question("What is 2 + 3 * 4?", "14"), "step", "subproblem")
    (part, again) = asked(task, ("<subproblem>",), lambda prompt: {" What is 3 * 4?": 1.0})
    assert (part, again) == ("<subproblem> What is 3 * 4?", "<subproblem>")
    assert "A part of it: What is 3 * 4?" in task.context((part,))
    context = task.context((part, "Answer: 12"))
    assert "\nWhat is 3 * 4?\n12\n" in context
    assert "A part of it" not in context
    assert task.verify((part, "Answer: 12", "Answer: 14")) == 1.0
    (closed,) = asked(task, (part, "<step>"), lambda prompt: {"Answer: 12": 1.0})
    assert closed == "Answer: 12"


def test_a_strategy_is_in_the_prompt_until_it_is_changed() -> None:
    class Ways(Task):
        name, prompt, max_steps = "ways", "Go.", 3
        strategies = ("up", "down")

        def context(self, transcript: Transcript) -> str:
            return "Go:" + "".join(transcript)

        def done(self, transcript: Transcript) -> bool:
            return len(transcript) == 3

        def answer(self, transcript: Transcript) -> str:
            return "".join(transcript)

        def check(self, answer: str) -> float:
            return 0.0

    task = with_kinds(Ways(), "step", "strategy")
    up, down = "<strategy> up", "<strategy> down"
    assert asked(task, ("<strategy>",), lambda prompt: {"x": 1.0}) == {up: 0.5, down: 0.5}
    assert task.context((up, "a")) == "Strategy: up\n\nGo:a"
    assert task.context((up, "a", down)) == "Strategy: down\n\nGo:a"
    assert asked(task, (up,), lambda prompt: {"x": 1.0}) == {"x": 1.0}  # not two in a row
    assert asked(task, (up, "a", "<strategy>"), lambda prompt: {"x": 1.0}) == {down: 1.0}
    assert asked(task, (up, "a", down, "b"), lambda prompt: {"x": 1.0}) == {"x": 1.0}  # nor three of them
    assert task.parse_step((), "<strategy> sideways") is None


def test_the_likeliest_call_of_each_tool_is_proposed() -> None:
    task = with_kinds(question("What is 6 * 7?", "42"), "step", "tool")
    script = {"<calculator>": " 6 * 7"}

    def calls(prompt: str) -> dict[str, float]:
        return {script["<calculator>"]: 0.7, " seven": 0.3} if prompt.endswith("<calculator>") else {"no": 1.0}

    first = asked(task, ("<tool>",), calls)
    assert first == {"<calculator> 6 * 7\n42": 0.5, "<tool>": 0.5}
    samples = [set(asked(task, ("<tool>",) * 2, calls, seed)) for seed in range(9)]
    assert {"<tool>"} in samples  # what is no expression is left out
    assert {"<tool>", "<calculator> 6 * 7\n42"} in samples
    assert "<calculator> 17 * 3 + 4\n55" in task.context(())
    assert set(asked(task, ("<calculator> 6 * 7\n42", "<tool>"), calls)) == {"<tool>"}  # it was made already


def test_what_was_proposed_is_not_proposed_again() -> None:
    task = with_kinds(question("What is 6 * 7?", "42"), "step", "tool", "answer")
    proposer = KindProposer(ScriptedModel(lambda p: {" 6 * 7" if p.endswith("<calculator>") else "Answer: 1": 1.0}))
    assert [each.text for each in proposer.propose(task, ("<tool>",))] == ["<calculator> 6 * 7\n42", "<tool>"]
    assert proposer.propose(task, ("<tool>", "<tool>")) == [Proposal("<tool>", 1.0)]
    assert len(proposer.propose(task, ("Let us see.", "<tool>"))) == 2  # another place
    assert len(proposer.propose(task, ("<answer>",))) == 2
    assert proposer.propose(task, ("<answer>", "<answer>")) == [Proposal("<answer>", 1.0)]


def test_a_proposer_of_ones_own_proposes_the_steps_and_is_paid_for() -> None:
    class Own(Proposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            self.spent += lt.Spent(calls=1)
            return [Proposal("Answer: 1", 1.0)]

    budget, own = lt.Budget(calls=20), Own()
    for model in (None, ScriptedModel(solver)):
        answer = lt.think(question("?", "42"), model, budget, proposer=own, kinds=("step", "strategy", "tool"))
        assert answer.spent.calls >= answer.kinds["step"] > 0
        assert ("tool" in answer.kinds) == (model is not None)


# ---- Searches ----


def solver(prompt: str) -> dict[str, float]:
    """Cannot multiply; copies a sum into the calculator, and its result into the answer."""
    for said in ("Answer: 1500", "Let us see."):
        for written in range(len(said), 0, -1):
            if prompt.endswith("\n" + said[:written]):
                return {said[written:] or "\n": 1.0}
    if prompt.endswith("<calculator>"):
        return {" 37 * 41": 1.0}
    if prompt.endswith("It is "):
        return {"likely": 1.0}
    return {"Answer: 1517": 1.0} if "\n1517" in prompt else {"Answer: 1500": 0.9, "Let us see.": 0.1}


@pytest.mark.parametrize("method", SEARCHES)
def test_every_search_finds_what_a_kind_makes_possible(method: str) -> None:
    task, budget = question("What is 37 * 41?", "1517"), lt.Budget(calls=60)
    with_tool = lt.think(task, ScriptedModel(solver), budget, method=method, kinds=("step", "tool"))
    assert with_tool.correct
    assert with_tool.kinds["tool"] >= 1
    assert with_tool.transcript == ("<calculator> 37 * 41\n1517", "Answer: 1517")
    without = lt.think(task, ScriptedModel(solver), budget, method=method, kinds=("step",))
    assert not without.correct
    assert set(without.kinds) == {"step"}


@pytest.mark.parametrize("method", SEARCHES)
def test_every_search_goes_on_after_an_answer_that_may_be_revised(method: str) -> None:
    def learns(prompt: str) -> dict[str, float]:
        if prompt.endswith("It is "):
            return {"likely": 1.0}
        return {"Answer: 4": 1.0} if "0.00 of 1:\n5" in prompt else {"Answer: 5": 1.0}

    task, budget = question("What is 2 + 2?", "4"), lt.Budget(calls=40)
    answer = lt.think(task, ScriptedModel(learns), budget, method=method, kinds=("step", "revision"))
    assert answer.correct
    assert answer.kinds["revision"] >= 1
    assert not lt.think(task, ScriptedModel(learns), budget, method=method).correct


@pytest.mark.parametrize("without", lt.kinds())
def test_each_kind_can_be_switched_off_and_is_counted(without: str) -> None:
    kinds = [kind for kind in lt.kinds() if kind != without]
    task = question("What is 37 * 41?", "no")
    answer = lt.think(task, ScriptedModel(solver), lt.Budget(calls=600), method="mcts", kinds=kinds)
    assert set(answer.kinds) == set(kinds)

    def count_kinds(trace: Any) -> Counter[str]:
        return Counter([trace.kind]) + sum((count_kinds(child) for child in trace.children), Counter())

    counted = count_kinds(answer.trace)
    assert counted["choice"] > 0
    for kind in answer.kinds:
        assert counted[kind] <= answer.kinds[kind]


def test_a_leaf_without_proposals_does_not_end_a_search() -> None:
    class Half(Proposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            return {(): [Proposal("a", 0.9), Proposal("b", 0.1)], ("b",): [Proposal("c", 1.0)]}.get(transcript, [])

    task = lt.make_task("Go.", lambda t: len(t) == 2, lambda a: float(a == "bc"), answer="".join, max_steps=2)
    answer = lt.think(task, None, lt.Budget(simulations=50), proposer=Half())
    assert answer.correct


def test_the_same_seed_chooses_the_same() -> None:
    def think() -> object:
        task = question("What is 37 * 41?", "no")
        return lt.think(task, ScriptedModel(solver), lt.Budget(calls=60), kinds=tuple(lt.kinds())).trace.as_dict()

    assert think() == think()


def test_kinds_stand_in_traces_and_behind_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = question("What is 37 * 41?", "1517")
    answer = lt.think(
        task, ScriptedModel(solver), lt.Budget(calls=60), method="best_first", kinds=("step", "tool"), trace=tmp_path
    )
    assert answer.page is not None
    page = answer.page.read_text("utf-8")
    assert '<span class="kind">tool</span>' in page
    assert "<h2>Proposals</h2>" in page
    log = [json.loads(line) for line in answer.page.with_suffix(".jsonl").read_text("utf-8").splitlines()]
    assert log[0]["kinds"] == ["step", "tool"]
    assert log[-1]["proposals"] == answer.kinds
    assert "tool" in {event.get("kind") for event in log}

    command = ["think", "countdown", "2", "3", "4", "--target", "9", "--model", "tiny", "--tokens", "900", "--json"]
    assert main([*command, "--kinds", "step,subproblem"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["kinds"]) == {"step", "subproblem"}
    assert main([*command, "--kinds", "stap"]) == 2
    assert "did you mean 'step'" in capsys.readouterr().err
