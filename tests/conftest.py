"""What holds for all tests: Ctrl-C reaches them, and tests that need the sandbox are skipped on systems without it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator

import pytest

from longthink.errors import ToolError

# A shell without job control starts background jobs with SIGINT ignored, and Python leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    try:
        yield
    except ToolError as error:
        if sys.platform == "linux":  # it is expected to work there
            raise
        pytest.skip(str(error))
