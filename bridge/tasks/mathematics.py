"""Whether two formulas are equal, by math-verify. answers.py calls it in a process with limits of time and memory."""

from __future__ import annotations

import logging
from typing import Any


def prepare() -> None:
    """Import the library before the time limit begins."""
    import math_verify  # noqa: F401

    logging.disable()  # it warns that it sets no time limit


def equal(one: str, other: str) -> bool:
    """Whether math-verify finds two formulas equal, in either order."""
    from math_verify import verify

    first, second = _parsed(one), _parsed(other)
    if not first or not second:
        return False
    return any(verify(*pair, timeout_seconds=None) for pair in ((first, second), (second, first)))


equal.prepare = prepare  # type: ignore[attr-defined]


def _parsed(text: str) -> Any:
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse

    return parse(
        f"${text.replace('**', '^')}$", [LatexExtractionConfig(), ExprExtractionConfig()], parsing_timeout=None
    )
