"""Pages: text of a model or a user never becomes markup, and trees of any depth can be shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from longthink.pages.render import number, render, tree_rows

TREE = '{% extends "base.html.j2" %}{% from "tree.html.j2" import tree %}{% block body %}{{ tree(root) }}{% endblock %}'
HOSTILE = """<script>alert(1)</script>" onload='x' {{ 7 * 7 }} {% raw %} </style>"""


def node(text: str, *children: dict[str, Any], visits: int = 1, chosen: bool = False) -> dict[str, Any]:
    return {
        "text": text, "kind": "step", "prior": 0.25, "visits": visits, "value": 0.5, "correct": False, "chosen": chosen,
        "children": list(children),
    }  # fmt: skip


def page(tmp_path: Path, template: str, **values: Any) -> str:
    (tmp_path / "page.html.j2").write_text(template)
    return render(tmp_path / "page.html.j2", **values)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    root = node(HOSTILE, node(HOSTILE) | {"kind": HOSTILE})
    shown = page(tmp_path, TREE + "{% block title %}{{ text }}{% endblock %}", root=root, text=HOSTILE)
    assert "<script" not in shown
    assert "onload='" not in shown
    assert "{{ 7 * 7 }}" in shown  # the values of a template are no templates
    assert shown.count("&lt;script&gt;") == 3  # in the title, as a kind and as a step; the root is "the task"
    assert shown.count("</style>") == 1


def test_a_value_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="'nothing' is undefined"):
        page(tmp_path, "{{ nothing }}")


def test_rows_come_in_the_order_of_a_page() -> None:
    root = node("a", node("b", visits=1), node("c", node("d"), visits=5), node("e", visits=2, chosen=True))
    rows = [(at["text"], depth, ends) for at, depth, ends in tree_rows(root)]
    assert rows == [("a", 0, 0), ("e", 1, 0), ("c", 1, 0), ("d", 2, 1), ("b", 1, 1)]


def test_a_deep_tree_is_closed(tmp_path: Path) -> None:
    root = node("end")
    for _ in range(5000):
        root = node("x", root, node("y"))
    shown = page(tmp_path, TREE, root=root)
    assert shown.count("<details") == shown.count("</details>") == 5000
    assert shown.count("<div") == shown.count("</div>")
    assert len(re.findall("<details[^>]* open>", shown)) == 2  # the first levels


def test_numbers() -> None:
    assert [number(value) for value in (None, 12345, 1.5, 0)] == ["", "12,345", "1.500", "0"]
