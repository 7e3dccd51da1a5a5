"""Models in threads, forked processes and pickles; and unusual arguments of users."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.bridge.models.cache import FILE, CachedModel
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.openai import OpenAIModel
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.models.smollm2 import smollm2
from scripted_server import Server, ok

PROMPT = "75 from 2 5 20 40: "  # which the tiny model reads, too


def script(prompt: str) -> dict[str, float]:
    return {"4": 0.7, "5": 0.3}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.answers = [ok({"choices": [{"text": "4", "finish_reason": "stop"}], "usage": {}})]
    yield made
    made.close()


@pytest.fixture
def make(server: Server, tmp_path: Path) -> Callable[[str], lt.Model]:
    kinds: dict[str, Callable[[], lt.Model]] = {
        "tiny": lambda: lt.load_model("tiny"),
        "embedded": lambda: lt.load_model(context=512, threads=np.int64(1)),
        "embedded, several": lambda: lt.load_model(context=512, threads=1, sequences=3),
        "server": lambda: lt.load_model("openai:x", base_url=server.url, slots=np.int32(2), timeout=np.float32(9)),
        "cache": lambda: lt.load_model("openai:x", base_url=server.url, cache=tmp_path),
        "cache of tiny": lambda: lt.load_model("tiny", cache=tmp_path / "tiny"),
        "scripted": lambda: ScriptedModel(script),
    }

    def made(kind: str) -> lt.Model:
        if kind == "replay":
            ask(kinds["cache of tiny"]())
            return lt.load_model(f"replay:{tmp_path / 'tiny'}")
        return kinds[kind]()

    return made


KINDS = ["tiny", "embedded", "embedded, several", "server", "cache", "cache of tiny", "scripted", "replay"]


def ask(model: lt.Model) -> list[str]:
    return [c.text for c in model.complete(PROMPT, seed=np.int64(3), temperature=np.float32(0.0), max_tokens=2)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_model_is_the_same_model(kind: str, make: Callable[[str], lt.Model]) -> None:
    model = make(kind)
    expected = ask(model)
    again = pickle.loads(pickle.dumps(model))
    assert type(again) is type(model)
    assert (again.name, again.identity, again.slots) == (model.name, model.identity, model.slots)
    assert ask(again) == expected


def test_named_models_pickle_by_their_name() -> None:
    assert str(Path(smollm2()).parent).encode() not in pickle.dumps(lt.load_model(context=512, threads=1))
    assert b"-0.25x.onnx" not in pickle.dumps(lt.load_model("tiny:0.25x"))


def test_what_cannot_be_pickled_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(lt.LongthinkError, match=r"ScriptedModel cannot be pickled.*def"):
        pickle.dumps(ScriptedModel(lambda prompt: {"4": 1.0}))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1234567890")
    assert b"sk-secret" not in pickle.dumps(lt.load_model("openai:x", base_url=server.url))
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(lt.LongthinkError, match="password") as caught:
        pickle.dumps(OpenAIModel("x", server.url.replace("//", "//me:hidden@")))
    assert "hidden" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("kind", KINDS)
def test_a_forked_process_uses_the_model(kind: str, make: Callable[[str], lt.Model]) -> None:
    model = make(kind)
    expected = ask(model)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # its exit code tells, and an end in the ordinary way is part of the test
        try:
            os.write(writer, json.dumps(ask(model)).encode())
            os._exit(7)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as file:
        assert json.loads(file.read()) == expected
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert ask(model) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_ends_in_the_ordinary_way() -> None:
    program = """
import os, sys
import longthink as lt
model = lt.load_model(context=256, threads=1)
model.complete("One two", max_tokens=1)
for use in (False, True):
    child = os.fork()
    if child == 0:
        if use:
            model.complete("One two", max_tokens=1)
        sys.exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
model.complete("One two", max_tokens=1)
folder = model._engine().copies
assert os.path.isdir(folder)
print(folder)
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=120, check=True, capture_output=True, text=True)
    assert not os.path.exists(done.stdout.strip())


@pytest.mark.parametrize("kind", KINDS)
def test_one_model_for_many_threads(kind: str, make: Callable[[str], lt.Model]) -> None:
    model = make(kind)
    expected, found = ask(model), []

    def run() -> None:
        for _ in range(3):
            found.append(ask(model))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 12


