"""`RecordedTree`: a search tree over a language game that can be pickled."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from longthink.bridge.proposals.language_game import LanguageGame
from longthink.bridge.tasks.task import Transcript
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.rules import Rule
from longthink.search.trees.tree_node import TreeNode

_MEMORY = 64 << 20
Ticket: TypeAlias = NDArray[np.uint64]
"""The ticket of one leaf, as `MCTS.tell` takes it."""


class RecordedTree:
    """The C tree, and a record of all calls of `ask` and `tell`. A pickled copy repeats the record on a new tree.

    The same calls on the same game make the same tree, so that the copy is equal. The language game knows more
    proposals at the end than it knew at each call; so the record also says how many states it knew then.
    """

    def __init__(self, language: LanguageGame, rule: Rule, seed: int) -> None:
        self.language, self._rule, self._seed = language, rule, seed
        self._record: list[tuple[Any, ...]] = []  # of each call: the states known then, and the arguments

    def ask(self) -> tuple[Ticket, Transcript] | None:
        """The next leaf that waits for a value, as its ticket and its transcript; None if no leaf waits."""
        leaves = self._tree.ask(1, attempts=1)
        self._record.append((self.language.num_known,))
        return (leaves.tickets, self.language.transcript_at(leaves.buffers[0])) if len(leaves) else None

    def tell(self, ticket: Ticket, value: float, priors: list[float]) -> None:
        """Value a leaf, and set the priors of its proposals."""
        self._tree.tell(ticket, [value], [priors])
        self._record.append((self.language.num_known, ticket, value, priors))

    def forget(self, ticket: Ticket) -> None:
        """Take a leaf back, as if `ask` had never returned it."""
        self._tree.forget(ticket)
        self._record.append((self.language.num_known, ticket))

    @property
    def simulations(self) -> int:
        return self._tree.simulations

    @property
    def nodes(self) -> int:
        return self._tree.nodes

    @property
    def pending(self) -> int:
        """How many leaves wait for a value."""
        return self._tree.pending

    def drawn(self, max_nodes: int) -> TreeNode:
        """The tree as nested nodes, the most visited ones."""
        return self._tree.tree(max_nodes=max_nodes)

    @cached_property
    def _tree(self) -> MCTS:
        """The tree, made by repeating the record."""
        with self.language.forgotten() as learn:
            tree = MCTS(self.language.game, self._rule, seed=self._seed, memory_bytes=_MEMORY)
            for known, *arguments in self._record:
                learn(known)
                if not arguments:
                    tree.ask(1, attempts=1)
                elif len(arguments) == 1:
                    tree.forget(arguments[0])
                else:
                    ticket, value, priors = arguments
                    tree.tell(ticket, [value], [priors])
        return tree

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_tree"}
