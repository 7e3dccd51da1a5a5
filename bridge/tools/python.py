"""The tool "python": runs a program in the sandbox (sandbox.py) and returns its output."""

from __future__ import annotations

import inspect
from typing import Any

from longthink.bridge.tools.sandbox import SandboxLimits, run
from longthink.bridge.tools.tool import Tool, ToolResult

_SHOWN = 2000  # characters of output that a model reads


class Python(Tool):
    """The output of a Python program in a sandbox: no network, no files of the host, limits on everything else.

    Options are the fields of `SandboxLimits`. A call raises `ToolError` if no sandbox can be made; then nothing runs.
    """

    __signature__ = inspect.signature(SandboxLimits)

    name = "python"
    description = "what a Python program prints, such as print(sum(range(10))); the standard library alone is there"

    def __init__(self, **limits: Any) -> None:
        self.limits = SandboxLimits(**limits)

    def call(self, text: str) -> ToolResult:
        result = run(text, limits=self.limits)
        error = None
        if result.ended_by == "seconds":
            error = f"stopped after {self.limits.seconds:g} seconds"
        elif result.ended_by == "output":
            error = f"stopped after {self.limits.output} bytes of output"
        elif result.exit_code:
            error = f"ended with exit code {result.exit_code}"
        output = result.output.rstrip("\n")
        if len(output) > _SHOWN:  # the end has the result or the error
            output = f"... {output[-_SHOWN:]}"
        if error is not None:
            output = f"{output}\n({error})".lstrip("\n")
        return ToolResult(output, error, result.seconds)
