"""Traces of thinking: the log, the page, and that neither contains secrets."""

from __future__ import annotations

import json
import pickle
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.methods import methods
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.proposer import Proposal, UniformProposer
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.traces.log import without_secrets
from longthink.bridge.traces.trace import TRACE_DEPTH
from longthink.commands import main

SECRET = "s3cr3t-and-long-enough"
TASK = lt.load_task("countdown", numbers=(2, 3), target=6)


class Say(Task):
    """Say anything in two lines; never quite right."""

    name, prompt, max_steps = "say", 'Say <b>"hello"</b> & more.', 2

    def context(self, transcript: Transcript) -> str:
        return "\n".join([self.prompt, *transcript, ""])

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 2

    def answer(self, transcript: Transcript) -> str:
        return " ".join(transcript)

    def check(self, answer: str) -> float:
        return 0.5


class Tags(HTMLParser):
    """The elements of a page, and whether each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def says(prompt: str) -> dict[str, float]:
    return {"<script>alert(1)</script>": 0.5, "hello & so on": 0.5}


def halves(task: Task, transcript: Transcript) -> float:
    return 0.5


def events(answer: lt.Answer) -> list[dict[str, Any]]:
    assert answer.page is not None
    return [json.loads(line) for line in answer.page.with_suffix(".jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("method", methods())
def test_every_think_writes_a_log_and_a_page(method: str, tmp_path: Path) -> None:
    task: Task = TASK if method in ("exhaustive", "uniform") else Say()
    answer = lt.think(task, ScriptedModel(says), lt.Budget(simulations=15), method=method, trace=tmp_path)
    logged = events(answer)
    assert logged[0]["event"] == "think"
    assert logged[0]["method"] == method
    assert logged[-1]["event"] == "end"
    assert logged[-1]["answer"] == answer.text
    assert logged[-1]["stopped_by"] == answer.stopped_by
    asked = [each["number"] for each in logged if each["event"] == "request"]
    answered = [each for each in logged if each["event"] == "answer"]
    assert sorted(asked) == sorted(each["number"] for each in answered)
    assert sum(each["cost"].get("calls", 0) for each in answered) == answer.spent.calls
    assert sum(each["cost"].get("tokens", 0) for each in answered) == answer.spent.tokens
    assert any(each["event"] == "verified" for each in logged)

    assert answer.page is not None
    page = Tags(answer.page.read_text("utf-8"))
    assert not {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object", "b<"}
    for _, attributes in page.seen:
        assert not {"src", "href", "onclick", "srcset"} & set(attributes)
    assert "http" not in answer.page.read_text("utf-8")
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.seen
    assert any("chosen" in (attributes.get("class") or "") for _, attributes in page.seen)
    assert task.prompt in page.text


def test_the_page_shows_what_was_thought(tmp_path: Path) -> None:
    model = ScriptedModel(lambda prompt: {"6=3*2": 0.6, "5=3+2": 0.4})
    answer = lt.think(TASK, model, lt.Budget(calls=20), method="best_first", trace=tmp_path)
    assert answer.correct
    assert answer.page is not None
    page = Tags(answer.page.read_text("utf-8"))
    for words in ("best first", TASK.name, "6=3*2", "prior 0.", "value 1.00", "correct", "when solved", "limit"):
        assert words in page.text
    chosen = [attributes for _, attributes in page.seen if "chosen" in (attributes.get("class") or "")]
    assert len(chosen) == len(answer.transcript)


def test_the_page_names_the_proposer_and_the_verifier(tmp_path: Path) -> None:
    """If they are not the defaults."""
    budget, model = lt.Budget(calls=2), ScriptedModel(says)
    default = lt.think(TASK, model, budget, method="mcts", trace=tmp_path)
    changed = lt.think(TASK, model, budget, method="mcts", proposer=UniformProposer(), verifier=halves, trace=tmp_path)
    assert default.page is not None
    assert changed.page is not None
    names = "proposer", "verifier"
    for page, shown in ((default.page, ()), (changed.page, names)):
        cells = re.findall("<th>(.*?)</th><td>(.*?)</td>", page.read_text("utf-8"))
        assert tuple(name for name, _ in cells if name in names) == shown
    assert ("verifier", f"{halves.__module__}.halves") in cells


def test_reasoning_stands_in_the_log_and_in_no_answer(tmp_path: Path) -> None:
    class Reasons(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            return [replace(each, reasoning="Is it wise?") for each in super().answer(request)]

    answer = lt.think(Say(), Reasons(says), lt.Budget(calls=4), method="best_of_n", trace=tmp_path)
    completions = [logged["completions"][0] for logged in events(answer) if logged["event"] == "answer"]
    assert [each["reasoning"] for each in completions] == ["Is it wise?"] * 4
    assert "wise" not in f"{answer.text} {answer.trace}"


def test_a_failure_and_ctrl_c_leave_their_traces(tmp_path: Path) -> None:
    class Fails(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            if request.seed > 5:
                raise lt.ModelError("the model is gone")
            return super().answer(request)

    with pytest.raises(lt.ModelError) as failure:
        lt.think(Say(), Fails(says), lt.Budget(calls=9), method="best_of_n", trace=tmp_path)
    assert events(failure.value.answer)[-1]["stopped_by"] == "failed"

    def interrupt(spent: lt.Spent) -> None:
        if spent.calls == 3:
            raise KeyboardInterrupt

    stopped = lt.think(Say(), ScriptedModel(says), lt.Budget(calls=9), trace=tmp_path, progress=interrupt)
    assert events(stopped)[-1]["stopped_by"] == "interrupted"
    with pytest.raises(lt.ParameterError, match="folder"):
        lt.think(Say(), ScriptedModel(says), lt.Budget(calls=9), trace=failure.value.answer.page)


def test_without_jinja_no_budget_is_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    model = ScriptedModel(says)
    with pytest.raises(lt.MissingExtraError, match=r"pip install 'longthink\[lm\]'"):
        lt.think(Say(), model, lt.Budget(calls=9), trace=tmp_path / "traces")
    assert not (tmp_path / "traces").exists()
    assert lt.think(Say(), model, lt.Budget(calls=2)).spent.calls == 2  # without a trace it is not needed


def test_traces_of_different_thinking_do_not_meet(tmp_path: Path) -> None:
    pages = {
        lt.think(task, ScriptedModel(says), lt.Budget(calls=2), method=method, seed=seed, trace=tmp_path).page
        for task in (Say(), TASK)
        for method in ("greedy", "beam")
        for seed in (1, 2)
    }
    assert len(pages) == 8
    assert len(list(tmp_path.iterdir())) == 16


def test_traces_of_other_options_budgets_and_proposers_do_not_meet(tmp_path: Path) -> None:
    """If the same thinking runs again, it replaces its own trace."""

    class Own(UniformProposer):
        pass

    base: dict[str, Any] = {"method": "mcts", "seed": 1}
    variants: list[tuple[lt.Budget, dict[str, Any]]] = [
        (lt.Budget(calls=2), base),
        (lt.Budget(calls=3), base),
        (lt.Budget(calls=2, tokens=10_000), base),
        (lt.Budget(calls=2), {**base, "rule": lt.UCT(c=2)}),
        (lt.Budget(calls=2), {**base, "rule": "uct"}),
        (lt.Budget(calls=2), {**base, "kinds": {"step": 1.0, "answer": 1.0}}),
        (lt.Budget(calls=2), {**base, "kinds": {"step": 1.0, "answer": 2.0}}),
        (lt.Budget(calls=2), {**base, "proposer": Own()}),
        (lt.Budget(calls=2), {**base, "spent": lt.Spent(calls=1)}),
        (lt.Budget(calls=2), {**base, "method": "weighted_vote", "score": halves}),
        (lt.Budget(calls=2), {**base, "method": "weighted_vote"}),
    ]
    pages = [lt.think(TASK, ScriptedModel(says), budget, trace=tmp_path, **how).page for budget, how in variants]
    assert len(set(pages)) == len(variants)
    again = [lt.think(TASK, ScriptedModel(says), budget, trace=tmp_path, **how).page for budget, how in variants]
    assert again == pages
    assert len(list(tmp_path.iterdir())) == 2 * len(variants)
    assert re.fullmatch(r"countdown-numbers-2-3-target-6\.mcts\.1\.[0-9a-f]{12}\.html", Path(pages[0] or "").name)


class Wide(Task):
    """More steps than a state of a tree search takes."""

    name, prompt, max_steps = "wide", "Say a number.", 1

    def context(self, transcript: Transcript) -> str:
        return self.prompt

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 1

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        return 0.5 if answer == "1499" else 0.0

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return [str(number) for number in range(1500)]


def test_what_is_cut_off_is_said(tmp_path: Path) -> None:
    """The least likely steps are cut off; here the last of 1,500 steps is the likeliest."""

    class Rising(UniformProposer):
        def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
            return [Proposal(step, (int(step) + 1) / 1_125_750) for step in task.legal_steps(transcript) or []]

    answer = lt.think(Wide(), None, lt.Budget(simulations=2000), proposer=Rising(), trace=tmp_path, playouts=False)
    assert answer.text == "1499"
    assert answer.left_out == 1500 - 1024
    assert answer.trace.left_out == 1026 - 400
    assert events(answer)[-1]["left_out"] == 476
    assert answer.page is not None
    page = answer.page.read_text("utf-8")
    assert "with more than 1,024 proposals, 476 were left out" in page
    assert "Not shown: 626 more" in page
    looked = lt.think(Wide(), ScriptedModel(says), lt.Budget(calls=3), method="best_of_n", trace=tmp_path)
    assert looked.left_out == 0
    assert looked.page is not None
    assert "left out" not in looked.page.read_text("utf-8")


def test_a_full_disk_does_not_lose_the_answer(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits of file sizes to be set")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_500, hard))
    try:
        with pytest.warns(UserWarning, match="cannot be written and ends here"):
            answer = lt.think(Say(), ScriptedModel(says), lt.Budget(calls=40), method="best_of_n", trace=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.spent.calls == 40
    assert answer.value == 0.5
    assert answer.page is None
    (log,) = tmp_path.iterdir()
    assert all(json.loads(line)["event"] for line in log.read_text("utf-8").splitlines())


def test_any_text_can_stand_in_a_trace(tmp_path: Path) -> None:
    """Half of a surrogate pair, and a line of 3,000 steps."""

    class Long(Say):
        max_steps = 3000

        def done(self, transcript: Transcript) -> bool:
            return len(transcript) == 3000

        def check(self, answer: str) -> float:
            return 0.25

    model = ScriptedModel(lambda prompt: {"\ud800 odd": 1.0})
    answer = lt.think(Long(), model, lt.Budget(calls=3000), method="greedy", trace=tmp_path)
    assert answer.text == " ".join(["\ud800 odd"] * 3000)
    assert events(answer)[-1]["answer"] == answer.text
    assert len(list(answer.trace.lines())) == TRACE_DEPTH + 1
    assert json.loads(json.dumps(answer.trace.as_dict()))["children"]
    assert pickle.loads(pickle.dumps(answer)).transcript == answer.transcript


@pytest.mark.parametrize("method", ["best_of_n", "mcts", "revision", "majority_vote"])
def test_secrets_get_into_no_trace(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if a model repeats them."""
    monkeypatch.setenv("MY_API_KEY", SECRET)
    forms = ["sk-proj-0123456789abcdefghij", "https://user:pa55word@host/v1", "Bearer abc.def-ghijkl"]
    said = {f"key {SECRET} {form}": 1.0 for form in forms}
    answer = lt.think(Say(), ScriptedModel(lambda p: said), lt.Budget(calls=12), method=method, trace=tmp_path)
    assert answer.page is not None
    written = answer.page.read_text("utf-8") + answer.page.with_suffix(".jsonl").read_text("utf-8")
    written += json.dumps(answer.trace.as_dict())
    for secret in (SECRET, "0123456789abcdefghij", "pa55word", "abc.def-ghijkl"):
        assert secret not in written
    assert "[secret]" in written


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *[(name, True) for name in ("OPENAI_API_KEY", "HF_TOKEN", "MyApiKey", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY")],
        *[(name, True) for name in ("GITHUBTOKEN", "CLIENT_SECRETS", "PGPASSWORD", "HTTP_AUTH", "api_token_2")],
        *[(name, False) for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "TOKENIZERS_PARALLELISM", "XAUTHORITY")],
        *[(name, False) for name in ("MONKEY", "KEYBOARD_LAYOUT", "SECRETARY", "SSH_AUTH_SOCK", "TOKENIZER")],
    ],
)
def test_variables_are_secret_by_the_words_of_their_names(
    name: str, secret: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "Ada Lovelace")
    assert without_secrets("by Ada Lovelace") == ("by [secret]" if secret else "by Ada Lovelace")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer HIDDEN-0123456789",
        "authorization: HIDDEN-0123456789",
        '{"Authorization": "Basic HIDDEN0123456789=="}',
        "curl -H 'Proxy-Authorization: Basic HIDDEN0123456789'",
        "x-api-key: HIDDEN0123456789",
        "api_key='HIDDEN0123456789'",
        "github_pat_HIDDEN0123456789abcd",
        "AKIAHIDDEN0123456789",
        "eyJHIDDEN01234.eyJHIDDEN01234.HIDDEN",
    ],
)
def test_headers_and_keys_are_secret(text: str) -> None:
    assert "HIDDEN" not in without_secrets(text)
    assert "[secret]" in without_secrets(text)


def test_what_is_no_secret_stays() -> None:
    plain = {"a": ["3*(2+1)", 1.5, None, True], "b": "the key to it is sk-ill; mail me@home; https://host/v1"}
    assert without_secrets(plain) == plain


def test_the_command_line_writes_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = ["think", "countdown", "2", "3", "--target", "6"]
    assert main([*task, "--method", "uniform", "--trace", str(tmp_path)]) == 0
    shown = re.search(r"trace: (.*\.html)", capsys.readouterr().out)
    assert shown is not None
    assert "uniform" in Path(shown[1]).read_text("utf-8")
    assert main([*task, "--model", "tiny", "--method", "mcts", "--rule", "puct", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["correct"]
    assert main([*task, "--model", "tiny", "--method", "beam", "--widht", "3"]) == 2
    assert "did you mean '--width'" in capsys.readouterr().err
