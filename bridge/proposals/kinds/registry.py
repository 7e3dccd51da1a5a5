"""The registry of kinds: `KINDS`, and `load_kind`, which makes one by name. An entry is a class or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longthink.bridge.proposals.kinds.kind import Kind
from longthink.errors import RegistryError
from longthink.registry import Registry

# One line for each kind.
KINDS: Registry[Callable[..., Kind]] = Registry(
    "kind",
    "longthink.kinds",
    {
        "token": "longthink.bridge.proposals.kinds.token:NextToken",
        "step": "longthink.bridge.proposals.kinds.step:Step",
        "answer": "longthink.bridge.proposals.kinds.answer:WholeAnswer",
        "revision": "longthink.bridge.proposals.kinds.revision:Revision",
        "subproblem": "longthink.bridge.proposals.kinds.subproblem:SubproblemKind",
        "strategy": "longthink.bridge.proposals.kinds.strategy:Strategy",
        "tool": "longthink.bridge.proposals.kinds.tool:ToolCall",
    },
)
register_kind = KINDS.register
"""Add a kind of your own for this process: `register_kind(name, MyKind)`, or `@register_kind(name)` above the class."""


def kinds() -> Registry[Callable[..., Kind]]:
    """The registered kinds of proposals; iteration yields their names."""
    return KINDS


def load_kind(name: str, **options: Any) -> Kind:
    """Make a kind of proposal: `load_kind("revision", limit=1)` or `load_kind("revision(limit=1)")`.

    Raises `UnknownNameError` with near matches for a name or option that does not exist, `ParameterError` for a value
    that the kind does not accept, `RegistryError` if the kind has another `name` than it is registered by.
    """
    found = KINDS.find(name)
    kind: Kind = found.make(**options)
    if kind.name != found.name:
        raise RegistryError(f"the kind {found.name!r} is registered by this name, but its name is {kind.name!r}")
    return kind
