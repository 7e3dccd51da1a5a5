"""The registry of methods: `METHODS`. A package of your own adds one by the entry-point group "longthink.methods"."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from longthink.bridge.methods.method import Method
from longthink.errors import ParameterError
from longthink.registry import Found, Registry
from longthink.validation import shown

# One line for each method.
METHODS: Registry[type[Method]] = Registry(
    "method",
    "longthink.methods",
    {
        "greedy": "longthink.bridge.methods.sampling:Greedy",
        "best_of_n": "longthink.bridge.methods.sampling:BestOfN",
        "majority_vote": "longthink.bridge.methods.voting:MajorityVote",
        "weighted_vote": "longthink.bridge.methods.voting:WeightedVote",
        "beam": "longthink.bridge.methods.likelihood:Beam",
        "constrained_beam": "longthink.bridge.methods.constrained_beam:ConstrainedBeam",
        "best_first": "longthink.bridge.methods.likelihood:BestFirst",
        "tree_of_thoughts": "longthink.bridge.methods.tree_of_thoughts:TreeOfThoughts",
        "mcts": "longthink.bridge.methods.tree_search:TreeSearch",
        "uniform": "longthink.bridge.methods.tree_search:UniformSearch",
        "ab_mcts": "longthink.bridge.methods.adaptive_branching:AdaptiveBranching",
        "revision": "longthink.bridge.methods.revision:Revision",
        "exhaustive": "longthink.bridge.methods.exhaustive:Exhaustive",
    },
)


register_method = METHODS.register
"""Add a method of your own for this process: `register_method(name, Mine)`, or `@register_method(name)` above it."""


def methods() -> Registry[type[Method]]:
    """The registered methods; iteration yields their names."""
    return METHODS


def make_method(method: str | type[Method] | Method, options: Mapping[str, Any]) -> Method:
    """A fresh method: from a name, as in "beam(width=8)", or a class, with options; or from an object.

    Raises `UnknownNameError` for a name or option that does not exist, and what the method raises for a wrong value.
    """
    if isinstance(method, Method):
        if options:
            raise ParameterError(f"method is an object that has its options already, got also {', '.join(options)}")
        made, name = dataclasses.replace(method), method.name or type(method).__name__
    else:
        found = METHODS.find(method) if isinstance(method, str) else Found(_class_name(method), method, (), {})
        made, name = found.make(**options), found.name
    made.name = name
    return made


def _class_name(method: Any) -> str:
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise ParameterError(
            f"method expects a name, a class derived from Method, or an object of such a class, got {shown(method)}"
        )
    return method.__name__