def test_threads_take_turns_at_a_model_with_one_slot() -> None:
    class Touchy(lt.Model):
        name = "touchy"

        def __init__(self) -> None:
            self.now = 0

        def answer(self, request: Request) -> list[Completion]:
            self.now += 1
            assert self.now == 1
            threading.Event().wait(0.005)
            self.now -= 1
            return [Completion("4")]

    model, found = Touchy(), []

    def run() -> None:
        found.append(model.complete("x")[0].text)
        found.append(model.submit(Request("x")).result()[0].text)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["4"] * 16


# ---- What users give ----


@pytest.mark.parametrize("stop", ["END", ["END"], ("END",)])
def test_a_text_is_one_stop_text(stop: Any) -> None:
    assert Request("x", stop=stop).stop == ("END",)
    assert ScriptedModel(script).request("x", stop=stop).stop == ("END",)


@pytest.mark.parametrize("stop", [[""], "", [3], 7, [None]])
def test_other_things_are_no_stop_texts(stop: Any) -> None:
    with pytest.raises(lt.ParameterError, match="stop"):
        Request("x", stop=stop)


def test_numbers_of_numpy_are_numbers(server: Server, tmp_path: Path) -> None:
    model = lt.load_model("openai:x", base_url=server.url, cache=tmp_path, retries=np.int8(1), pause=np.float64(0.1))
    model.complete(
        "x", n=np.int64(1), max_tokens=np.uint8(3), temperature=np.float32(0.5), seed=np.int64(7), top=np.int16(2)
    )
    body = server.requests[0][1]
    assert (body["n"], body["max_tokens"], body["temperature"], body["seed"], body["logprobs"]) == (1, 3, 0.5, 7, 2)
    assert model.complete("x", max_tokens=3, temperature=0.5, seed=7, top=2)[0].cached


@pytest.mark.parametrize(
    "bad",
    [
        *({"n": n} for n in (0, True, 1.5)),
        *({"temperature": temperature} for temperature in (-1, float("nan"))),
        *({"seed": seed} for seed in ("x", -1)),
        {"max_tokens": 0},
        {"top": -1},
    ],
)
def test_other_things_are_not(bad: dict[str, Any]) -> None:
    with pytest.raises(lt.ParameterError, match=next(iter(bad))):
        ScriptedModel(script).complete("x", **bad)


@pytest.mark.parametrize(
    "bad", [{"slots": 0}, {"slots": 1.5}, {"timeout": 0}, {"retries": -1}, {"pause": "x"}, {"tokens_per_minute": "x"}]
)
def test_options_of_a_server_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(lt.ParameterError, match=next(iter(bad))):
        lt.load_model("openai:x", base_url="http://localhost:1/v1", **bad)


def test_paths_and_suffixes(tmp_path: Path) -> None:
    upper = tmp_path / "MODEL.GGUF"
    upper.symlink_to(smollm2())
    assert lt.load_model(upper, context=256, threads=1).name == "MODEL"
    with pytest.raises(lt.ModelError, match="no model file"):
        lt.load_model(tmp_path / "none.Onnx")


def test_a_prompt_longer_than_the_context_is_refused() -> None:
    model = lt.load_model(context=256, threads=1)
    with pytest.raises(lt.RequestRefusedError, match="context"):
        model.complete("word " * 400)
    tasks = [
        lt.make_task(prompt, lambda steps: len(steps) == 1, lambda answer: 0.0) for prompt in ("word " * 400, "One")
    ]
    answers = lt.think_all(tasks, model, lt.Budget(calls=3), method="best_of_n")
    assert [answer.stopped_by for answer in answers] == ["failed", "calls"]


def test_replay_from_a_folder_that_is_read_only(tmp_path: Path) -> None:
    """As a user who may not write there, which root is not."""
    with tempfile.TemporaryDirectory() as name:
        folder, other = Path(name), tmp_path
        for each in (folder, other):
            CachedModel(ScriptedModel(script), each).complete("x")
        for each in folder.iterdir():
            each.chmod(0o444)
        folder.chmod(0o555)
        program = f"""
import os
import longthink as lt
lt.load_model("replay:{other}").complete("x")  # all is imported
if os.getuid() == 0:
    os.setuid(65534)
assert not os.access({name!r}, os.W_OK)
print(lt.load_model("replay:{name}").complete("x")[0].text)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
        assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr


def test_a_replay_writes_nothing(tmp_path: Path) -> None:
    CachedModel(ScriptedModel(script), tmp_path).complete("x")
    before = (tmp_path / FILE).read_bytes()
    lt.load_model(f"replay:{tmp_path}").complete("x")
    assert (tmp_path / FILE).read_bytes() == before
