"""Tools that a model may call, and tasks with tools."""

from __future__ import annotations

import pickle
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longthink as lt
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.tasks.arithmetic import ALL, evaluate

# ---- The calculator ----


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1/3 + 0.5", "5/6"),
        ("0.1 + 0.2", "3/10"),
        ("-(2 ** 10) % 7", "5"),
        ("7 // 2 * 1.5e1", "45"),
        ("2 ** -3", "1/8"),
        ("(-1) ** 999999999999999999999", "-1"),
        ("0 ** 0", "1"),
        ("1 ** (10 ** 1000)", "1"),
        (" 12345678901234567890 * 98765432109876543210 ", "1219326311370217952237463801111263526900"),
    ],
)
def test_the_calculator_is_exact(text: str, answer: str) -> None:
    result = lt.load_tool("calculator").call(text)
    assert (result.text, result.error) == (answer, None)


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9 ** 9",
        "(9 ** 9999) ** 9999",
        "2 ** 100000",
        "2 ** -100000",
        "1e999999999",
        "1e-999999999",
        "0e999999999 + 1e99999",
        "(" * 400 + "1" + ")" * 400,
        "-" * 999 + "1",
        "1" * 2000,
        "1 / 0",
        "0 ** -1",
        "1 % 0",
        "2 ** 0.5",
        "__import__('os').system('true')",
        "x",
        "'a' * 5",
        "[1] * 3",
        "1 if 1 else 2",
        "1 < 2",
        "True + 1",
        "1j",
        "nan",
        "1 << 9999999",
        "",
        "1;2",
        "1\x00",
    ],
)
def test_hostile_sums_have_a_clear_answer_quickly(text: str) -> None:
    started = time.process_time()
    result = lt.load_tool("calculator").call(text)
    assert time.process_time() - started < 1
    assert result.error
    assert result.text.startswith("not an expression: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("37 × 41", "1517"),  # noqa: RUF001
        ("1,000*3", "3000"),
        ("37*41 =", "1517"),
        ("37*41 = 1500", "1517"),
        ("84 ÷ 4 − 1", "20"),  # noqa: RUF001
        (r"\frac{1}{3} + 0.5", "5/6"),
        ("2^10", "1024"),
        ("$3 \\times 4$", "12"),
        ("1.5e3", "1500"),
    ],
)
def test_sums_as_people_write_them(text: str, value: str) -> None:
    result = lt.load_tool("calculator").call(text)
    assert (result.text, result.error) == (value, None)


@pytest.mark.parametrize(
    "text", ["1e9999999999999999999", "1e-9999999999999999999", "1e", "1.2.3", "1,00*3", "=", "= 5"]
)
def test_other_numbers_have_a_clear_answer(text: str) -> None:
    assert lt.load_tool("calculator").call(text).text.startswith("not an expression: ")


@given(st.recursive(st.integers(0, 99).map(str), lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
    lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"), max_leaves=8))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_calculator_agrees_with_fractions(text: str) -> None:
    import re

    try:
        wanted = eval(re.sub(r"\d+", lambda number: f"Fraction({number[0]})", text), {"Fraction": Fraction})
    except ZeroDivisionError:
        with pytest.raises(ValueError, match=r"Fraction|zero"):
            evaluate(text, ALL)
        return
    assert evaluate(text, ALL)[0] == evaluate(text)[0] == wanted


# ---- Search ----

TEXTS = {
    "Go": "Go is played with black and white stones on a board of 19 by 19 lines.",
    "Chess": "Chess is played on a board of 64 squares; a pawn may become a queen.",
    "Poker": "Poker is a game of cards in which players bet; a flush beats a straight.",
}


def test_search_finds_what_is_about_it() -> None:
    tool = lt.load_tool("search", texts=TEXTS, best=2)
    assert tool.call("What beats a straight in cards?").text.startswith("Poker: ")
    assert tool.call("stones?").text == f"Go: {TEXTS['Go']}"
    scores = tool.scores("board of stones")  # type: ignore[attr-defined]
    assert max(scores, key=lambda name: scores[name]) == "Go"
    assert tool.call("zebra").error == "nothing found"
    long = lt.load_tool("search", texts=["word " * 1000], characters=50).call("word")
    assert long.text == f"1: {('word ' * 10).strip()} ..."
    with pytest.raises(lt.ParameterError, match="at least one"):
        lt.load_tool("search", texts=[])
    with pytest.raises(lt.ParameterError, match="texts"):
        lt.load_tool("search", texts="one text")


def test_scores_are_bm25() -> None:
    """The formula of the paper, written out for a word in one text of three."""
    import math

    tool = lt.load_tool("search", texts=["a b c d", "b b", "c"])
    lengths = [5, 3, 2]  # each with its name
    mean = sum(lengths) / 3
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    wanted = {
        "1": idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 5 / mean)),
        "2": idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / mean)),
    }
    assert tool.scores("b") == pytest.approx(wanted)  # type: ignore[attr-defined]


