"""Final answers: where texts state them, when two are equal, and transcripts that end in one."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

import longthink as lt
from longthink.bridge.methods.votes import Votes
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.models.work import do
from longthink.bridge.proposals.kinds.subproblem import Question
from longthink.bridge.proposals.proposer import SampleProposer
from longthink.bridge.proposals.writing import writing
from longthink.bridge.tasks.answers import Same, Stated, canonical, final_answer, same, stated, without_reasoning
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.chat import think_about_chat


class Says(ScriptedModel):
    """Writes what a function of the request says, cut at its stop texts as a model's is."""

    def __init__(self, says: Callable[[Request], str]) -> None:
        super().__init__(lambda prompt: {"x": 1.0})
        self.says = says
        self.scores = self.logprobs = self.grammars = False
        self.asked: list[Request] = []

    def answer(self, request: Request) -> list[Completion]:
        self.asked.append(request)
        text = self.says(request)
        for stop in request.stop:
            text = text.partition(stop)[0]
        return [Completion(text, generated_tokens=3, calls=1)] * request.n


# ---- Where a text states its answer ----


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"The result is \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"Thus $x=\boxed{3}$ and $y=\boxed{4}$. Hope this helps!", "3, 4"),
        (r"\boxed{\text{Paris}}", "Paris"),
        ("So, 4 is the answer.", "4"),
        ("The answer is 42.", "42"),
        ("The answer is 42, since 6*7=42.", "42"),
        ("The answer is 3.5 meters. Hope this helps!", "3.5 meters"),
        ("The answer is St. Louis.", "St. Louis"),
        ("Is the answer 5? No, the answer is 6.", "6"),
        ("The answer is not 5.", "The answer is not 5"),
        ("Hence, the correct answer is option (C).", "C"),
        ("**Answer:** 42", "42"),
        ("**Answer**: 42", "42"),
        ("**Answer: 42**", "42"),
        ("answer: 42", "42"),
        ("Final Answer: $42$", "42"),
        ("### Answer\n\n42\n", "42"),
        ("Answer:\n42", "42"),
        ("It is cold.\n#### 72", "72"),
        ("<answer>\n1 2\n3 4\n</answer>", "1 2\n3 4"),
        ("2 + 2 = 4.\n\nLet me know if you have any other questions!", "4"),
        ("2 + 2 = 4. I hope this helps!", "4"),
        ("Answer: 4\n\nWould you like to see another one?", "4"),
        ("There are 4 dogs and 3 cats.", "There are 4 dogs and 3 cats"),
        ("Thanks for asking!", "Thanks for asking"),
        ("<think>Answer: 7</think>\nAnswer: 8", "8"),
        ("<think>the answer is 9", ""),
        ("a thought ... </think>10", "10"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_the_final_answer_of_a_text(text: str, answer: str) -> None:
    assert final_answer(text) == answer


def test_reasoning_is_cut_out() -> None:
    assert without_reasoning("a<think>b\nc</think>d<reasoning>e</reasoning>") == "ad"
    assert without_reasoning("<THINK>a") == ""
    assert without_reasoning("no tags, but 1 < 2 and <b>bold</b>") == "no tags, but 1 < 2 and <b>bold</b>"


# ---- When answers are the same ----

SAME = [
    ("214", "214.", "214.0", "**214**", "$214$", "x = 214", r"\boxed{214}"),
    (r"\frac{1}{2}", r"\dfrac12", "1/2", "0.5", "2/4", r"\boxed{\frac{1}{2}}"),
    ("1,000", "1000", "1e3"),
    ("Paris", "paris.", '"Paris"', r"\text{Paris}"),
    ("B", "(B)", "b."),
]
ALGEBRA = [("x^2-1", "(x-1)(x+1)"), (r"\sqrt{2}", "sqrt(2)"), ("50%", "0.5"), ("x+1", "1+x"), ("[0, 1)", "[0,1)")]
DIFFERENT = [
    ("4", "5"),
    ("1/2", "1/3"),
    ("A", "B"),
    ("12:30", "12:45"),
    ("2024-11-15", "2024-10-16"),
    ("3 apples", "4 apples"),
    ("(1,2)", "(2,1)"),
    ("[0,1)", "[0,1]"),
    ("x^2-1", "x^2+1"),
    ("-3", "3"),
    ("", "0"),
]


@pytest.mark.parametrize("group", SAME)
def test_texts_of_one_number_or_word_are_one_answer(group: tuple[str, ...]) -> None:
    assert len({canonical(text) for text in group}) == 1


@pytest.mark.parametrize(("one", "other"), ALGEBRA)
def test_formulas_of_one_value_are_one_answer(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_answers_differ(one: str, other: str) -> None:
    assert not same(one, other)


def test_formulas_are_compared_in_any_thread_and_within_a_limit() -> None:
    """math-verify's own limits are alarms, which work in no thread; these formulas take it minutes, or all memory."""
    found: list[bool] = []
    pairs = [("x(x+2)", "x^2+2x"), (r"\sum_{i=1}^{10000000} i^i", "3.5"), ("10^{10^{10}}+1.5", "2.5")]
    thread = threading.Thread(target=lambda: found.extend(same(*pair) for pair in pairs))
    thread.start()
    thread.join()
    assert found == [True, False, False]


def test_an_answer_that_takes_too_long_is_not_compared_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    from longthink.bridge.tasks import answers

    asked: list[str] = []
    monkeypatch.setattr(answers, "_equal", lambda one, other: asked.append(one))
    vote = Same()
    assert not any(vote("x^2", f"x^{power}") for power in range(3, 40))
    assert len(asked) == 2


HOSTILE = {
    "spaces": " " * 100_000 + "x",
    "answers": "answer is " * 10_000,
    "spaced answer": "answer" + " " * 100_000 + "x",
    "boxes": r"\boxed{" * 15_000,
    "tags": "<answer>" * 15_000,
    "reasoning": "<think>" * 15_000 + "</think>" * 15_000,
    "dollars": "$" * 100_000,
    "stars": "*" * 100_000 + "x",
    "digits": "=" + "1" * 100_000 + "x",
    "lines": "answer\n" * 20_000,
    "sentence": "x " * 50_000 + "is the answer",
    "fractions": r"\frac{1" * 10_000,
    "surrogate": "\ud800 = \udfff",
    "nul": "\0" * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_has_an_answer(name: str) -> None:
    """In time that grows with the square of its length, some of these would take many minutes."""
    text = HOSTILE[name]
    assert same(final_answer(text), final_answer(text))
    stated(tuple(text.split("\n")), True)
    assert not same(text, "7")


def test_without_math_verify_numbers_are_compared_exactly() -> None:
    program = """
import sys
sys.modules["math_verify"] = sys.modules["sympy"] = None
from importlib import util
found = util.find_spec
util.find_spec = lambda name, *rest: None if name == "math_verify" else found(name, *rest)
from longthink.bridge.tasks.answers import same
print(same("1/2", "0.5"), same("214.", "214.0"), same("x+1", "1+x"), same("4", "5"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "True", "False", "False"]


# ---- Votes ----


def vote(answers: list[str]) -> str:
    votes = Votes[str](Same())
    for answer in answers:
        votes.add(canonical(final_answer(answer)), answer)
    return votes.winner()


def test_wordings_of_one_answer_are_counted_together() -> None:
    halves = [r"So it is $\boxed{\frac{1}{2}}$.", r"Therefore \boxed{1/2}", r"We get \boxed{0.5}. Let me know!"]
    assert vote([r"\boxed{2}", *halves, r"\boxed{2}"]) == halves[0]
    assert vote(["So, 4 is the answer.", "So, 5 is the answer.", "5"]) == "So, 5 is the answer."
    assert vote(["6", "The answer is 214.", "214.0", "6"]) == "6"
    assert vote(["6", "The answer is 214.", "214.0", "214"]) == "The answer is 214."
    assert vote([r"\boxed{x+1}", r"\boxed{(x-1)(x+1)}", r"\boxed{x^2-1}"]) == r"\boxed{(x-1)(x+1)}"


def test_an_empty_answer_is_a_vote_for_none() -> None:
    votes = Votes[str]()
    for place, answer in enumerate(["", "", "", "7", " "]):
        votes.add(answer, f"{place}: {answer}")
    assert votes.winner() == "3: 7"
    assert (votes.count, votes.share) == (5, 0.2)
    only = Votes[str]()
    only.add("", "nothing")
    assert (only.winner(), only.share, only.count) == ("nothing", 0.0, 1)
    assert not only.settled(3)


def test_a_chat_agrees_over_wordings_reasoning_and_courtesies() -> None:
    said = [
        "<think>is the answer 3?</think>2 + 2 = 4. Let me know if you need more!",
        "",
        "The answer is **4**.",
        "5",
        "5",
    ]

    def says(request: Request) -> str:
        return said[request.seed % len(said)]

    found = think_about_chat([{"role": "user", "content": "2 + 2?"}], Says(says), lt.Budget(calls=6))
    assert found.completion is not None
    assert found.completion.text.endswith("Let me know if you need more!")
    assert (found.samples, found.agreement) == (6, 0.5)


def test_a_majority_vote_on_a_task_in_words() -> None:
    said = ["I do not know", r"Answer: $\frac{1}{2}$", "Answer: 3", "**Answer:** 0.5", "Answer: 3", "answer: 1/2"]
    task = lt.make_task(
        "Half?", lambda lines: len(lines) == 1, lambda text: 0.0, answer=lambda lines: final_answer(lines[0])
    )
    model = Says(lambda request: said[request.seed // 7919 % len(said)])
    assert lt.think(task, model, lt.Budget(calls=6), method="majority_vote").text == r"\frac{1}{2}"


# ---- Lines of thought ----


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["**Answer:** 42"], Stated("42", True)),
        (["answer: 42"], Stated("42", True)),
        (["Answer:"], Stated("", False)),
        (["Answer:", "42"], Stated("42", True)),
        (["### Answer", "", "```", "42"], Stated("42", True)),
        (["So the answer is 42."], Stated("42", False)),
        (["So the answer is 41.", "No: the answer is 42."], Stated("42", False)),
        (["It is $\\boxed{42}$."], Stated("42", True)),
        (["<think>", "Answer: 7"], Stated("", False)),
        (["<think>", "Answer: 7", "</think>", "Answer: 8"], Stated("8", True)),
        (["I think.", "Answers need thought."], Stated("", False)),
    ],
)
def test_lines_state_an_answer(lines: list[str], found: Stated) -> None:
    assert stated(tuple(lines)) == found


def test_an_answer_of_several_lines_ends_with_done() -> None:
    lines = ("Answer:", "1 2", "", "3 4")
    assert stated(lines, True) == Stated("1 2\n\n3 4", False)
    assert stated((*lines, "Done."), True) == stated((*lines, "**Done**"), True) == Stated("1 2\n\n3 4", True)


@pytest.mark.parametrize(
    "last", ["**Answer:** {}", "answer: {}", "Answer:\n{}", "The answer is \\boxed{{{}}}.", "#### {}"]
)
@pytest.mark.parametrize("blanks", [0, 1, 2, 3])
def test_blank_lines_between_thoughts_do_not_end_a_sample(last: str, blanks: int) -> None:
    task = lt.load_task("reasoning_gym:chain_sum", seed=1)
    right = task.problem.entry["answer"]  # type: ignore[attr-defined]
    script = ("\n" * blanks).join(f"{line}\n" for line in ["First.", "Second.", *last.format(right).split("\n")])

    def says(request: Request) -> str:
        written = request.prompt[len(task.context(())) :]
        place = 0
        for character in written:  # go on after what is in the prompt, whose blank lines may be left out
            while script[place] != character:
                place += 1
            place += 1
        return script[place:]

    written, _ = do(writing(task, Says(says), 1.0, 0), Says(says))
    assert written is not None
    assert written.transcript[:2] == ("First.", "Second.")
    assert task.verify(written.transcript) == 1.0


def test_a_model_that_stops_has_answered_if_it_said_so() -> None:
    task = lt.load_task("reasoning_gym:chain_sum", seed=1)
    right = task.problem.entry["answer"]  # type: ignore[attr-defined]
    for said, value in ((f"So the answer is {right}.", 1.0), ("That is all.", None)):
        model = Says(lambda request, said=said: "" if said in request.prompt else said)
        written, _ = do(writing(task, model, 1.0, 0), model)
        assert (None if written is None else task.verify(written.transcript)) == value


def test_a_proposer_asks_again_only_for_blank_lines() -> None:
    task = lt.load_task("reasoning_gym:chain_sum", seed=1)
    blank = task.context(())

    def says(request: Request) -> str:
        return "\nthought" if request.prompt == blank else "a thought\nmore"

    model = Says(says)
    proposals, _ = do(SampleProposer(model, samples=3).work(task, ()), model)
    assert proposals is not None
    assert [proposal.text for proposal in proposals] == ["a thought"]
    assert [request.n for request in model.asked] == [3, 3]
    silent = Says(lambda request: "")
    proposals, _ = do(SampleProposer(silent, samples=3).work(task, ()), silent)
    assert proposals == []
    assert len(silent.asked) == 4  # and then it is given up


def test_a_part_of_a_problem_reads_answers_alike() -> None:
    part: Task = Question(lt.load_task("reasoning_gym:chain_sum", seed=1), "What is 2 + 2?")
    assert part.done(("**Answer:** 4",))
    assert part.answer(("**Answer:** 4",)) == "4"
    assert part.answer(("Well.", "So", "it", "is 4")) == "is 4"


def test_what_wraps_an_answer_does_not_make_it_wrong() -> None:
    task = lt.load_task("reasoning_gym:chain_sum", seed=1)
    right = task.problem.entry["answer"]  # type: ignore[attr-defined]
    for text in (right, f"**{right}**", f"${right}$", f"{right}.", rf"\boxed{{{right}}}"):
        assert task.check(text) == 1.0
    assert task.check(f"{right}1") < 1.0


# ---- Whatever a model writes ----

WRITTEN = [
    "",
    "\n\n",
    "<calculator> 1e9999999999999999999",
    "<calculator> " + "9" * 5000,
    "<python> \ud800",
    "<tool> x",
    "<answer>",
    "</think>",
    "[" * 100_000,
    '["a", ["b"]]',
    '[{"a": 1}]',
    "[h " + "9" * 5000 + " 1]",
    "Answer: " + "(" * 5000,
    "1e999999",
    "9**(99999*99999)",
    "\0",
    "Answer:\ud800",
    "-" * 5000 + "1",
    "İ" * 50,
    "<subproblem>" * 50,
]
TASKS = [
    "countdown", "game24", "synthesis", "game:tic_tac_toe", "game:kuhn_poker", "reasoning_gym:chain_sum",
    "reasoning_gym:sudoku", "reasoning_gym:jugs", "reasoning_gym:rearc", "textarena:Slitherlink-v0",
    "textarena:FifteenPuzzle-v0", "textarena:Minesweeper-v0", "textarena:Sudoku-v0", "textarena:Cryptarithm-v0",
    "textarena:Mastermind-v0-extreme", "textarena:RushHour-v0",
]  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_nothing_that_a_model_writes_ends_a_think(name: str) -> None:
    task = lt.load_task(name, seed=1)
    for text in WRITTEN:
        step = task.parse_step(task.initial, text)
        if step is not None:
            assert task.answer((step,)) is not None
            assert 0.0 <= task.verify((step,)) < 1.0
            assert task.context((step,))
        if name != "synthesis":  # each of its checks starts a process; tests of its own feed it programs
            assert 0.0 <= task.check(text) < 1.0
            assert task.canonical(text) is not None


def test_a_think_whose_model_writes_anything_ends_with_an_answer() -> None:
    task = lt.with_tools(lt.load_task("reasoning_gym:chain_sum", seed=1), [lt.load_tool("calculator")])
    model = Says(lambda request: WRITTEN[(request.seed + len(request.prompt)) % len(WRITTEN)])
    for method in ("majority_vote", "best_of_n", "mcts"):
        answer = lt.think(task, model, lt.Budget(calls=60), method=method)
        assert answer.spent.calls >= 60
        assert not answer.correct


# ---- Numbers of NumPy ----


def test_tasks_take_numpys_numbers() -> None:
    one, three = np.int64(1), np.int32(3)
    for numpys, pythons in [
        (lt.load_task("countdown", seed=one, count=np.int64(4)), lt.load_task("countdown", seed=1, count=4)),
        (lt.load_task("countdown", numbers=np.array([3, 5, 7]), target=np.int16(22)),
         lt.load_task("countdown", numbers=(3, 5, 7), target=22)),
        (lt.load_task("game24", number=np.uint16(901)), lt.load_task("game24", number=901)),
        (lt.load_task("game24", seed=one), lt.load_task("game24", seed=1)),
        (lt.load_task("synthesis", seed=one, size=np.int8(2)), lt.load_task("synthesis", seed=1, size=2)),
        (lt.load_task("game:tic_tac_toe", seed=one, player=one), lt.load_task("game:tic_tac_toe", seed=1, player=1)),
        (lt.load_task("reasoning_gym:chain_sum", seed=one, max_terms=three),
         lt.load_task("reasoning_gym:chain_sum", seed=1, max_terms=3)),
        (lt.load_task("textarena:FrozenLake-v0", seed=one), lt.load_task("textarena:FrozenLake-v0", seed=1)),
    ]:  # fmt: skip
        assert numpys.name == pythons.name
        assert numpys.prompt == pythons.prompt
        assert lt.load_task(numpys.name).prompt == pythons.prompt


def test_a_task_without_its_library_says_what_to_do() -> None:
    program = """
import sys
sys.modules["reasoning_gym"] = None
import longthink as lt
for name in ("countdown", "game24"):
    try:
        lt.load_task(name, seed=1)
    except lt.MissingExtraError as error:
        print(error)
print(lt.load_task("countdown", numbers=(3, 5, 7), target=22).check("3*5+7"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    countdown, game24, checked = ran.stdout.splitlines()
    assert "longthink[tasks]" in countdown
    assert "numbers=" in countdown
    assert "longthink[tasks]" in game24
    assert checked == "1.0"
