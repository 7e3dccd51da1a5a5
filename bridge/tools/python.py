"""Python: programs run in the cage of `cage`, and what they print."""

from __future__ import annotations

from typing import Any

from longthink.bridge.tools.sandbox import Limits, run
from longthink.bridge.tools.tool import Tool, ToolResult

_SHOWN = 2000  # characters of output that a model gets to read


class Python(Tool):
    """What a Python program prints, run in a cage: no network, no files of the host, `Limits` on all else.

    Options are those of `Limits`. A call raises `ToolError` where no cage can be made; nothing is run then.
    """

    name = "python"
    description = "what a Python program prints, such as print(sum(range(10))); the standard library alone is there"

    def __init__(self, **limits: Any) -> None:
        self.limits = Limits(**limits)

    def call(self, text: str) -> ToolResult:
        ran = run(text, limits=self.limits)
        error = None
        if ran.ended_by == "seconds":
            error = f"stopped after {self.limits.seconds:g} seconds"
        elif ran.ended_by == "output":
            error = f"stopped after {self.limits.output} bytes of output"
        elif ran.exit_code:
            error = f"ended with exit code {ran.exit_code}"
        output = ran.output.rstrip("\n")
        if len(output) > _SHOWN:  # the end tells most: a result, or the error
            output = f"... {output[-_SHOWN:]}"
        if error is not None:
            output = f"{output}\n({error})".lstrip("\n")
        return ToolResult(output, error, ran.seconds)
