"""A search tree for people and other programs: `TreeDrawing` writes it as JSON, DOT (Graphviz) and SVG.

A notebook displays a drawing as SVG. The width of a link is its share of the parent's visits. The colour of a box is
its value for the player who moved there. The line that the search expects is orange.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from longthink.games.core import State
from longthink.search.trees.tree_node import TreeNode

_WIDTH, _HEIGHT, _COLUMN, _ROW = 132, 34, 190, 42
_STYLE = "text{font:12px system-ui,sans-serif;fill:#1b1b1b}.n{fill:#555;font-size:10px}"


@dataclass
class _Box:
    """A node with its text and its position in the drawing."""

    node: TreeNode
    text: str
    player: int
    depth: int
    expected: bool
    children: list[_Box] = field(default_factory=list)
    y: float = 0.0

    def walk(self) -> Iterator[_Box]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class TreeDrawing:
    """A tree of `TreeNode`s with the root `state`.

    lowest, highest: the least and the greatest utility of the game, the ends of the colour scale.
    """

    tree: TreeNode
    state: State

    def __post_init__(self) -> None:
        game = self.state.get_game()
        self.lowest, self.highest = game.min_utility(), game.max_utility()
        self._root = self._box(self.tree, self.state.clone(), str(game), -1, 0, True)

    def _box(self, node: TreeNode, state: State, text: str, player: int, depth: int, expected: bool) -> _Box:
        box = _Box(node, text, player, depth, expected)
        acting = state.current_player()
        best = max(node.children, key=lambda child: child.visits, default=None)
        for child in node.children:
            action = int(child.action or 0)
            words = state.action_to_string(action)
            box.children.append(
                self._box(child, state.child(action), words, acting, depth + 1, expected and child is best)
            )
        return box

    def __reduce__(self) -> tuple[Any, ...]:
        return TreeDrawing, (self.tree, self.state)

    # ---- JSON ----

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values: action, its text, who acted, prior, visits, value (None without a visit), children."""

        def plain(box: _Box) -> dict[str, Any]:
            values = box.node.as_dict()
            values.pop("children")
            return {
                "text": box.text,
                "player": box.player,
                **values,
                "expected": box.expected,
                "children": [plain(child) for child in box.children],
            }

        return {"game": str(self.state.get_game()), "history": self.state.history(), "tree": plain(self._root)}

    def to_json(self, indent: int | None = None) -> str:
        return json.dumps(self.as_dict(), indent=indent, allow_nan=False)

    # ---- DOT ----

    def to_dot(self) -> str:
        """For Graphviz: `dot -Tpdf tree.dot > tree.pdf`."""
        names = {id(box): f"n{i}" for i, box in enumerate(self._root.walk())}
        lines = ["digraph search {", '  rankdir=LR; node [shape=box, style="rounded,filled", fontname="sans-serif"];']
        for box in self._root.walk():
            label = f"{box.text}\n{_figures(box.node)}".replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'  {names[id(box)]} [label="{label}", fillcolor="{self._color(box.node)}"];')
            for child in box.children:
                width = 1 + 5 * _share(box, child)
                style = f"penwidth={width:.2f}" + (', color="#c25700"' if child.expected else "")
                lines.append(f"  {names[id(box)]} -> {names[id(child)]} [{style}];")
        return "\n".join([*lines, "}"]) + "\n"

    # ---- SVG ----

    def to_svg(self) -> str:
        """An SVG document without references to other files."""
        rows = self._place(self._root, 0)
        depth = max(box.depth for box in self._root.walk())
        width, height = depth * _COLUMN + _WIDTH + 16, rows * _ROW + 16
        links, boxes = [], []
        for box in self._root.walk():
            x, y = 8 + box.depth * _COLUMN, 8 + box.y * _ROW
            for child in box.children:
                x1, y1, x2, y2 = x + _WIDTH, y + _HEIGHT / 2, x + _COLUMN, 8 + child.y * _ROW + _HEIGHT / 2
                color = "#c25700" if child.expected else "#b5b5b5"
                links.append(
                    f'<path d="M{x1:.0f},{y1:.0f}C{x1 + 30:.0f},{y1:.0f} {x2 - 30:.0f},{y2:.0f} {x2:.0f},{y2:.0f}" '
                    f'fill="none" stroke="{color}" stroke-width="{1 + 7 * _share(box, child):.1f}"/>'
                )
            edge = "#c25700" if box.expected else "#777"
            title = f"{box.text}: {box.node.visits} visits, prior {box.node.prior:.4f}, value {box.node.value:.4f}"
            short = box.text if len(box.text) <= 19 else box.text[:18] + "…"
            boxes.append(
                f'<g transform="translate({x:.0f},{y:.0f})"><title>{escape(title)}</title><rect width="{_WIDTH}" '
                f'height="{_HEIGHT}" rx="5" fill="{self._color(box.node)}" stroke="{edge}"/>'
                f'<text x="7" y="14">{escape(short)}</text>'
                f'<text class="n" x="7" y="28">{escape(_figures(box.node))}</text></g>'
            )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img"><title>Search tree of {escape(str(self.state.get_game()))}</title>'
            f"<style>{_STYLE}</style>{''.join(links)}{''.join(boxes)}</svg>"
        )

    _repr_svg_ = to_svg

    def _place(self, box: _Box, row: float) -> float:
        """Put leaves on one row each from `row` on, and parents in the middle of their children; return the next
        row."""
        if not box.children:
            box.y = row
            return row + 1
        for child in box.children:
            row = self._place(child, row)
        box.y = (box.children[0].y + box.children[-1].y) / 2
        return row

    def _color(self, node: TreeNode) -> str:
        """A colour from orange (lost) over white to blue (won)."""
        if math.isnan(node.value) or self.highest <= self.lowest:
            return "#ffffff"
        share = min(1.0, max(0.0, (node.value - self.lowest) / (self.highest - self.lowest)))
        end, weight = ((0x6B, 0xA6, 0xE8), 2 * share - 1) if share > 0.5 else ((0xF0, 0xA3, 0x5E), 1 - 2 * share)
        return "#" + "".join(f"{round(255 + (c - 255) * weight):02x}" for c in end)


def _share(parent: _Box, child: _Box) -> float:
    return child.node.visits / max(1, sum(c.node.visits for c in parent.children))


def _figures(node: TreeNode) -> str:
    value = "" if math.isnan(node.value) else f" · {node.value:+.3f}"
    return f"{node.visits:,}{value}"
