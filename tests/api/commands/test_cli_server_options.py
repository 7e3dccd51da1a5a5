"""The options of a server on the command line."""

from __future__ import annotations

import json

import pytest

from longthink.commands.cli import main
from scripted_server import Server, ok


def test_think_asks_the_server_as_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    server = Server()
    server.answers = [ok({"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}], "usage": {}})]
    command = ["think", "countdown", "3", "5", "7", "--target", "22", "--model", "openai:x", "--base-url", server.url]
    more = ["--endpoint", "chat", "--system", "Be brief.", "--extra-body", '{"top_k": 20}', "--calls", "1", "--json"]
    try:
        assert main([*command, *more]) in (0, 1)
    finally:
        server.close()
    path, body, _ = server.requests[0]
    assert path.endswith("/chat/completions")
    assert body["top_k"] == 20
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert json.loads(capsys.readouterr().out)["spent"]["calls"] == 1


@pytest.mark.parametrize(
    "bad", [["--endpoint", "both"], ["--extra-body", "{"], ["--extra-body", "[1]"], ["--extra-body", "[" * 100_000]]
)
def test_other_things_are_wrong_use(bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["think", "countdown", "--model", "openai:x", *bad]) == 2
    assert bad[0] in capsys.readouterr().err


def test_a_model_in_this_process_takes_none_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["think", "countdown", "--model", "tiny", "--endpoint", "chat"]) == 2
    assert "--endpoint" in capsys.readouterr().err
