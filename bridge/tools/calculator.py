"""The tool "calculator": exact arithmetic on fractions."""

from __future__ import annotations

import time

from longthink.bridge.tasks.arithmetic import ALL, evaluate
from longthink.bridge.tools.tool import Tool, ToolResult


class Calculator(Tool):
    """The exact value of an expression with + - * / // % ** and brackets: "1/3 + 0.5" is 5/6.

    Printed signs, as in "37 × 41", and commas between thousands are allowed. The text after "=" is ignored.
    """

    name = "calculator"
    description = "the exact value of an arithmetic expression, such as (3 + 4) ** 2 / 6"
    example = ("17 * 3 + 4", "55")

    def call(self, text: str) -> ToolResult:
        started = time.perf_counter()
        try:
            value, _ = evaluate(text.partition("=")[0], ALL)  # a result that the model wrote is ignored
            answer, error = str(value), None
        except ValueError as problem:
            answer, error = f"not an expression: {problem}", str(problem)
        return ToolResult(answer, error, time.perf_counter() - started)
