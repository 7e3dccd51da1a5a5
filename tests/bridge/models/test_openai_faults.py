"""A server that misbehaves in more than twenty ways: each ends in the right retry or one clear error, nothing is lost,
and no secret is shown anywhere."""

from __future__ import annotations

import io
import logging
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower
from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.openai import OpenAIModel
from longthink.bridge.proposals.proposer import SampleProposer
from misbehaving_server import FAULTS, REFUSALS, MisbehavingServer

KEY = "sk-a1b2c3-very-secret"


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    made = MisbehavingServer()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def model(server: MisbehavingServer, **options: Any) -> OpenAIModel:
    return OpenAIModel(
        "tiny", server.url, **{"pause": 0.01, "retries": 2, "timeout": 1.0, "read_timeout": 0.5, **options}
    )


def streams(fault: str) -> bool:
    return "stream" in fault


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_survived(server: MisbehavingServer, fault: str) -> None:
    loaded = model(server, stream=streams(fault), retries=5)
    server.faults = [fault]
    completions = loaded.complete("2+2=", n=2, seed=4)
    assert [c.text for c in completions] == ["4", "5"]
    assert sum(c.calls for c in completions) == 1
    assert len(server.requests) == 2
    assert len(server.answered) == 1


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault not in ("refused connections", "a body without end")]
)
def test_a_fault_without_end_is_one_clear_error(server: MisbehavingServer, fault: str) -> None:
    server.forever = fault
    began = time.monotonic()
    with pytest.raises(lt.ModelError, match="did not answer after 2 attempts") as caught:
        model(server, stream=streams(fault), retries=1).complete("x")
    assert server.url in str(caught.value)
    assert len(server.requests) == 2
    assert time.monotonic() - began < 20
    assert not server.answered


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_is_not_asked_again(server: MisbehavingServer, fault: str) -> None:
    server.forever = fault
    with pytest.raises(lt.ModelError, match=r"refuses the request with status 40|redirects to .*base_url") as caught:
        model(server).complete("x")
    assert len(server.requests) == 1
    assert KEY not in str(caught.value)


def test_retry_after_holds_everything_back(server: MisbehavingServer) -> None:
    server.faults = ["status 429 with Retry-After"]
    loaded = model(server)
    began = time.monotonic()
    for future in [loaded.submit(loaded.request("x", seed=seed)) for seed in range(2)]:
        future.result()
    assert time.monotonic() - began >= 0.3


def test_fewer_choices_than_asked_for_are_asked_for_again(server: MisbehavingServer) -> None:
    server.fewer = True
    completions = model(server).complete("x", n=3, seed=5)
    assert [c.text for c in completions] == ["5", "6", "7"]
    assert sum(c.calls for c in completions) == len(server.answered) == 3
    assert sum(c.prompt_tokens for c in completions) == 21


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("stream", [False, True])
def test_thinks_through_all_of_them_and_loses_nothing(
    server: MisbehavingServer, tmp_path: Path, slots: int, stream: bool
) -> None:
    """Every other answer is a fault; after each refusal thinking begins again with the same folder."""
    refusals = REFUSALS[1:]  # the first leads to asking for one completion at a time
    faults = [fault for fault in [*FAULTS, *refusals] if stream or not streams(fault)]
    server.faults = [each for fault in faults for each in ("", fault)]
    failures, answer = [], None
    while answer is None:
        cached = CachedModel(model(server, slots=slots, stream=stream, retries=6), tmp_path)
        proposer = SampleProposer(cached, samples=2, seed=3)
        try:
            answer = lt.think(Tower(), cached, lt.Budget(calls=60), proposer=proposer, playouts=False)
        except lt.ModelError as error:
            failures.append((error, cached.paid.calls, len(server.answered)))
    assert 1 <= len(failures) <= len(refusals)  # two at once are one failure
    for failure, paid, answered in failures:  # what was paid by then is in the budget and in the folder
        assert failure.answer.spent.calls == paid == answered
    assert not server.faults
    assert answer.spent.calls == cached.paid.calls == len(server.answered) == 60
    assert len({(b["prompt"], b["seed"]) for b in server.answered}) == 60  # nothing was paid for twice
    assert answer.trace is not None
    assert answer.trace.visits == 60


