"""Answers of real servers: costs, reasoning, streams, and parts of the protocol that they refuse."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower
from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.reasoning import Separator, separated
from longthink.bridge.models.server_events import EventStream
from longthink.bridge.proposals.proposer import SampleProposer, TrieProposer
from scripted_server import Server, events, model, ok

COUNTDOWN = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)


def usage(prompt: int = 10, completion: int = 1, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


def chat(content: Any, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}


def text(said: str, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"index": 0, "text": said, "finish_reason": finish, **more}


def whole(*choices: Any, **costs: Any) -> tuple[int, bytes]:
    return ok({"choices": list(choices), "usage": costs.get("usage", usage())})


# ---- What was spent ----


@pytest.mark.parametrize("content", [None, ""])
@pytest.mark.parametrize("finish", ["length", "stop", "content_filter"])
def test_an_answer_without_content_is_empty_and_paid_for(server: Server, content: str | None, finish: str) -> None:
    details = {"reasoning_tokens": 500}
    server.answers = [whole(chat(content, finish), usage=usage(20, 500, completion_tokens_details=details))]
    (reply,) = model(server, endpoint="chat").complete("x")
    assert (reply.text, reply.finish, reply.prompt_tokens, reply.generated_tokens) == ("", finish, 20, 500)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (usage(20, 7), 7),
        (usage(20, 7, completion_tokens_details={"reasoning_tokens": 90}), 90),  # they are more than the whole
        (usage(20, 7, total_tokens=120), 100),  # the total has reasoning that the completion lacks
        (usage(20, 0), 3),  # less than came
        (usage(20, -5), 3),
        ({"prompt_tokens": 20}, 3),
        ({"prompt_tokens": 20, "completion_tokens": "many", "completion_tokens_details": []}, 3),
    ],
)
def test_what_was_spent_is_what_the_server_says_and_never_less_than_came(
    server: Server, said: dict[str, Any], written: int
) -> None:
    logprobs = {"tokens": ["a", "b", "c"], "token_logprobs": [-1.0, -1.0, -1.0]}
    server.answers = [whole(text("abc", logprobs=logprobs), usage=said)]
    (reply,) = model(server).complete("x")
    assert (reply.prompt_tokens, reply.generated_tokens) == (20, written)


@pytest.mark.parametrize("said", [None, {}, 7, []])
def test_without_a_word_on_costs_they_are_estimated(server: Server, said: Any) -> None:
    server.answers = [whole(text("ninety-nine letters " * 5), usage=said)]
    (reply,) = model(server).complete("word " * 100)
    assert 100 <= reply.prompt_tokens <= 250
    assert 20 <= reply.generated_tokens <= 50


def test_one_usage_for_several_completions(server: Server) -> None:
    server.answers = [whole(chat("a"), chat("b"), chat("c"), usage=usage(30, 100))]
    completions = model(server, endpoint="chat", prices={"prompt": 1.0, "generated": 10.0}).complete("x", n=3)
    assert [c.prompt_tokens for c in completions] == [30, 0, 0]
    assert [c.generated_tokens for c in completions] == [34, 33, 33]
    assert [c.calls for c in completions] == [1, 0, 0]
    assert sum(c.money for c in completions) == pytest.approx(1030e-6)


def test_completions_that_were_not_asked_for_are_paid_for(server: Server) -> None:
    server.answers = [whole(text("a"), text("b"), usage=usage(30, 100))]
    (reply,) = model(server).complete("x")
    assert (reply.text, reply.prompt_tokens, reply.generated_tokens, reply.calls) == ("a", 30, 100, 1)


def slow() -> tuple[int, bytes]:
    time.sleep(0.6)
    return whole(text("late"))


BROKEN = whole(text("b"), usage=usage(40, 9))[1][:-4]


@pytest.mark.parametrize(
    ("failure", "prompt", "written"),
    [
        (slow, 80, 1),
        ((200, BROKEN), 80, 30),  # its letters are counted
        (ok({"choices": [], "usage": usage(40, 9)}), 80, 10),
        (events({"choices": [text("abc", None)]}, {"choices": [text("def", None)]}, end=b""), 80, 3),
        ((500, b"oops"), 40, 1),
        ((429, b"slow down"), 40, 1),
    ],
)
def test_attempts_that_failed_are_paid_for_once_the_server_worked(
    server: Server, failure: Any, prompt: int, written: int
) -> None:
    server.answers = [failure, whole(text("good"), usage=usage(40, 1))]
    (reply,) = model(server, timeout=0.3, prices={"prompt": 1.0}).complete("x", max_tokens=29)
    assert (reply.text, reply.prompt_tokens, reply.generated_tokens, reply.calls) == ("good", prompt, written, 1)
    assert reply.money == pytest.approx(prompt * 1e-6)


def test_a_request_that_never_got_an_answer_is_paid_for(server: Server) -> None:
    server.answers = [ok({"choices": [], "usage": usage(40, 9)})]
    with pytest.raises(lt.ModelError, match="did not answer after 3 attempts") as caught:
        model(server).complete("x")
    assert caught.value.spent == lt.Spent(prompt_tokens=120, generated_tokens=27)
    with pytest.raises(lt.ModelError) as caught:
        lt.think(Tower(), model(server), lt.Budget(tokens=1000))
    assert caught.value.answer.spent.generated_tokens == 27


def test_a_server_that_writes_without_end_stops_everything(server: Server) -> None:
    server.answers = [whole(text("3" * 400_000), usage=usage(20, 80_000))]
    answer = lt.think(COUNTDOWN, model(server), lt.Budget(tokens=2_000), method="best_of_n")
    assert answer.stopped_by == "tokens"
    assert len(server.requests) <= 4  # those that were under way
    assert answer.spent.generated_tokens == 80_000 * len(server.requests)


@pytest.mark.parametrize("logprobs", [False, True])
def test_a_stream_without_end_is_cut(server: Server, logprobs: bool) -> None:
    def piece(i: int) -> dict[str, Any]:
        tokens = {"logprobs": {"tokens": [" word"], "token_logprobs": [-0.1]}} if logprobs else {}
        return {"choices": [text(" word", None, **tokens)]}

    server.answers = [events(*map(piece, range(20_000)))]
    (reply,) = model(server, stream=True).complete("x", max_tokens=100)
    assert reply.finish == "length"
    assert 100 < reply.generated_tokens < (102 if logprobs else 400)
    assert len(reply.text) < 2_000


# ---- Reasoning ----


@pytest.mark.parametrize(
    ("raw", "answer", "reasoning"),
    [
        ("<think>two and two</think>\n\n4", "4", "two and two"),
        ("two and two</think>\n4", "4", "two and two"),  # the template has begun it
        ("<think>two and two", "", "two and two"),  # nothing ends it
        ("<think></think>4", "4", ""),
        ("<think>a</think>4<think>b</think> or 5", "4 or 5", "ab"),
        ("[THINK]a[/THINK]4", "4", "a"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>4", "4", None),
        ("a < b <thin", "a < b <thin", ""),
        ("<think>see </thinking> or <think></think>4", "4", "see </thinking> or <think>"),
    ],
)
def test_reasoning_is_kept_apart(raw: str, answer: str, reasoning: str | None) -> None:
    found = separated(raw)
    assert found[0] == answer
    assert reasoning is None or found[1] == reasoning
    for size in (1, 2, 7):
        separator = Separator()
        for start in range(0, len(raw), size):
            separator.add(raw[start : start + size])
        separator.add("", last=True)
        assert (separator.answer, separator.reasoning.strip()) == found[:2]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "4", "reasoning_content": "two and two"},
        {"content": "4", "reasoning": "two and two"},
        {"content": "4", "thinking": "two and two"},
        {"content": "<think>two and two</think>4"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "two and two"}]},
                {"type": "text", "text": "4"},
            ]
        },
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_of_servers(server: Server, message: dict[str, Any], stream: bool, tmp_path: Path) -> None:
    if stream:
        parts: list[Any] = []
        for name in sorted(message, reverse=True):  # reasoning comes first
            value = message[name]
            parts += [{"choices": [{"index": 0, "delta": {name: piece}}]} for piece in value]
        if isinstance(message["content"], list):
            parts = [{"choices": [{"index": 0, "delta": {"content": [piece]}}]} for piece in message["content"]]
        server.answers = [events(*parts, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})]
    else:
        server.answers = [whole(chat(**message))]
    loaded = model(server, endpoint="chat", stream=stream)
    first = CachedModel(loaded, tmp_path).complete("2+2=")
    again = lt.load_model(f"replay:{tmp_path}").complete("2+2=")
    assert [(c.text, c.reasoning) for c in (*first, *again)] == [("4", "two and two")] * 2
    if stream:
        assert "".join(loaded.stream("2+2=")) == "4"


def test_tokens_and_their_probability_are_those_of_the_answer(server: Server) -> None:
    tokens = ["<think>", "two", "</think>", "4", "!"]
    logprobs = {"tokens": tokens, "token_logprobs": [-1.0, -2.0, -3.0, -0.25, -0.5]}
    server.answers = [whole(text("".join(tokens), logprobs=logprobs), usage=usage(5, 5))]
    (reply,) = model(server).complete("x")
    assert ([token.text for token in reply.tokens], reply.logprob) == (["4", "!"], -0.75)
    assert (reply.text, reply.generated_tokens) == ("4!", 5)


# ---- Streams ----


def test_the_standard_of_event_streams() -> None:
    raw = (
        "\ufeff: a comment\nid: 1\nevent: message\nretry: 10\ndata: a\u2028b\u2029c\u0085d\x0be\x0cf\r\n\r\n"
        "data:first\rdata:  second\r\rid: 1\ndata\n\ndata: {\n: between\ndata: }\n\n\n\nid: only\n\n"
        "data: ü€\n\ndata: last"
    ).encode()
    expected = ["a\u2028b\u2029c\u0085d\x0be\x0cf", "first\n second", "", "{\n}", "ü€"]
    for size in (1, 2, 3, 5, len(raw)):
        stream, found = EventStream(), []
        for start in range(0, len(raw), size):
            found += stream.take(raw[start : start + size])
        assert found == expected
        assert stream.end() == ["last"]


def test_text_with_separators_of_lines_comes_whole(server: Server) -> None:
    said = "one\u2028two\u0085three\x0cfour\u2029"
    data = json.dumps({"choices": [text(said)]}, ensure_ascii=False).encode()
    server.answers = [(200, b": hello\n\nid: 7\nevent: x\ndata: " + data + b"\r\n\r\nid: 7\ndata: [DONE]\n\n")]
    assert model(server, stream=True).complete("x")[0].text == said


def test_events_with_one_number_are_all_read(server: Server) -> None:
    parts = [{"choices": [text(piece, None)]} for piece in "abc"] + [{"choices": [text("", "stop")]}]
    data = b"".join(b"id: 1\ndata: " + json.dumps(part).encode() + b"\n\n" for part in parts)
    server.answers = [(200, data.replace(b"id", b": x\nid", 1))]
    assert model(server, stream=True).complete("x")[0].text == "abc"


@pytest.mark.parametrize("costs", [True, False])
def test_a_stream_without_done_on_a_connection_that_stays_open(server: Server, costs: bool) -> None:
    server.hold = 30.0
    last = [{"choices": [], "usage": usage(10, 2)}] if costs else []
    server.answers = [events({"choices": [text("a", None)]}, {"choices": [text("b")]}, *last, end=b"")]
    began = time.monotonic()
    (reply,) = model(server, stream=True, timeout=20.0).complete("x")
    assert (reply.text, reply.generated_tokens) == ("ab", 2)
    assert time.monotonic() - began < 15
    assert list(model(server, timeout=20.0).stream("x")) == ["a", "b"]
    assert len(server.requests) == 2


# ---- What servers refuse of the protocol ----


class Picky(Server):
    """Refuses what `refuses` finds in a body, with that message; else answers well."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = [self.reply]

    def refuses(self, path: str, body: dict[str, Any]) -> tuple[int, str] | None:
        raise NotImplementedError

    def reply(self) -> tuple[int, bytes]:
        path, body, _ = self.requests[-1]
        refused = self.refuses(path, body)
        if refused is not None:
            return refused[0], refused[1].encode()
        choice = chat("4") if "messages" in body else text("4")
        return whole(*[choice] * body.get("n", 1))


