"""The commands `gtp` and `serve`, each for a moment.

Others are run in tests/benchmarks: `compare` in harness/test_compare.py, `perf` in perf/test_speeds.py.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
LONGTHINK = [sys.executable, "-m", "longthink"]


def test_gtp(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = subprocess.run(
        [*LONGTHINK, "gtp", "--size", "5", "--simulations", "20", "--log", str(log)],
        input="query_boardsize\ngenmove b\nquit\n", capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    first, move, last, *_ = done.stdout.split("\n\n")
    assert (first, last) == ("= 5", "=")
    assert move.startswith("= ")
    assert "genmove b" in log.read_text()


def test_serve(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*LONGTHINK, "serve", "--port", "0", "--model", "tiny", "--task", "countdown"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("longthink: serving on http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[3].rstrip(";") + "/models", timeout=30) as reply:
            assert "longthink/countdown" in reply.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def test_a_port_in_use(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, err = run("serve", "--port", str(port), "--model", "missing.gguf")
    assert (status, err.count("\n")) == (2, 1)
    assert "Address already in use" in err


def test_a_server_for_others_needs_a_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN_OF_TEST", raising=False)
    status, _, err = run("serve", "--host", "0.0.0.0", "--token-env", "TOKEN_OF_TEST", "--model", "missing.gguf")
    assert status == 2
    assert "set TOKEN_OF_TEST in the environment" in err
