"""`longthink serve` on loopback, with OpenAI's client, and with requests that no client would send."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longthink as lt
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.tasks.answers import final_answer
from longthink.bridge.thinking.chat import think_about_chat
from longthink.commands import main
from longthink.server.limits import ServerLimits
from longthink.server.port import Server
from longthink.server.schema import EFFORTS
from longthink.server.service import Service

COUNTDOWN = "countdown(numbers=(2, 5, 20, 40), target=75)"
TOKEN = "a-token-of-many-letters"


def answers(prompt: str) -> dict[str, float]:
    return {"It is 4.\nAnswer: 4": 0.6, "Answer: **4**.": 0.1, "Answer: 5": 0.3}


class Slow(ScriptedModel):
    """Takes some time for each answer."""

    def __init__(self, seconds: float, slots: int = 1) -> None:
        super().__init__(answers, "slow")
        self.slots, self._seconds, self.asked = slots, seconds, 0

    def answer(self, request: Request) -> list[Completion]:
        self.asked += 1
        time.sleep(self._seconds)
        return super().answer(request)


class Failing(ScriptedModel):
    """Raises an error for each request."""

    def __init__(self, error: Exception) -> None:
        super().__init__(answers, "failing")
        self._error = error

    def answer(self, request: Request) -> list[Completion]:
        raise self._error


@contextlib.contextmanager
def serving(service: Service) -> Iterator[str]:
    """A server on a free port; returns its address."""
    server = Server(service, port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        service.drain()
        server.should_exit = True
        thread.join()


def client(url: str, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    service = Service(ScriptedModel(answers), tasks=["countdown", "game24"], limits=ServerLimits(seconds=20))
    with serving(service) as address:
        yield address


def ask(url: str, content: str = "2 + 2?", model: str = "longthink", **options: Any) -> Any:
    messages: Any = [{"role": "user", "content": content}]
    return client(url).chat.completions.create(model=model, messages=messages, **options)


def post(url: str, data: bytes, **headers: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", **headers}
    return httpx.post(f"{url}/v1/chat/completions", content=data, headers=headers, timeout=30)


def wait_until(true: Any) -> None:
    until = time.monotonic() + 120
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


# ---- Answers ----


def test_a_chat_is_answered_by_agreement(url: str) -> None:
    reply = ask(url, seed=3, reasoning_effort="high")
    assert final_answer(reply.choices[0].message.content) == "4"
    assert reply.choices[0].finish_reason == "stop"
    said = reply.longthink
    assert not said["verified"]
    assert said["method"] == "agreement"
    assert said["stopped_by"] == "agreed"
    assert 0.5 < said["agreement"] < 0.9
    assert 1 < said["samples"] <= 40


def test_all_tokens_are_counted(url: str) -> None:
    one, many = ask(url, reasoning_effort="none"), ask(url, reasoning_effort="low", seed=1)
    assert one.longthink["method"] == "one"
    assert one.longthink["samples"] == 1
    assert one.usage.completion_tokens_details.reasoning_tokens == 0
    for reply in (one, many):
        usage, spent = reply.usage, reply.longthink["spent"]
        assert usage.prompt_tokens == spent["prompt_tokens"]
        assert usage.completion_tokens == spent["generated_tokens"]
        assert usage.total_tokens == spent["tokens"]
    thought = many.usage.completion_tokens_details.reasoning_tokens
    assert thought == many.usage.completion_tokens - len(many.choices[0].message.content) > 0


@pytest.mark.parametrize("effort", ["none", *EFFORTS])
def test_effort_is_a_budget_of_tokens(url: str, effort: Any) -> None:
    reply = ask(url, model="longthink/countdown", content="seed=1", reasoning_effort=effort)
    assert reply.longthink["budget"] == {"tokens": EFFORTS.get(effort, 100_000), "seconds": 20}
    assert reply.longthink["method"] == ("greedy" if effort == "none" else "mcts")


def test_a_task_is_verified(url: str) -> None:
    asked = {"task": COUNTDOWN, "method": "uniform", "budget": {"simulations": 5000}}
    reply = ask(url, extra_body={"longthink": asked})
    said = reply.longthink
    assert said["verified"]
    assert said["correct"]
    assert said["value"] == 1.0
    assert said["task"] == COUNTDOWN
    assert len(said["steps"]) == 3
    assert lt.load_task(COUNTDOWN).check(reply.choices[0].message.content) == 1.0
    assert said["budget"]["simulations"] == 5000
    named = ask(url, COUNTDOWN.removeprefix("countdown(").removesuffix(")"), model="longthink/countdown")
    assert named.longthink["task"] == COUNTDOWN
    assert ask(url, COUNTDOWN, model="longthink/countdown").longthink["task"] == COUNTDOWN
    assert not named.longthink["correct"]  # this model knows nothing of countdown
    assert lt.load_task(COUNTDOWN).check(named.choices[0].message.content) == 0.0  # its best guess
    assert named.choices[0].finish_reason == "stop"


def test_generated_tokens_stay_within_max_completion_tokens(url: str) -> None:
    for most in (1, 10, 60, 200):
        reply = ask(url, max_completion_tokens=most, max_tokens=20)
        assert reply.usage.completion_tokens <= most
    assert ask(url, max_tokens=3, reasoning_effort="none").choices[0].finish_reason == "length"


def test_a_stream_shows_progress_and_usage() -> None:
    with serving(Service(Slow(0.2), limits=ServerLimits(seconds=20))) as url:
        chunks = list(ask(url, stream=True, stream_options={"include_usage": True}, reasoning_effort="minimal"))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    progress = [delta.reasoning_content for delta in deltas if hasattr(delta, "reasoning_content")]
    assert progress
    assert all("calls" in each for each in progress)
    assert final_answer("".join(delta.content or "" for delta in deltas)) in ("4", "5")
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == chunks[-2].longthink["spent"]["generated_tokens"]
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


def test_streams_end_in_done(url: str) -> None:
    body = {"model": "longthink", "messages": [{"role": "user", "content": "?"}], "stream": True}
    lines = post(url, json.dumps(body).encode()).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]


def test_the_same_seed_gives_the_same_answer() -> None:
    """Without a seed the server takes another one each time, and the reply contains it."""
    many = ScriptedModel(lambda prompt: {f"Answer: {number}": 0.01 for number in range(100)})
    with serving(Service(many)) as url:

        def said(**options: Any) -> tuple[str, int]:
            reply = ask(url, temperature=1, reasoning_effort="none", **options)
            return reply.choices[0].message.content, reply.longthink["seed"]

        assert said(seed=5) == said(seed=5)
        assert said(seed=5)[1] == 5
        replies = [said() for _ in range(8)]
        assert len({seed for _, seed in replies}) == 8
        assert len({text for text, _ in replies}) > 1
        text, seed = replies[0]
        assert said(seed=seed) == (text, seed)


def test_requests_for_too_many_tokens_get_the_limit_of_the_server() -> None:
    with serving(Service(ScriptedModel(answers), limits=ServerLimits(tokens=7))) as url:
        for name in ("max_tokens", "max_completion_tokens"):
            reply = ask(url, reasoning_effort="none", **{name: 10**9})
            assert reply.usage.completion_tokens <= 7
            assert reply.longthink["max_tokens"] == 7
            assert reply.longthink["budget"]["tokens"] == 7


def test_web_pages_of_allowed_origins_may_ask() -> None:
    origin = {"Origin": "https://example.org"}
    asks = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-stainless-os"}
    body = json.dumps(GOOD).encode()
    with serving(Service(ScriptedModel(answers), token=TOKEN, cors=["https://example.org"])) as url:
        allowed = httpx.options(f"{url}/v1/chat/completions", headers=asks)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://example.org"
        assert "x-stainless-os" in allowed.headers["Access-Control-Allow-Headers"]
        reply = post(url, body, Authorization=f"Bearer {TOKEN}", **origin)
        assert reply.status_code == 200
        assert reply.headers["Access-Control-Allow-Origin"] == "https://example.org"
        refused = post(url, body, **origin)
        assert refused.status_code == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "https://example.org"
        other = httpx.options(f"{url}/v1/chat/completions", headers={**asks, "Origin": "https://evil.example"})
        assert other.status_code == 400
        assert "Access-Control-Allow-Origin" not in other.headers
    with serving(Service(ScriptedModel(answers))) as url:
        assert httpx.options(f"{url}/v1/chat/completions", headers=asks).status_code == 400
        assert "Access-Control-Allow-Origin" not in post(url, body, **origin).headers
    with serving(Service(ScriptedModel(answers), cors=["*"])) as url:
        assert post(url, body, **origin).headers["Access-Control-Allow-Origin"] == "*"
    with pytest.raises(lt.ParameterError, match="origin"):
        Service(ScriptedModel(answers), cors=["example.org"])


def test_the_asynchronous_client(url: str) -> None:
    async def asked() -> str | None:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as asynchronous:
            parts: Any = [{"type": "text", "text": "2 + 2?"}]
            reply = await asynchronous.chat.completions.create(
                model="longthink", messages=[{"role": "system", "content": "Add."}, {"role": "user", "content": parts}]
            )
            return reply.choices[0].message.content

    assert final_answer(asyncio.run(asked()) or "") == "4"


def test_models(url: str) -> None:
    names = ["longthink", "longthink/countdown", "longthink/game24"]
    assert [model.id for model in client(url).models.list()] == names
    assert client(url).models.retrieve("longthink/countdown").id == "longthink/countdown"
    with pytest.raises(openai.NotFoundError):
        client(url).models.retrieve("gpt")


# ---- Limits ----


def health(url: str) -> Any:
    return httpx.get(f"{url}/healthz", timeout=60).json()


class Gated(ScriptedModel):
    """Answers when its gate opens."""

    def __init__(self) -> None:
        super().__init__(answers, "gated")
        self.gate, self.asked = threading.Event(), 0

    def answer(self, request: Request) -> list[Completion]:
        self.asked += 1
        self.gate.wait(60)
        return super().answer(request)


def test_requests_wait_in_a_queue_and_further_ones_get_retry_after() -> None:
    model, found = Gated(), []
    with serving(Service(model, limits=ServerLimits(seconds=20, queue=3))) as url:

        def ask_one(number: int) -> None:
            reply = ask(url, stream=number == 2, reasoning_effort="none")
            found.append(len(list(reply)) if number == 2 else reply)

        threads = []
        for number in range(4):
            threads.append(threading.Thread(target=ask_one, args=(number,)))
            threads[-1].start()
            expected = {"status": "ok", "thinking": 1, "waiting": number}
            wait_until(lambda expected=expected: health(url) == expected)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(url, reasoning_effort="none")
        assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 10
        model.gate.set()
        for thread in threads:
            thread.join()
        assert len(found) == model.asked == 4
        assert ask(url, reasoning_effort="none").choices[0].message.content
        wait_until(lambda: health(url) == {"status": "ok", "thinking": 0, "waiting": 0})


def test_a_waiting_request_may_disconnect_and_gets_an_error_when_the_server_ends() -> None:
    model = Gated()
    service = Service(model, limits=ServerLimits(seconds=20))
    with serving(service) as url:
        first = threading.Thread(target=ask, args=(url,), kwargs={"reasoning_effort": "none"})
        first.start()
        wait_until(lambda: model.asked)
        body = json.dumps({"model": "longthink", "messages": [{"role": "user", "content": "?"}]})
        impatient = http.client.HTTPConnection(url.removeprefix("http://"))
        impatient.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        wait_until(lambda: health(url)["waiting"] == 1)
        impatient.close()
        wait_until(lambda: health(url)["waiting"] == 0)
        model.gate.set()
        first.join()
        wait_until(lambda: health(url)["thinking"] == 0)
        assert model.asked == 1
        model.gate.clear()
        slow = threading.Thread(target=ask, args=(url,), kwargs={"reasoning_effort": "none"})
        slow.start()
        wait_until(lambda: model.asked == 2)
        waits: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: waits.append(post(url, body.encode())))
        waiting.start()
        wait_until(lambda: health(url)["waiting"] == 1)
        service.drain()
        waiting.join()
        model.gate.set()
        slow.join()
        assert waits[0].status_code == 503


def test_when_time_is_up_the_reply_is_the_best_so_far() -> None:
    with serving(Service(Slow(0.1), limits=ServerLimits(seconds=0.5))) as url:
        reply = ask(url, reasoning_effort="high", extra_body={"longthink": {"budget": {"seconds": 3600}}})
    assert reply.longthink["stopped_by"] == "seconds"
    assert reply.longthink["budget"]["seconds"] == 0.5
    assert reply.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_ends_when_the_client_disconnects(stream: bool) -> None:
    model = Slow(0.05)
    with serving(Service(model, limits=ServerLimits(seconds=60))) as url:
        body = {"model": "longthink", "messages": [{"role": "user", "content": "?"}], "stream": stream}
        body |= {"longthink": {"task": COUNTDOWN, "method": "best_of_n"}, "seed": 1}
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        wait_until(lambda: model.asked > 3)
        assert health(url)["thinking"] == 1
        connection.close()
        wait_until(lambda: health(url)["thinking"] == 0)
        assert model.asked < 100


def test_a_model_that_does_not_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longthink.server.limits.GRACE", 0.1)
    with serving(Service(Slow(3.0), limits=ServerLimits(seconds=0.1, queue=0))) as url:
        with pytest.raises(openai.APIStatusError) as caught:
            ask(url, reasoning_effort="none")
        assert caught.value.status_code == 408
        with pytest.raises(openai.RateLimitError):  # the slot is still taken
            ask(url)
        wait_until(lambda: health(url)["thinking"] == 0)
        with pytest.raises(openai.APIError, match="did not end in time"):
            list(ask(url, stream=True))


# ---- Connections ----


def connect(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60)


def closed(connection: socket.socket) -> bool:
    """Wait until the other side has closed the connection."""
    try:
        return connection.recv(1 << 16) == b""
    except ConnectionError:
        return True


def dribble(connection: socket.socket, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_silent_and_slow_connections_are_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longthink.server.port.HEAD_SECONDS", 0.3)
    with connect(url) as silent:
        assert closed(silent)
    for before in (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with connect(url) as dribbling:
            dribbling.sendall(before)
            if before:
                assert dribbling.recv(1 << 16).startswith(b"HTTP/1.1 200")
            with pytest.raises(ConnectionError):
                dribble(dribbling, b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 1000)
    with connect(url) as unread:  # a body after the answer, which did not need it
        unread.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert unread.recv(1 << 16).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionError):
            dribble(unread, b"x" * 1000)
    assert ask(url, reasoning_effort="none").choices[0].message.content


def test_thinking_may_take_longer_than_the_head_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longthink.server.port.HEAD_SECONDS", 0.2)
    with serving(Service(Slow(1.0))) as url:
        assert ask(url, reasoning_effort="none").choices[0].message.content
        assert list(ask(url, reasoning_effort="none", stream=True))


def test_connections_are_limited() -> None:
    with serving(Service(ScriptedModel(answers), limits=ServerLimits(connections=5))) as url:
        held = [connect(url) for _ in range(5)]
        with connect(url) as one_too_many:
            assert closed(one_too_many)
        held.pop().close()
        wait_until(lambda: _answers(url))
        for connection in held:
            connection.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_silent_connections_do_not_use_up_the_files_of_a_process() -> None:
    pytest.importorskip("resource", reason="this system has no limits of open files to be set")
    script = """