def message(said: str, param: str | None = None) -> str:
    return json.dumps({"error": {"message": said, "type": "invalid_request_error", "param": param, "code": None}})


REFUSED = {
    "vLLM caps likeliest tokens": (
        {"top": 40},
        lambda path, body: "logprobs" in body and (body.get("top_logprobs") or body["logprobs"]) > 20,
        "Requested sample logprobs of 40, which is greater than max allowed: 20",
        1,
    ),
    "OpenAI caps likeliest tokens": (
        {"top": 40},
        lambda path, body: "logprobs" in body and (body.get("top_logprobs") or body["logprobs"]) > 5,
        message("Invalid value for 'logprobs': must be less than or equal to 5.", "logprobs"),
        1,
    ),
    "no log-probabilities": (
        {"top": 3},
        lambda path, body: "logprobs" in body,
        message("'logprobs' is not supported with this model", "logprobs"),
        1,
    ),
    "no seed": (
        {},
        lambda path, body: "seed" in body,
        '{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}',
        1,
    ),
    "another name for the length": (
        {},
        lambda path, body: "max_tokens" in body,
        message(
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "max_tokens"
        ),
        1,
    ),
    "no stop texts": (
        {"stop": "END"},
        lambda path, body: "stop" in body,
        message("Unsupported parameter: 'stop' is not supported with this model.", "stop"),
        1,
    ),
    "one completion at a time": ({"n": 3}, lambda path, body: body["n"] > 1, "n must be 1", 1),
    "no costs of streams": (
        {"stream": True},
        lambda path, body: "stream_options" in body,
        message("Unrecognized request argument supplied: stream_options"),
        1,
    ),
}


