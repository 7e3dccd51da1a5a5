"""The calculator: exact arithmetic on fractions."""

from __future__ import annotations

import time

from longthink.bridge.tasks.arithmetic import ALL, evaluate
from longthink.bridge.tools.tool import Tool, ToolResult


class Calculator(Tool):
    """Values of expressions with + - * / // % ** and brackets, exact: "1/3 + 0.5" is 5/6.

    Signs may be those of print, "37 × 41", and numbers may have thousands commas. What follows "=" is left out.
    """

    name = "calculator"
    description = "the exact value of an arithmetic expression, such as (3 + 4) ** 2 / 6"
    example = ("17 * 3 + 4", "55")

    def call(self, text: str) -> ToolResult:
        started = time.perf_counter()
        try:
            value, _ = evaluate(text.partition("=")[0], ALL)  # what the model says it is does not matter
            answer, error = str(value), None
        except ValueError as problem:
            answer, error = f"not an expression: {problem}", str(problem)
        return ToolResult(answer, error, time.perf_counter() - started)
