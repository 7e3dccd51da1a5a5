"""The registry of tools: `TOOLS`, and `load_tool`, which makes one by name. An entry is a class or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longthink.bridge.tools.tool import Tool
from longthink.registry import Registry

# One line for each tool.
TOOLS: Registry[Callable[..., Tool]] = Registry(
    "tool",
    "longthink.tools",
    {
        "calculator": "longthink.bridge.tools.calculator:Calculator",
        "python": "longthink.bridge.tools.python:Python",
        "search": "longthink.bridge.tools.search:Search",
    },
)
register_tool = TOOLS.register
"""Add a tool of your own for this process: `register_tool(name, MyTool)`, or `@register_tool(name)` above the class."""


def tools() -> Registry[Callable[..., Tool]]:
    """The registered tools; iteration yields their names."""
    return TOOLS


def load_tool(name: str, **options: Any) -> Tool:
    """Load a tool: "calculator", "python" (options: the fields of `SandboxLimits`), or "search" over `texts`.

    Options may also stand in the name: "python(seconds=2)". Raises `UnknownNameError` with near matches for a name or
    option that does not exist, `ParameterError` for a value that the tool does not accept.
    """
    tool: Tool = TOOLS.find(name).make(**options)
    return tool