@pytest.mark.parametrize("endpoint", ["completions", "chat"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_server_refuses_is_learned_once(kind: str, endpoint: str) -> None:
    options, refuses, said, refusals = REFUSED[kind]
    options = dict(options)

    class Refusing(Picky):
        def refuses(self, path: str, body: dict[str, Any]) -> tuple[int, str] | None:
            return (422 if "detail" in said else 400, said) if refuses(path, body) else None

    server = Refusing()
    try:
        loaded = model(server, endpoint=endpoint, stream=options.pop("stream", False))
        for _ in range(3):
            assert [c.text for c in loaded.complete("x", **options)] == ["4"] * options.get("n", 1)
        assert len(server.requests) == refusals + 3 * options.get("n", 1)
    finally:
        server.close()


def test_everything_is_refused_one_after_the_other() -> None:
    class Strict(Picky):
        def refuses(self, path: str, body: dict[str, Any]) -> tuple[int, str] | None:
            if not path.endswith("chat/completions"):
                return 404, "Not Found"
            for name in ("logprobs", "seed", "stop", "max_tokens", "n"):
                if name in body and (body[name] is True or body[name] != 1):
                    return 400, message(f"Unrecognized request argument supplied: {name}")
            return None

    server = Strict()
    try:
        loaded = model(server)
        assert loaded.complete("x", n=2, stop=["!"], top=40)[1].text == "4"
        assert not loaded.logprobs
        asked = len(server.requests)
        assert loaded.complete("x", n=2, stop=["!"], top=40)[1].text == "4"
        assert len(server.requests) == asked + 2
        task = lt.load_task("countdown", numbers=(3, 5, 7), target=22)
        assert lt.think(task, loaded, lt.Budget(calls=50)).spent.calls > 0  # a search does without probabilities
    finally:
        server.close()


def test_a_stop_text_that_a_server_does_not_know_cuts_here(server: Server) -> None:
    server.answers = [(400, b"unsupported parameter: stop"), whole(text("4 END 5", "length"))]
    (reply,) = model(server).complete("x", stop="END")
    assert (reply.text, reply.finish) == ("4 ", "stop")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (
            404,
            message("This is a chat model and not supported in the v1/completions endpoint. Use v1/chat/completions"),
        ),
        (400, message("The completions API is not available for this model; use chat completions")),
    ],
)
def test_a_server_that_knows_only_chat(status: int, said: str) -> None:
    class ChatOnly(Picky):
        def refuses(self, path: str, body: dict[str, Any]) -> tuple[int, str] | None:
            return None if path.endswith("chat/completions") else (status, said)

    server = ChatOnly()
    try:
        loaded = model(server)
        assert [loaded.complete("x")[0].text for _ in range(3)] == ["4"] * 3
        assert len(server.requests) == 4
        with pytest.raises(lt.ModelError, match=f"status {status}"):
            model(server, endpoint="completions").complete("x")
    finally:
        server.close()


