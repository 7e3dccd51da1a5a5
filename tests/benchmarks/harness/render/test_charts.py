"""Charts: valid specifications, one look for each method, and what an axis cannot show is said."""

from __future__ import annotations

import json
import math
import re

import altair
import pytest

from longthink.benchmarks.harness.render import charts
from longthink.benchmarks.harness.section import Axis, Chart, Point, Series
from synthetic_report import HOSTILE, board_section, poker_section

BOARD, POKER, SOLVED = board_section().charts[0], *poker_section().charts
ALL = [BOARD, POKER, SOLVED]
EMPTY = Chart("Empty", Axis("x", log=True), Axis("y"), [Series("nothing", [])])


@pytest.mark.parametrize("chart", [*ALL, EMPTY], ids=lambda chart: chart.title)
def test_specifications_are_valid_and_drawn(chart: Chart) -> None:
    gallery = charts.Gallery([*ALL, EMPTY], [])
    spec = gallery.specification(chart)
    altair.Chart.from_dict(spec)  # checks it against the schema of Vega-Lite
    svg = gallery.svg(chart)
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert " id=" not in svg  # ids of several charts in one page would be mixed up


def test_every_shape_has_its_mark() -> None:
    def marks(chart: Chart) -> list[str]:
        layers = charts.Gallery([chart], []).specification(chart)["layer"]
        return [f"{each['mark']['type']} {each['mark'].get('interpolate', '')}".strip() for each in layers]

    band = Chart("a", Axis("x"), Axis("y"), [Series("s", [Point(1, 2, 1, 3), Point(2, 3, 2, 4)])])
    assert marks(band)[1:] == ["area linear", "line linear", "point"]
    steps = Chart("a", Axis("x"), Axis("y"), [Series("s", [Point(1, 2), Point(2, 3)], shape="steps")])
    assert marks(steps)[1:] == ["line step-after", "point"]
    points = Chart("a", Axis("x"), Axis("y"), [Series("s", [Point(1, 2, 1, 3), Point(2, 3)], shape="points")])
    assert marks(points)[1:] == ["rule", "point"]
    level = Chart("a", Axis("x"), Axis("y"), [Series("s", [Point(0, 2, 1, 3)], "floor", "level")])
    assert marks(level)[1:] == ["rect", "rule"]


def test_a_method_has_one_look_in_all_charts_and_methods_of_one_chart_differ() -> None:
    gallery = charts.Gallery(ALL, [])
    for chart in ALL:
        looks = [gallery.looks[each.role, each.name] for each in chart.series]
        assert len({(look.colour, tuple(look.dash)) for look in looks}) == len(looks)
        drawn = json.dumps(gallery.specification(chart))
        assert all(look.colour in drawn for look in looks)
    for (role, _), look in gallery.looks.items():
        assert look.colour in charts.FAMILIES[role]
        assert (look.dash == [1, 0]) == (role in ("ours", "best"))
    assert (
        gallery.looks["ours", "MCTS"] == gallery.looks["ours", "CFR+"]
    )  # they never meet, so both have the first colour
    assert gallery.looks["ours", "CFR+"] != gallery.looks["ours", "DCFR"]


def test_many_methods_of_a_role_differ_by_dash() -> None:
    chart = Chart("a", Axis("x"), Axis("y"), [Series(f"s{i}", [Point(1, i)]) for i in range(16)])
    looks = charts.looks([chart])
    assert len({(look.colour, tuple(look.dash)) for look in looks.values()}) == 16


def test_every_colour_has_a_counterpart_on_a_dark_page() -> None:
    used = {colour for family in charts.FAMILIES.values() for colour in family}
    assert used | {charts.INK, charts.SOFT, charts.GRID} <= set(charts.DARK)
    drawn = "".join(charts.Gallery(ALL, []).svg(each) for each in ALL)
    colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', drawn))
    assert colours <= set(charts.DARK)


def _seen(colour: str) -> tuple[float, ...]:
    """A colour as a reader with deuteranopia sees it (Machado and others 2009, severity 1), in linear RGB."""
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    matrix = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
    return tuple(math.sqrt(max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in matrix)


def test_first_colours_differ_for_colour_blind_readers() -> None:
    first = [*charts.FAMILIES["ours"][:3], *charts.FAMILIES["peer"][:2], charts.FAMILIES["floor"][0]]
    first.append(charts.FAMILIES["best"][0])
    for i, one in enumerate(first):
        for other in first[:i]:
            assert math.dist(_seen(one), _seen(other)) > 0.12, (one, other)


def test_points_that_an_axis_cannot_show_are_counted() -> None:
    assert charts.note(BOARD) == ""
    assert charts.note(POKER) == "3 points are not drawn: they are not finite, or not positive on a logarithmic axis."
    assert charts.note(SOLVED).startswith("1 point is not drawn: it is not finite")
    assert charts.note(EMPTY) == "There is nothing to draw yet."


def test_many_bands_are_not_drawn_and_the_chart_says_so() -> None:
    def chart(methods: int) -> Chart:
        points = [Point(1, 0.5, 0.4, 0.6), Point(2, 0.6, 0.5, 0.7)]
        return Chart("a", Axis("x"), Axis("y", unit="%"), [Series(f"s{i}", points) for i in range(methods)])

    def bands(methods: int) -> list[float]:
        layers = charts.Gallery([chart(methods)], []).specification(chart(methods))["layer"]
        return [each["mark"]["opacity"] for each in layers if each["mark"]["type"] == "area"]

    assert bands(4) == [0.13] * 4
    assert bands(5) == [0.05] * 5
    assert bands(9) == []
    assert charts.note(chart(8)) == ""
    assert "under the pointer" in charts.note(chart(9))


def test_axes_have_round_ticks() -> None:
    assert charts._log_ticks(0.9e-4, 1.1) == [1e-4, 1e-3, 0.01, 0.1, 1]
    assert charts._log_ticks(8, 120) == [10, 20, 50, 100]
    assert len(charts._log_ticks(1e-12, 1e12)) <= 8
    assert len(charts._log_ticks(2.1, 2.4)) >= 2
    assert charts._linear_ticks(0, 104) == [0, 25, 50, 75, 100]


def test_the_description_says_the_last_values() -> None:
    assert "MCTS: 97.6% at 10,240" in charts.described(BOARD)
    assert "random: 31.0%" in charts.described(BOARD)


def test_tooltips_show_value_and_interval() -> None:
    written = json.dumps(charts.Gallery([BOARD], []).specification(BOARD), ensure_ascii=False)
    assert "97.6% [91.6, 100]" in written.replace("100.0]", "100]")


def test_the_first_picture_has_all_panels() -> None:
    files = charts.Gallery(ALL, [BOARD, POKER]).headline()
    altair.ConcatChart.from_dict(charts.side_by_side([BOARD, POKER], charts.looks(ALL)))
    assert files["headline.png"].startswith(b"\x89PNG")
    assert BOARD.title in files["headline.svg"]
    assert POKER.title in files["headline.svg"]
    assert charts.Gallery([], []).headline() == {}
    assert HOSTILE not in charts.Gallery(ALL, [SOLVED]).headline()["headline.svg"]
