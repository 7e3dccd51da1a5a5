"""Kinds of proposals: what may come next in a transcript, and the registry that finds one by name.

A kind is one small file that says where it is offered, how a model is asked for proposals of it, and what such a
proposal makes of the state (kind.py); `WithKinds` (with_kinds.py) is any task with some of them. Start at step.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from longthink.bridge.proposals.kinds.answer import Answer
from longthink.bridge.proposals.kinds.kind import Kind
from longthink.bridge.proposals.kinds.revision import Revision
from longthink.bridge.proposals.kinds.step import Step
from longthink.bridge.proposals.kinds.strategy import Strategy
from longthink.bridge.proposals.kinds.subproblem import Part
from longthink.bridge.proposals.kinds.token import NextToken
from longthink.bridge.proposals.kinds.tool import Call
from longthink.errors import UnknownNameError

__all__ = ["Kind", "find_kind", "kinds"]

# One line for each kind.
_KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        NextToken("token", "the next token of a step"),
        Step("step", "the next step"),
        Answer("answer", "all steps that are left, in one piece"),
        Revision("revision", "another answer, with the earlier ones and their values in the prompt"),
        Part("subproblem", "a smaller problem, solved first"),
        Strategy("strategy", "another way to go about it"),
        Call("tool", "a call of a tool, with its result"),
    )
}


def kinds() -> Mapping[str, Kind]:
    """The registered kinds by name."""
    return dict(_KINDS)


def find_kind(name: str) -> Kind:
    """The kind of this name. Raises `UnknownNameError` with near matches."""
    if name not in _KINDS:
        raise UnknownNameError.of("kind of proposal", name, _KINDS)
    return _KINDS[name]