def test_a_refusal_about_something_else_teaches_nothing(server: Server) -> None:
    server.answers = [(404, message("The model 'tiny' does not exist").encode())]
    loaded = model(server)
    with pytest.raises(lt.ModelError, match="does not exist"):
        loaded.complete("x")
    assert len(server.requests) == 1
    server.answers = [(400, b"seed, stop, logprobs, n and max_tokens: everything is unsupported")]
    with pytest.raises(lt.RequestRefusedError):
        loaded.complete("x", n=2, stop=["x"])
    server.answers, server.requests = [whole(text("4"))], []
    loaded.complete("x", stop=["x"])
    assert {"seed", "stop", "logprobs", "max_tokens"} <= set(server.requests[0][1])


def test_extra_fields_and_a_system_prompt(server: Server) -> None:
    server.answers = [whole(chat("4"))]
    loaded = model(server, system="Be brief.", extra_body={"top_k": np.int64(20).item(), "seed": 5})
    loaded.complete("x")
    path, body, _ = server.requests[0]
    assert path.endswith("chat/completions")
    assert (body["top_k"], body["seed"]) == (20, 5)
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "x"}]
    plain = model(server)
    assert len({loaded.identity, plain.identity, model(server, extra_body={"top_k": 1}).identity}) == 3
    with pytest.raises(lt.ParameterError, match="system"):
        model(server, endpoint="completions", system="Be brief.")
    with pytest.raises(lt.ParameterError, match="extra_body"):
        model(server, extra_body={"a": object()})
    nested: dict[str, object] = {}
    nested["self"] = nested
    with pytest.raises(lt.ParameterError, match="extra_body"):
        model(server, extra_body=nested)