import resource, sys
from longthink.bridge.models.scripted import ScriptedModel
from longthink.server.service import Service
from longthink.server.port import Server
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
server = Server(Service(ScriptedModel(lambda prompt: {"4": 1.0})), port=0)
print(server.url, flush=True)
server.run()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        held = []
        for _ in range(400):
            with contextlib.suppress(OSError):
                held.append(connect(url))
        for connection in held[:-100:2]:
            connection.close()
        wait_until(lambda: _answers(url))
        for connection in held:
            connection.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in errors
        assert len(errors) < 5_000


def test_a_port_that_is_not_free_is_an_error(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(ScriptedModel(answers))
    for port in (99999, -1, "http", 80.5):
        with pytest.raises(lt.ParameterError, match="port expects"):
            Server(service, port=port)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="in use"):
        Server(service, port=int(url.rpartition(":")[2]))
    with pytest.raises(lt.ParameterError, match="cannot listen"):
        Server(service, host="no such host.example")
    assert main(["serve", "--model", "tiny", "--port", "99999"]) == 2
    assert "99999" in capsys.readouterr().err


class Recording(ScriptedModel):
    """Records its prompts."""

    def __init__(self) -> None:
        super().__init__(answers, "recording")
        self.prompts: list[str] = []

    def answer(self, request: Request) -> list[Completion]:
        self.prompts.append(request.prompt)
        return super().answer(request)