# ---- Secrets ----


def test_the_key_is_shown_nowhere(server: MisbehavingServer, tmp_path: Path) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        loaded = CachedModel(model(server, retries=0), tmp_path)
        seen = [repr(loaded), str(loaded), repr(vars(loaded)), repr(vars(loaded._model)), loaded.identity]
        answer = lt.think(Tower(), loaded, lt.Budget(calls=5))
        seen += [repr(answer), str(answer.trace)]
        for fault in [*REFUSALS, "status 500", "reset before the answer", "slow headers"]:
            server.forever = fault
            try:
                loaded.complete(fault)
            except lt.ModelError as error:
                seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(before)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert len(seen) > 15
    assert "POST" in written.getvalue()
    for text in [*seen, written.getvalue(), files.decode(errors="replace")]:
        assert KEY not in text


def test_a_password_in_the_address_is_taken_out(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    loaded = OpenAIModel("tiny", server.url.replace("//", "//me:pass%20word@"), retries=0)
    loaded.complete("x")
    assert server.headers[0]["authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    server.forever = "status 400"
    with pytest.raises(lt.ModelError) as caught:
        loaded.complete("x")
    for text in (str(caught.value), repr(loaded), loaded.identity):
        assert "pass" not in text
    with pytest.raises(lt.ParameterError, match="without") as refused:
        OpenAIModel("tiny", server.url + "?key=hidden")
    assert "hidden" not in str(refused.value)


# ---- Streams, limits, images ----


@pytest.mark.parametrize("endpoint", ["completions", "chat"])
def test_a_stream_is_the_same_answer(server: MisbehavingServer, endpoint: str) -> None:
    whole = model(server, endpoint=endpoint).complete("x", n=3, seed=2)
    streamed = model(server, endpoint=endpoint, stream=True).complete("x", n=3, seed=2)
    assert streamed == whole
    assert list(model(server, endpoint=endpoint).stream("x", seed=8)) == ["8"]


def test_images_are_sent_in_chat(server: MisbehavingServer) -> None:
    picture = np.zeros((2, 2), np.uint8)
    model(server, endpoint="chat").complete("What is this?", images=[picture])
    text, image = server.requests[0]["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    with pytest.raises(lt.ModelError, match="chat"):
        model(server, endpoint="completions").complete("What is this?", images=[picture])


def test_answers_can_be_awaited(server: MisbehavingServer) -> None:
    import asyncio

    async def several() -> list[str]:
        loaded = model(server)
        answers = await asyncio.gather(*[loaded.complete_async("x", seed=seed) for seed in range(8)])
        return [answer[0].text for answer in answers]

    assert asyncio.run(several()) == [str(seed) for seed in range(8)]


def test_limits_of_requests_and_tokens_are_kept() -> None:
    import asyncio

    from longthink.bridge.models.rate_limit import RateLimit

    async def times(limit: RateLimit, count: int, tokens: int) -> list[float]:
        began, passed = time.monotonic(), []

        async def one() -> None:
            await limit.enter(tokens)
            passed.append(time.monotonic() - began)

        await asyncio.gather(*[one() for _ in range(count)])
        return passed

    for limit, tokens in ((RateLimit(requests=4, period=0.2), 1), (RateLimit(tokens=100, period=0.2), 25)):
        passed = asyncio.run(times(limit, 12, tokens))
        for first, fifth in zip(passed, passed[4:], strict=False):
            assert fifth - first >= 0.199  # never five in one period
        assert passed[3] < 0.15
    (large, _) = asyncio.run(times(RateLimit(tokens=10, period=0.1), 2, 50))
    assert large < 0.05
    with pytest.raises(lt.ParameterError, match="requests_per_minute"):
        RateLimit(requests=0)
