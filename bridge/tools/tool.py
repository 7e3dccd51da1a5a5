"""Tools: what a model may call for help while it thinks, and the registry that finds one by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from longthink.errors import ParameterError, UnknownNameError


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered: a text for the model, what went wrong (None where nothing did), and seconds it took."""

    text: str
    error: str | None
    seconds: float


class Tool(ABC):
    """Something that answers a text with a text; the same call gives the same answer."""

    name: str
    description: str
    """One line that tells a model what to write and what comes back."""
    example: tuple[str, str] | None = None
    """A call and its answer, for a model to read."""

    @abstractmethod
    def call(self, text: str) -> ToolResult:
        """Answer a call. A call that the tool cannot make sense of has an answer that says so, and `error`.

        Raises `ToolError` where the tool does not work on this machine at all.
        """

    def __repr__(self) -> str:
        return f"<tool {self.name}>"


# One line for each tool: its name and where its class stands.
_TOOLS: dict[str, str | Callable[..., Tool]] = {
    "calculator": "longthink.bridge.tools.calculator:Calculator",
    "python": "longthink.bridge.tools.python:Python",
    "search": "longthink.bridge.tools.search:Search",
}


def register_tool(name: str, make: Callable[..., Tool]) -> None:
    """Make a tool of your own known to `load_tool` in this process."""
    _TOOLS[name] = make


def tools() -> list[str]:
    """The names that `load_tool` knows."""
    return sorted(_TOOLS)


def load_tool(name: str, **options: Any) -> Tool:
    """Load a tool: "calculator", "python" (seconds, memory, ...: those of `SandboxLimits`), or "search" over `texts`.

    Raises `UnknownNameError` with near matches, `ParameterError` for options it does not take.
    """
    if name not in _TOOLS:
        raise UnknownNameError.of("tool", name, tools())
    make = _TOOLS[name]
    if isinstance(make, str):
        module, _, kind = make.partition(":")
        make = getattr(import_module(module), kind)
    try:
        return make(**options)
    except TypeError as error:
        raise ParameterError(f"the tool {name!r} does not take these options: {error}") from error
