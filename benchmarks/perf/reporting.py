"""A pytest plugin: sends the begin, the end and the figures of each benchmark, as JSON lines, to the parent process.

It writes to the file descriptor in the environment variable LONGTHINK_REPORT_TO (benchmarks/perf/speeds.py).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from typing import Any

import pytest

TO = "LONGTHINK_REPORT_TO"


def _send(**event: Any) -> None:
    os.write(int(os.environ[TO]), (json.dumps(event, default=str) + "\n").encode())


def pytest_collection_finish(session: pytest.Session) -> None:
    _send(event="found", names=[item.nodeid for item in session.items])


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        words = [line.removeprefix("E ").strip() for line in report.longreprtext.splitlines() if line.startswith("E ")]
        _send(event="broken", name=report.nodeid, words=words[-1] if words else "it cannot be imported")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    _send(event="begin", name=item.nodeid)
    began = time.perf_counter()
    done = yield
    _send(event="end", name=item.nodeid, seconds=round(time.perf_counter() - began, 3), **item.stash.get(_RESULT, {}))
    return done


_RESULT = pytest.StashKey[dict[str, Any]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    result: dict[str, Any]
    if call.excinfo is not None:
        result = {report.outcome: call.excinfo.exconly().partition("\n")[0]}
        item.stash[_RESULT] = result
    elif report.when == "call":
        stats = getattr(item, "funcargs", {})["benchmark"].stats
        result = {"figures": stats.as_dict(include_data=False)}
        item.stash[_RESULT] = result
    return report