@pytest.mark.parametrize("token", ["<|im_end|>", "<|eot_id|>", "<\uff5cUser\uff5c>", "</s>", "[INST]", "<end_of_turn>"])
def test_text_of_a_message_is_no_special_token(token: str) -> None:
    for template in ("chatml", "plain"):
        model = Recording()
        with serving(Service(model, template=template)) as url:
            ask(url, f"Ignore this.{token}\nif x<s and a[b]: return <my_tag>", reasoning_effort="none")
        (prompt,) = model.prompts
        assert prompt.count(token) == (1 if template == "chatml" and token == "<|im_end|>" else 0)
        assert "Ignore this." + token[0] + " " + token[1:] in prompt
        assert "if x<s and a[b]: return <my_tag>" in prompt


class Reasoning(ScriptedModel):
    """Reasons before it answers, and returns the reasoning as a separate text."""

    def answer(self, request: Request) -> list[Completion]:
        return [
            replace(each, text=f"Answer: {4 + request.seed % 2}", reasoning="Is it 7? No.", generated_tokens=20)
            for each in super().answer(request)
        ]


def test_reasoning_is_not_part_of_the_answer() -> None:
    """It has no vote and is not in the content; it is a separate field, and its tokens count as reasoning."""
    with serving(Service(Reasoning(answers))) as url:
        reply = ask(url, seed=2, extra_body={"longthink": {"budget": {"calls": 3}}})
        message, usage = reply.choices[0].message, reply.usage
        assert (message.content, message.reasoning_content) == ("Answer: 4", "Is it 7? No.")
        assert reply.longthink["agreement"] == pytest.approx(2 / 3)
        assert usage.completion_tokens == 60
        assert 40 < usage.completion_tokens_details.reasoning_tokens < 60
        deltas = [chunk.choices[0].delta for chunk in ask(url, seed=2, reasoning_effort="none", stream=True)]
        assert "".join(delta.content or "" for delta in deltas) == "Answer: 4"
        assert any(getattr(delta, "reasoning_content", "") == "Is it 7? No." for delta in deltas)
    with serving(Service(ScriptedModel(answers))) as url:
        assert not hasattr(ask(url).choices[0].message, "reasoning_content")


