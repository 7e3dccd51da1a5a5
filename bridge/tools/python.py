"""The tool `python`: runs a program in the sandbox (`sandbox`) and answers with what it printed."""

from __future__ import annotations

from typing import Any

from longthink.bridge.tools.sandbox import SandboxLimits, run
from longthink.bridge.tools.tool import Tool, ToolResult

_SHOWN = 2000  # characters of output that a model gets to read


class Python(Tool):
    """What a Python program prints, run in a sandbox: no network, no files of the host, limits on everything else.

    Options are those of `SandboxLimits`: seconds, memory, disk, output, files. A call raises `ToolError` if no sandbox
    can be made on this machine; nothing is run then.
    """

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
        if len(output) > _SHOWN:  # the end says most: it holds a result or the error
            output = f"... {output[-_SHOWN:]}"
        if error is not None:
            output = f"{output}\n({error})".lstrip("\n")
        return ToolResult(output, error, result.seconds)