@pytest.mark.parametrize("logprob", [-9999.0, -1e9, float("-inf")])
def test_log_probabilities_that_stand_for_unknown(server: Server, logprob: float) -> None:
    logprobs = {"tokens": ["4"], "token_logprobs": [logprob], "top_logprobs": [{"4": logprob, "2": logprob}]}
    server.answers = [whole(text("4", logprobs=logprobs))]
    loaded = model(server)
    (reply,) = loaded.complete("x", top=2)
    assert reply.logprob == -100.0
    assert sum(each.prior for each in TrieProposer(loaded).propose(COUNTDOWN, ())) == pytest.approx(1.0)
    SampleProposer(loaded).propose(COUNTDOWN, ())
    for kinds in (("token",), ("step",)):
        lt.think(COUNTDOWN, loaded, lt.Budget(calls=20), kinds=kinds)


# ---- Too long, and nothing left to pay with ----

TOO_LONG = [
    (
        400,
        message("This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens."),
    ),
    (400, '{"error": {"code": "context_length_exceeded", "message": "too many"}}'),
    (400, '{"error": {"code": 400, "type": "exceed_context_size_error", "message": "request (601 tokens) exceeds"}}'),
    (500, '{"error": {"code": 500, "message": "the request exceeds the available context size. try increasing it"}}'),
    (413, "Payload Too Large"),
    (422, '{"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000", "error_type": "validation"}'),
    (400, "The decoder prompt (length 9000) is longer than the maximum model length of 4096."),
    (200, '{"error": {"message": "prompt is too long: 9000 tokens > 4096 maximum"}}'),
]