# ---- Python ----


def test_python_says_what_a_program_prints() -> None:
    tool = lt.load_tool("python", seconds=20)
    assert tool.call("print(sum(range(10)))").text == "45"
    failed = tool.call("1 / 0")
    assert failed.error == "ended with exit code 1"
    assert "ZeroDivisionError" in failed.text
    slow = lt.load_tool("python", seconds=1).call("print('started'); import time; time.sleep(9)")
    assert slow.error == "stopped after 1 seconds"
    assert slow.text == "started\n(stopped after 1 seconds)"
    assert len(tool.call("print('x' * 30_000)").text) < 2100


# ---- Tasks with tools ----


def steps(prompt: str) -> dict[str, float]:
    """Calls the calculator first, and then answers with the result below the call."""
    lines = prompt.splitlines()
    if "<calculator> 37 * 41" not in lines:
        return {"<calculator> 37 * 41": 1.0}
    return {f"Answer: {lines[lines.index('<calculator> 37 * 41') + 1]}": 1.0}


@pytest.mark.parametrize("method", ["greedy", "best_of_n", "mcts"])
def test_a_model_that_calls_a_tool_reads_its_result(method: str) -> None:
    question = lt.make_task(
        "What is 37 * 41?",
        done=lambda steps: bool(steps) and steps[-1].startswith("Answer:"),
        verify=lambda answer: float(answer.endswith("Answer: 1517")),
    )
    task = lt.with_tools(question, [lt.load_tool("calculator")])
    answer = lt.think(task, ScriptedModel(steps), lt.Budget(calls=40), method=method)
    assert answer.correct
    assert answer.transcript == ("<calculator> 37 * 41\n1517", "Answer: 1517")
    assert answer.text == "Answer: 1517"


def test_calls_are_invisible_to_the_task() -> None:
    inner = lt.load_task("game24", numbers=(4, 6, 8, 8))
    task = lt.with_tools(inner, [lt.load_tool("calculator"), lt.load_tool("search", texts=TEXTS)], calls=2)
    call = task.parse_step((), "  <calculator> 8 * (4 - 1) ")
    assert call == "<calculator> 8 * (4 - 1)\n24"
    step = inner.legal_steps(())[0]  # type: ignore[index]
    assert task.parse_step((call,), step) == step
    assert task.parse_step((call,), "no step") is None
    assert task.parse_step((call,), "<unknown> 1") is None
    assert task.parse_step((call,), "<calculator> 8 * (4 - 1)") is None  # it was asked already
    second = task.parse_step((call,), "<search> stones") or ""
    assert second.startswith("<search> stones\nGo: ")
    assert task.parse_step((call, second), "<calculator> 1") is None  # no more than two
    context = task.context((call, step, second))
    assert context.endswith(inner.context((step,)))
    assert call in context
    assert second in context
    assert task.max_steps >= inner.max_steps + 2
    solved = task.solve()
    assert solved is not None
    assert task.check(solved.answer or "") == 1.0
    twin = pickle.loads(pickle.dumps(task))
    assert twin.context((call, step)) == task.context((call, step))


def test_a_tool_of_ones_own() -> None:
    class Shout(lt.Tool):
        name, description = "shout", "the same in capitals"

        def call(self, text: str) -> lt.ToolResult:
            return lt.ToolResult(text.upper(), None, 0.0)

    lt.register_tool("shout", Shout)
    try:
        assert "shout" in lt.tools()
        task = lt.with_tools(lt.load_task("countdown"), [lt.load_tool("shout")])
        assert task.parse_step((), "<shout> a\\nb") == "<shout> a\\nb\nA\nB"
    finally:
        lt.tools().unregister("shout")


def test_bad_tools_are_refused() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'calculator'"):
        lt.load_tool("calculater")
    with pytest.raises(lt.ParameterError, match="different names"):
        lt.with_tools(lt.load_task("countdown"), [])
    with pytest.raises(lt.ParameterError, match="different names"):
        lt.with_tools(lt.load_task("countdown"), [lt.load_tool("calculator"), lt.load_tool("calculator")])