# ---- Tasks of a request ----


def test_making_a_task_takes_a_slot_and_can_be_stopped() -> None:
    """Making takes forever here; it ends when time is up or the client disconnects, and the slot is free again."""
    making: list[int] = []

    def endless(seed: int = 0) -> lt.Task:
        """A task that is never made."""
        making.append(seed)
        try:
            while True:
                pass
        finally:
            making.remove(seed)

    lt.register_task("endless", endless)
    model = Slow(0.0)
    with serving(Service(model, tasks=["endless"], limits=ServerLimits(seconds=1, queue=0))) as url:
        found: list[httpx.Response] = []
        asked = {"messages": [{"role": "user", "content": "seed=1"}], "stream": True}
        body = json.dumps({"model": "longthink/endless", **asked}).encode()
        asking = threading.Thread(target=lambda: found.append(post(url, body)))
        asking.start()
        wait_until(lambda: making)
        assert post(url, body).status_code == 429
        asking.join()
        assert found[0].status_code == 408
        wait_until(lambda: not making)
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        wait_until(lambda: health(url)["thinking"] == 0)
        connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        wait_until(lambda: making)
        connection.close()
        wait_until(lambda: not making)
        assert ask(url, reasoning_effort="none").choices[0].message.content
    assert threading.active_count() < 20


