"""`Trace`: the tree of texts that a search has visited, for people and for reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from longthink.bridge.proposals.language_game import LanguageGame
from longthink.bridge.tasks.task import Transcript
from longthink.bridge.traces.log import without_secrets
from longthink.search.trees.tree_node import TreeNode

TRACE_NODES = 400
"""The largest number of nodes of a trace, without those of the chosen line."""
TRACE_DEPTH = 100
"""The largest number of nodes of a line; the last node of a longer line holds all remaining steps."""


@dataclass
class Trace:
    """A visited step: its text, prior, visits and mean value in [0, 1]; prior and value are None if not known.

    kind: the kind of proposal; "choice" if it chooses a kind, "task" at the root. chosen: whether it leads to the
    answer. left_out: at the root, the number of nodes or visits that the limits of a trace left out.
    """

    text: str
    prior: float | None
    visits: int
    value: float | None
    correct: bool = False
    chosen: bool = False
    kind: str = "task"
    children: list[Trace] = field(default_factory=list)
    left_out: int = 0
    _valued: int = field(default=0, repr=False, compare=False)
    _nodes: int = field(default=1, repr=False, compare=False)  # of the root: in the whole trace

    @classmethod
    def of(cls, language: LanguageGame, tree: TreeNode) -> Trace:
        """The trace of a search tree over a language game; the root's text is the task's prompt."""
        root = cls(language.task.prompt, 1.0, tree.visits, None)
        root._grow(language, tree, language.task.initial, TRACE_DEPTH)
        if language.best is not None:
            root._reach(language, *language.best)
        return root

    def _reach(self, language: LanguageGame, value: float, transcript: Transcript) -> None:
        """Add the line of a transcript with this value; a playout may have written its last steps outside the tree."""
        node = self
        for depth, text in enumerate(_folded(transcript)):
            proposals = language.known(transcript[:depth]) or []
            prior = next((each.prior for each in proposals if each.text == text), None)
            node = node._with(Trace(text, prior, 1, value, kind=language.task.kind_of(text)))

    def _grow(self, language: LanguageGame, tree: TreeNode, transcript: Transcript, depth: int) -> None:
        task = language.task
        if not depth or task.done(transcript):
            return
        proposals = language.known(transcript) or []
        for child in tree.children:
            text = proposals[child.action or 0].text
            after = (*transcript, text)
            value = child.value if child.visits else None
            if task.answered(after):
                value = language.known_value(after)
            right = task.answered(after) and value == 1
            node = Trace(text, child.prior, child.visits, value, right, kind=task.kind_of(text))
            node._grow(language, child, after, depth - 1)
            self.children.append(node)

    def look(
        self, line: Sequence[str], value: float | None, priors: Sequence[float | None], kinds: Sequence[str]
    ) -> None:
        """Count a visit of the last node of a line from here. Missing nodes are added up to `TRACE_NODES`.

        priors, kinds: those of the steps; a prior is None if it is not known.
        """
        node = self
        for depth, text in enumerate(("", *_folded(line))):
            if depth:
                found = node._child(text)
                if found is None:
                    if self._nodes >= TRACE_NODES:
                        self.left_out += 1
                        return
                    self._nodes += 1
                    prior = priors[depth - 1] if depth <= len(priors) else None
                    found = Trace(text, prior, 0, None, kind=kinds[depth - 1])
                    node.children.append(found)
                node = found
            node.visits += 1
            if value is not None and depth:
                node._valued += 1
                node.value = (node.value or 0.0) + (value - (node.value or 0.0)) / node._valued

    def choose(self, line: Sequence[tuple[str, str]], correct: bool) -> None:
        """Mark the line of the answer. line: its steps and their kinds."""
        node = self
        for text, (_, kind) in zip(_folded([text for text, _ in line]), line, strict=False):
            node = node._with(Trace(text, None, 1, None, kind=kind))
            node.chosen = True
        if line:
            node.correct = correct

    def _with(self, child: Trace) -> Trace:
        """The child with the same text as `child`, which is added if no child has this text."""
        found = self._child(child.text)
        if found is None:
            self.children.append(child)
        return found or child

    def _child(self, text: str) -> Trace | None:
        return next((child for child in self.children if child.text == text), None)

    def as_dict(self) -> dict[str, Any]:
        """The trace as nested plain values for JSON, without anything that looks like a secret."""
        plain: dict[str, Any] = without_secrets(self._plain())
        return plain

    def _plain(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "kind": self.kind,
            "prior": self.prior,
            "visits": self.visits,
            "value": self.value,
            "correct": self.correct,
            "chosen": self.chosen,
            "children": [child._plain() for child in self.children],
            **({"left_out": self.left_out} if self.left_out else {}),
        }

    def lines(self, depth: int = 0) -> Iterator[str]:
        prior = "" if self.prior is None else f", prior {self.prior:.3f}"
        value = "" if self.value is None else f"  value {self.value:.2f}"
        mark = "  correct" if self.correct else ""
        yield f"{'  ' * depth}{self.text}  [{self.visits} visits{prior}{value}]{mark}"
        for child in self.children:
            yield from child.lines(depth + 1)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _folded(line: Sequence[str]) -> Sequence[str]:
    """A line of at most `TRACE_DEPTH` texts."""
    if len(line) <= TRACE_DEPTH:
        return line
    return [*line[: TRACE_DEPTH - 1], "\n".join(line[TRACE_DEPTH - 1 :])]
