"""Methods: ways to spend a budget on a task, all on equal terms, and the registry that finds one by name.

A method is a function over a `Thinking` (thinking.py) and a line here. Start reading at sampling.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from longthink.bridge.methods.exhaustive import exhaustive
from longthink.bridge.methods.likelihood import beam, best_first
from longthink.bridge.methods.revision import ab_mcts, revision
from longthink.bridge.methods.sampling import best_of_n, greedy, majority_vote, weighted_vote
from longthink.bridge.methods.tree_of_thoughts import tree_of_thoughts
from longthink.bridge.methods.tree_search import mcts, uniform
from longthink.bridge.runtime.session import Method, Thinking
from longthink.errors import UnknownNameError

__all__ = ["Method", "Thinking", "method", "methods"]

# One line for each method.
_METHODS = {
    method.name: method
    for method in (
        Method("greedy", "the model's likeliest step each time", greedy),
        Method("best_of_n", "sampled answers, the best by the verifier", best_of_n),
        Method("majority_vote", "sampled answers, the one most give", majority_vote),
        Method("weighted_vote", "sampled answers, a vote weighted by probability", weighted_vote),
        Method("beam", "the likeliest few transcripts go on together", beam),
        Method("best_first", "the likeliest transcript so far goes on", best_first),
        Method("tree_of_thoughts", "breadth first, states valued by the model", tree_of_thoughts),
        Method("mcts", "tree search with any rule over the model's proposals", mcts),
        Method("ab_mcts", "new answers or revised ones, by Thompson sampling", ab_mcts),
        Method("revision", "each answer revises the ones before", revision),
        Method("uniform", "tree search over all legal steps, no model", uniform, needs_model=False),
        Method("exhaustive", "the task's own solver", exhaustive, needs_model=False),
    )
}


def methods() -> Mapping[str, Method]:
    """The registered methods by name."""
    return dict(_METHODS)


def method(name: str) -> Method:
    """The method of this name. Raises `UnknownNameError` with near matches."""
    if name not in _METHODS:
        raise UnknownNameError.of("method", name, _METHODS)
    return _METHODS[name]