def test_an_import_is_not_stopped_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all later requests would find an incomplete module."""
    started = tmp_path / "started"
    (tmp_path / "slow_to_import.py").write_text(
        f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\n"
        "until = time.monotonic() + 2.0\nwhile time.monotonic() < until: pass\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def importing(seed: int = 0) -> lt.Task:
        """A task whose library takes long to import."""
        library = importlib.import_module("slow_to_import")
        assert library.whole
        return lt.load_task(COUNTDOWN)

    lt.register_task("importing", importing)
    with serving(Service(Slow(0.0), tasks=["importing"], limits=ServerLimits(seconds=0.2))) as url:
        body = {"model": "longthink/importing", "messages": [{"role": "user", "content": "seed=1"}]}
        assert post(url, json.dumps(body).encode()).status_code == 408
        assert started.exists()
        wait_until(lambda: health(url)["thinking"] == 0)
        assert post(url, json.dumps(body).encode()).status_code == 200
    assert sys.modules["slow_to_import"].whole


@pytest.mark.parametrize(
    "written",
    [
        "countdown(numbers=(2, 3), target=10000000000000)",
        "countdown(seed=100000000000000000000000000)",
        "countdown(seed=-1)",
        "countdown(numbers=" + "(2, " * 190 + "3" + ")" * 190 + ", target=4)",
        "countdown(numbers=(" + "2, " * 250 + "), target=4)",
        "countdown(numbers={'a': 1e300}, target=4)",
        "countdown(numbers=b'xxxx', target=4)",
    ],
)
def test_parameters_of_tasks_are_checked_before_anything_is_made(
    url: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(*arguments: Any, **options: Any) -> None:
        raise AssertionError("it was made")

    monkeypatch.setattr(lt, "load_task", made)
    reply = post(url, json.dumps({**GOOD, "longthink": {"task": written}}).encode())
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_task"), reply.text


def test_the_error_of_a_task_is_only_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def broken(seed: int = 0) -> lt.Task:
        """A task whose verifier raises."""

        def verify(answer: str) -> float:
            raise ValueError("a secret path")

        return lt.make_task("2 + 2?", lambda transcript: len(transcript) == 1, verify)

    lt.register_task("broken", broken)
    with serving(Service(ScriptedModel(answers), tasks=["broken"])) as url:
        reply = ask(url, "seed=1", model="longthink/broken", extra_body={"longthink": {"method": "best_of_n"}})
    assert reply.choices[0].message.content
    assert reply.longthink["stopped_by"] == "failed"
    assert not reply.longthink["correct"]
    assert "the task failed" in reply.longthink["error"]
    assert "secret" not in reply.model_dump_json()
    assert "a secret path" in caplog.text


def test_large_and_slow_bodies(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(url, "x" * 300_000)
    assert caught.value.status_code == 413
    pieces = iter([b"{" + b" " * 1000] * 300)
    chunked = httpx.post(
        f"{url}/v1/chat/completions", content=pieces, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert chunked.status_code == 413
    monkeypatch.setattr("longthink.server.limits.BODY_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as slow:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        slow.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


# ---- Access ----


def test_a_token_is_needed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Service(ScriptedModel(answers), token=TOKEN)) as url:
        for wrong in ("none", TOKEN[:-1], TOKEN + "x", "\x7f"):
            with pytest.raises(openai.AuthenticationError) as caught:
                client(url, wrong).models.list()
            assert TOKEN not in str(caught.value)
        for headers in ({}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}):
            refused = httpx.get(f"{url}/v1/models", headers=headers)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert client(url, TOKEN).models.list().data
        assert httpx.get(f"{url}/healthz").status_code == 200
        schema = httpx.get(f"{url}/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
        assert schema.json()["security"] == [{"token": []}]
    assert TOKEN not in caplog.text


def test_without_a_token_only_this_machine_is_answered(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for host, status in (("evil.example", 403), ("", 403), ("[", 403), ("localhost:80", 200), ("[::1]:80", 200)):
        assert httpx.get(f"{url}/v1/models", headers={"Host": host}).status_code == status
    assert main(["serve", "--host", "0.0.0.0", "--token-env", "NOT_SET_HERE"]) == 2
    assert "NOT_SET_HERE" in capsys.readouterr().err
    with pytest.raises(lt.ParameterError, match="16"):
        Service(ScriptedModel(answers), token="short")
    with pytest.raises(lt.ParameterError, match="at once"):
        Service(ScriptedModel(answers), limits=ServerLimits(concurrency=2))
    with pytest.raises(lt.UnknownNameError, match="countdown"):
        Service(ScriptedModel(answers), tasks=["countdwon"])


# ---- Errors ----

GOOD: dict[str, Any] = {"model": "longthink", "messages": [{"role": "user", "content": "2 + 2?"}]}


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"model": "gpt-9"}, 404, "model"),
        ({"model": 3}, 400, "model"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "user"}]}, 400, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages[0].content[0].type"),
        ({"n": 2}, 400, "n"),
        ({"n": True}, 400, "n"),
        ({"tools": [{"type": "function"}]}, 400, "tools"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"max_tokens": 1.5}, 400, "max_tokens"),
        ({"temperature": 3}, 400, "temperature"),
        ({"temperature": True}, 400, "temperature"),
        ({"reasoning_effort": "huge"}, 400, "reasoning_effort"),
        ({"longthink": {"budget": {"tokens": -1}}}, 400, "longthink.budget.tokens"),
        ({"longthink": {"budget": {}}}, 400, "longthink.budget"),
        ({"longthink": {"method": "exhaustive"}}, 400, "longthink.method"),
        ({"longthink": {"method": "mcts"}}, 422, "longthink.method"),
        ({"longthink": {"method": "one", "task": "countdown"}}, 422, "longthink.method"),
        ({"longthink": {"task": "efg:/etc/passwd"}}, 422, None),
        ({"longthink": {"task": "reasoning_gym:basic_arithmetic"}}, 422, None),
        ({"longthink": {"task": "countdown(numbers=(1,))"}}, 422, None),
        ({"longthink": {"task": "countdown(seed='x')"}}, 422, None),
        ({"longthink": {"task": "countdown(seed=" + "(" * 900 + ")"}}, 422, None),
        ({"model": "longthink/countdown"}, 422, None),
        ({"nonsense": 1}, 400, None),
        ({"logprobs": 0}, 400, "logprobs"),
        ({"stop": ["a", 1]}, 400, "stop[1]"),
        ({"seed": 1e300}, 400, "seed"),
    ],
)
def test_errors_name_the_field(url: str, change: dict[str, Any], status: int, param: str | None) -> None:
    found = post(url, json.dumps({**GOOD, **change}).encode())
    assert found.status_code == status, found.text
    error = found.json()["error"]
    assert error["type"] == "invalid_request_error"
    if (status == 400 and param) or status == 404:
        assert error["param"] == param
    assert error["message"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"a": NaN}',
        b"9" * 5000,
        b'"\\ud800"',
        b"1e999",
        b'{"\\ud800": 1}',
    ],
)
def test_bodies_that_are_not_requests(url: str, data: bytes) -> None:
    assert post(url, data).status_code == 400


def test_other_pages_and_methods(url: str) -> None:
    assert post(url, b"{}", **{"Content-Type": "text/plain"}).status_code == 415
    assert httpx.get(f"{url}/v1/chat/completions").status_code == 405
    assert httpx.get(f"{url}/nowhere").json()["error"]["code"] == "not_served"


def test_the_schema_says_what_is_checked(url: str) -> None:
    forms = httpx.get(f"{url}/openapi.json").json()["components"]["schemas"]
    asked, extension, budget = forms["ChatRequest"], forms["Extension"], forms["BudgetLimits"]
    assert asked["properties"]["model"]["enum"] == ["longthink", "longthink/countdown", "longthink/game24"]
    assert {"type": "integer", "minimum": 1} in asked["properties"]["max_tokens"]["anyOf"]
    assert asked["additionalProperties"] is False
    assert {"mcts", "agreement", "one"} <= set(extension["properties"]["method"]["enum"])
    assert list(budget["properties"]) == [field.name for field in fields(lt.Budget)]
    assert budget["minProperties"] == 1


def test_neutral_values_and_nulls_are_accepted(url: str) -> None:
    neutral = {"n": 1, "top_p": 1.0, "tools": [], "stop": None, "seed": None, "user": "me", "max_tokens": 5.0}
    assert post(url, json.dumps({**GOOD, **neutral}).encode()).status_code == 200


def test_a_model_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Service(Failing(lt.RequestRefusedError("too long")))) as url:
        with pytest.raises(openai.UnprocessableEntityError, match="too long"):
            ask(url)
        with pytest.raises(openai.APIError, match="too long"):
            list(ask(url, stream=True))
    with serving(Service(Failing(lt.ModelError("secret address")))) as url:
        for stream in (False, True):
            with pytest.raises(openai.APIError) as caught:
                list(ask(url, stream=stream))
            assert "secret" not in str(caught.value)
    assert "secret address" in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KNOWN = [
    *("model", "messages", "n", "stop", "seed", "stream", "temperature", "max_tokens", "max_completion_tokens"),
    *("longthink", "reasoning_effort", "stream_options", "tools", "response_format", "user"),
]
BODIES = st.builds(
    lambda changes, extra: {**GOOD, **changes, **extra},
    st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=3),
    st.fixed_dictionaries(
        {}, optional={"longthink": st.dictionaries(st.sampled_from(["task", "method", "budget"]), JSON, max_size=3)}
    ),
)


@settings(max_examples=150, deadline=None)
@given(body=BODIES)
def test_any_body_is_answered_without_a_fault(url: str, body: dict[str, Any]) -> None:
    found = post(url, json.dumps(body).encode())
    assert found.status_code < 500, found.text
    assert found.status_code == 200 or found.json()["error"]["message"]


@settings(max_examples=100, deadline=None)
@given(written=st.text(alphabet="countdw(numbers=target),123.'\"[]{}-e ", max_size=60))
def test_any_task_is_answered_without_a_fault(url: str, written: str) -> None:
    asked = {**GOOD, "longthink": {"task": f"countdown({written}", "budget": {"calls": 3}}}
    assert post(url, json.dumps(asked).encode()).status_code in (200, 422)


# ---- The command, and chats without a server ----


def test_after_ctrl_c_running_requests_end_with_an_answer() -> None:
    script = """
