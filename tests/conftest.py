"""On systems without the sandbox for programs, tests that need it are skipped, and say so."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

from longthink.errors import ToolError


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    try:
        yield
    except ToolError as error:
        if sys.platform == "linux":  # it is expected to work there
            raise
        pytest.skip(str(error))
