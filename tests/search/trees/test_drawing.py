"""Drawings of trees: the same figures in JSON, DOT and SVG."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import longthink as lt


def drawing() -> lt.TreeDrawing:
    game = lt.load_game("connect_four")
    search = lt.MCTS(game, seed=1)
    state = game.state_from_history([3, 3])
    search.run(state, lt.Budget(simulations=500))
    return lt.TreeDrawing(search.tree(max_nodes=40), state)


def test_json_has_the_whole_tree() -> None:
    drawn = drawing()
    plain = json.loads(drawn.to_json())
    assert plain["game"] == "connect_four()"
    assert plain["history"] == [3, 3]

    def count(node: dict[str, list[object]]) -> int:
        return 1 + sum(count(child) for child in node["children"])  # type: ignore[arg-type]

    assert count(plain["tree"]) == sum(1 for _ in drawn.tree.walk()) == 40
    first = plain["tree"]["children"][0]
    assert first["text"] == f"x{first['action']}"
    assert first["player"] == 0
    assert [child["expected"] for child in plain["tree"]["children"]].count(True) == 1


def test_dot_names_every_node_and_link() -> None:
    drawn = drawing()
    dot = drawn.to_dot()
    nodes = sum(1 for _ in drawn.tree.walk())
    assert len(re.findall(r"^  n\d+ \[label=", dot, re.M)) == nodes
    assert len(re.findall(r"->", dot)) == nodes - 1
    assert dot.startswith("digraph")
    assert dot.rstrip().endswith("}")


def test_svg_is_well_formed_and_shows_every_node() -> None:
    drawn = drawing()
    root = ElementTree.fromstring(drawn.to_svg())
    assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) == sum(1 for _ in drawn.tree.walk())
    assert drawn._repr_svg_() == drawn.to_svg()


def test_words_are_escaped() -> None:
    game = lt.load_game("tic_tac_toe")
    tree = lt.MCTS(game, seed=1)
    tree.run(game.new_initial_state(), lt.Budget(simulations=50))
    drawn = lt.TreeDrawing(tree.tree(max_nodes=3), game.new_initial_state())
    drawn._root.text = '<a & "b">'
    assert "&lt;a &amp;" in drawn.to_svg()
    assert '\\"b\\"' in drawn.to_dot()
    ElementTree.fromstring(drawn.to_svg())


def test_a_tree_that_was_never_searched_is_one_box() -> None:
    game = lt.load_game("connect_four")
    drawn = lt.TreeDrawing(lt.MCTS(game).tree(), game.new_initial_state())
    assert drawn.to_svg().count("<rect") == 1