@pytest.mark.parametrize(("status", "said"), TOO_LONG)
def test_a_prompt_that_is_too_long_ends_its_own_problem(server: Server, status: int, said: str) -> None:
    server.answers = [(status, said.encode())]
    with pytest.raises(lt.RequestRefusedError):
        model(server).complete("x", n=2)
    long = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=76)

    def reply() -> tuple[int, bytes]:
        return (status, said.encode()) if "76" in server.requests[-1][1]["prompt"][-90:] else whole(text("2+5=7"))

    server.answers = [reply]
    loaded = model(server, slots=1)
    answers = lt.think_all([COUNTDOWN, long], loaded, lt.Budget(calls=10), method="best_of_n")
    assert [answer.stopped_by for answer in answers] == ["calls", "failed"]


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_an_empty_account_is_final(server: Server, code: str) -> None:
    server.answers = [(429, json.dumps({"error": {"message": "You have no money", "code": code}}).encode())]
    with pytest.raises(lt.ModelError, match="no money or quota left"):
        model(server).complete("x")
    assert len(server.requests) == 1


def test_no_error_holds_the_repr_of_another(server: Server) -> None:
    for bad in (b'{"choices": [{}]}', b'{"choices": [7]}', b"data: {\n\n", b'data: {"choices": [7]}\n\n', b"[" * 9999):
        server.answers = [(200, bad)]
        with pytest.raises(lt.ModelError) as caught:
            model(server, retries=0, stream=True).complete("x")
        assert "Error(" not in str(caught.value)
        assert "Exception(" not in str(caught.value)


# ---- Waiting and cancelling ----


@pytest.mark.parametrize("slots", [1, 3])
def test_awaiting_does_not_block_the_loop(slots: int) -> None:
    class Sleepy(lt.Model):
        name = "sleepy"

        def __init__(self) -> None:
            self.slots, self.now, self.most_at_once = slots, 0, 0

        def answer(self, request: Request) -> list[Completion]:
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
            time.sleep(0.1)
            self.now -= 1
            return [Completion(request.prompt)]

    loaded = Sleepy()

    async def both() -> tuple[int, list[str]]:
        ticks, done = 0, asyncio.Event()

        async def tick() -> None:
            nonlocal ticks
            while not done.is_set():
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        answers = await asyncio.gather(*(loaded.complete_async(word) for word in "abcdef"))
        done.set()
        await ticking
        return ticks, [completion.text for (completion,) in answers]

    ticks, answers = asyncio.run(both())
    assert answers == list("abcdef")
    assert ticks > 5
    assert loaded.most_at_once == slots


@pytest.mark.parametrize("cached", [False, True])
def test_a_cancelled_call_is_cancelled_at_the_server(server: Server, cached: bool, tmp_path: Path) -> None:
    server.hold = 30.0
    server.answers = [events({"choices": [text("a", None)]}, end=b"")]
    loaded: lt.Model = model(server, stream=True, timeout=60.0)
    if cached:
        loaded = CachedModel(loaded, tmp_path)

    async def cancel() -> None:
        asking = asyncio.create_task(loaded.complete_async("x"))
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(cancel())
    assert server.hung_up.wait(10)


def test_equal_requests_under_way_are_one(server: Server, tmp_path: Path) -> None:
    server.answers = [slow]
    loaded = CachedModel(model(server), tmp_path)

    async def several() -> list[list[Completion]]:
        return await asyncio.gather(*(loaded.complete_async("x", seed=i // 3) for i in range(6)))

    completions = asyncio.run(several())
    assert len(server.requests) == 2
    assert [c.text for (c,) in completions] == ["late"] * 6
    assert sum(c.cached for (c,) in completions) == 4
    assert loaded.paid.calls == 2

    async def one_stays() -> list[Completion]:
        first, second = (asyncio.create_task(loaded.complete_async("y")) for _ in range(2))
        await asyncio.sleep(0.2)
        first.cancel()
        return await second

    assert asyncio.run(one_stays())[0].text == "late"
    assert len(server.requests) == 3


def test_the_cache_is_not_written_on_the_threads_of_the_network(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers = []
    original = CachedModel._keep

    def keep(self: CachedModel, *arguments: Any) -> None:
        writers.append(threading.current_thread().name)
        original(self, *arguments)

    monkeypatch.setattr(CachedModel, "_keep", keep)
    server.answers = [whole(text("4"))]
    CachedModel(model(server), tmp_path).complete("x")
    assert len(writers) == 1
    assert not writers[0].startswith("longthink-network")