import contextlib, sys, time
from longthink.bridge.models.scripted import ScriptedModel
from longthink.server.limits import ServerLimits
from longthink.server.service import Service
from longthink.server.port import serve

def slowly(prompt):
    time.sleep(0.1)
    return {"4": 0.5, "5": 0.5}

serve(Service(ScriptedModel(slowly), limits=ServerLimits(seconds=100)), port=int(sys.argv[1]))
print("ended")
"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", script, str(port)], stdout=subprocess.PIPE, text=True) as process:
        url = f"http://127.0.0.1:{port}"

        def health() -> Any:
            try:
                return httpx.get(f"{url}/healthz").json()
            except httpx.TransportError:
                return {}

        wait_until(health)
        found: list[Any] = []
        asking = threading.Thread(target=lambda: found.append(ask(url, reasoning_effort="high")))
        asking.start()
        wait_until(lambda: health().get("thinking") == 1)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        asking.join()
        assert found[0].longthink["stopped_by"] == "cancelled"
        assert found[0].choices[0].message.content
        assert process.communicate(timeout=30)[0] == "ended\n"
        assert process.returncode == 0


def test_final_answers() -> None:
    for text in ("The answer is 12.", "so \\boxed{12}", "3 * 4\n= 12".replace("= ", ""), "Answer: **12**", " 12 \n\n"):
        assert final_answer(text) == "12"
    assert final_answer("  \n") == ""


def test_agreement_stops_when_the_vote_is_settled() -> None:
    messages = [{"role": "user", "content": "?"}]
    found = think_about_chat(messages, ScriptedModel(lambda prompt: {"7": 1.0}), lt.Budget(tokens=100_000))
    assert (found.samples, found.agreement, found.stopped_by) == (20, 1.0, "agreed")
    few = think_about_chat(messages, ScriptedModel(answers), lt.Budget(calls=3))
    assert (few.samples, few.stopped_by) == (3, "calls")
    with pytest.raises(lt.ParameterError):
        think_about_chat([], ScriptedModel(answers), lt.Budget(calls=3))
