"""Traces: what a search thought, as a tree of texts, for people and for reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from longthink.bridge.language_game import LanguageGame
from longthink.bridge.task import Transcript
from longthink.search.result import TreeNode


@dataclass
class Trace:
    """A step that the search looked at: its text, prior, visits and mean value in [0, 1] (None without a visit)."""

    text: str
    prior: float
    visits: int
    value: float | None
    correct: bool = False
    children: list[Trace] = field(default_factory=list)

    @classmethod
    def of(cls, language: LanguageGame, tree: TreeNode) -> Trace:
        """The trace of a search tree over a language game; the root's text is the task's prompt."""
        root = cls(language.task.prompt, 1.0, tree.visits, None)
        root._grow(language, tree, language.task.initial)
        return root

    def _grow(self, language: LanguageGame, tree: TreeNode, transcript: Transcript) -> None:
        proposals = language.known(transcript) or []
        for child in tree.children:
            text = proposals[child.action or 0].text
            after = (*transcript, text)
            correct = language.task.done(after) and language.value(after) >= 1
            node = Trace(text, child.prior, child.visits, child.value if child.visits else None, correct)
            node._grow(language, child, after)
            self.children.append(node)

    def as_dict(self) -> dict[str, Any]:
        """As nested plain values, for JSON."""
        return {
            "text": self.text,
            "prior": self.prior,
            "visits": self.visits,
            "value": self.value,
            "correct": self.correct,
            "children": [child.as_dict() for child in self.children],
        }

    def lines(self, depth: int = 0) -> Iterator[str]:
        value = "" if self.value is None else f"  value {self.value:.2f}"
        mark = "  correct" if self.correct else ""
        yield f"{'  ' * depth}{self.text}  [{self.visits} visits, prior {self.prior:.3f}{value}]{mark}"
        for child in self.children:
            yield from child.lines(depth + 1)

    def __str__(self) -> str:
        return "\n".join(self.lines())
