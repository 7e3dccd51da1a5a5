"""The options of a model on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scripted_server import Server, ok

Run = Callable[..., tuple[int, str, str]]


def test_think_sends_them_to_the_server(run: Run) -> None:
    server = Server()
    server.answers = [ok({"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}], "usage": {}})]
    command = ["think", "countdown", "3", "5", "7", "--target", "22", "--model", "openai:x", "--base-url", server.url]
    more = [
        "--endpoint",
        "chat",
        "--system",
        "Be brief.",
        "--extra-body",
        '{"top_k": 20, "b": true}',
        "--calls",
        "1",
    ]
    try:
        status, out, _ = run(*command, *more, "--json")
    finally:
        server.close()
    assert status in (0, 1)
    path, body, _ = server.requests[0]
    assert path.endswith("/chat/completions")
    assert (body["top_k"], body["b"]) == (20, True)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert json.loads(out)["spent"]["calls"] == 1


@pytest.mark.parametrize(
    "bad", [["--endpoint", "both"], ["--extra-body", "{"], ["--extra-body", "[1]"], ["--extra-body", "[" * 100_000]]
)
def test_other_values_are_refused(bad: list[str], run: Run) -> None:
    status, _, err = run("think", "countdown", "--model", "openai:x", *bad)
    assert (status, err.count("\n")) == (2, 1)
    assert bad[0].strip("-").replace("-", "_") in err
    assert len(err) < 500


def test_each_model_has_its_own(run: Run) -> None:
    assert "--base-url" in run("think", "countdown", "--model", "openai:x", "--help")[1]
    assert "--context" in run("serve", "--model", "some.gguf", "--help")[1]
    status, _, err = run("think", "countdown", "--model", "tiny", "--endpoint", "chat")
    assert status == 2
    assert "--endpoint" in err
