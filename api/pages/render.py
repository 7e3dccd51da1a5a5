"""Renders a page: a template of a room, on the base template and the stylesheet that all pages share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from longthink.errors import require

_SHARED = Path(__file__).parent


def check_pages() -> None:
    """Raise `MissingExtraError` if pages cannot be rendered here, so that long work does not end with it."""
    require("jinja2", "lm")


def render(template: Path, **values: Any) -> str:
    """The page that a template makes of `values`; every text in them is escaped.

    The template extends "base.html.j2"; "tree.html.j2" draws a search tree.

    Raises `MissingExtraError` without Jinja.
    """
    page: str = _compiled(template).render(**values)
    return page


@lru_cache
def _compiled(template: Path) -> Any:
    jinja2 = require("jinja2", "lm")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _SHARED]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(rows=tree_rows, number=number)
    return environment.get_template(template.name)


def number(value: float | None) -> str:
    """A whole number with separators, another number with three decimals, nothing for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}"


def tree_rows(root: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int, int]]:
    """The nodes of a tree in the order in which a page shows them: chosen children first, then by visits.

    Yields each node, its depth, and how many open levels end after it. Nothing here is recursive: a tree may be as deep
    as memory allows.
    """
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        children = sorted(node["children"], key=lambda child: (-child["chosen"], -child["visits"]))
        waiting += [(child, depth + 1) for child in reversed(children)]
        next_depth = waiting[-1][1] if waiting else 0
        yield node, depth, max(0, depth - next_depth)
