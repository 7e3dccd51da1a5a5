"""`Tool`: what a model may call for help while it thinks; the registry is in registry.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True)
class ToolResult:
    """The answer of a tool: a text for the model, what went wrong (None if nothing did), and the seconds it took."""

    text: str
    error: str | None
    seconds: float


class Tool(ABC):
    """Something that answers a text with a text; the same call returns the same answer."""

    name: str
    description: str
    """One line that tells a model what to write and what comes back."""
    example: tuple[str, str] | None = None
    """A call and its answer, for a model to read."""

    @abstractmethod
    def call(self, text: str) -> ToolResult:
        """Answer a call. If the tool cannot read the call, the answer says so, and `error` is set.

        Raises `ToolError` if the tool does not work on this machine at all.
        """

    def __repr__(self) -> str:
        return f"<tool {self.name}>"
