"""Charts of a report: `Chart` as a Vega-Lite specification, and drawn as SVG and PNG without a browser.

The role of a method gives its family of colours, its dash and its symbol, and a method has the same colour in every
chart. The colours are those of Okabe and Ito, which colour-blind readers can distinguish; `dark` has each colour's
counterpart on a dark page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longthink.benchmarks.harness.numbers import estimate, interval
from longthink.benchmarks.harness.section import Axis, Chart, Estimate, Point, Role, Series
from longthink.errors import require

INK, SOFT, GRID, PAPER = "#1c2430", "#5b6675", "#e3e8ee", "#ffffff"
FAMILIES: Mapping[Role, tuple[str, ...]] = {
    "ours": ("#0072b2", "#009e73", "#56b4e9", "#33508c", "#7cc4ad", "#8080c0", "#00505a", "#9fc131"),
    "peer": ("#d55e00", "#e69f00", "#a34700", "#cc79a7", "#c8a951", "#8c3b5a"),
    "floor": ("#8a94a0", "#b0b8c1", "#6a7480"),
    "best": ("#20262f", "#4b4258", "#5a4a3c"),
}
DARK: Mapping[str, str] = {
    INK: "#e4e8ee", SOFT: "#9ba7b6", GRID: "#2b333e", PAPER: "#14181f",
    "#0072b2": "#4aa8e8", "#009e73": "#35c79a", "#56b4e9": "#93d1f7", "#33508c": "#7f9be0", "#7cc4ad": "#a8e0cd",
    "#8080c0": "#a9a9ee", "#00505a": "#2e9fb0", "#9fc131": "#b8d94e",
    "#d55e00": "#ff8a3c", "#e69f00": "#f7bd4a", "#a34700": "#d9783a", "#cc79a7": "#e8a0c8", "#c8a951": "#e0c678",
    "#8c3b5a": "#d07a9c",
    "#8a94a0": "#8a94a0", "#b0b8c1": "#626c78", "#6a7480": "#aab4c0",
    "#20262f": "#f2f5f9", "#4b4258": "#cfc4e4", "#5a4a3c": "#e0cfbe",
}  # fmt: skip
"""Each colour of a chart on a dark page."""
DASHES: Mapping[Role, tuple[list[int], ...]] = {
    "ours": ([1, 0], [9, 2]),
    "peer": ([6, 3], [10, 3, 2, 3]),
    "floor": ([2, 3], [1, 5]),
    "best": ([1, 0], [12, 3]),
}
SHAPES: Mapping[Role, str] = {"ours": "circle", "peer": "square", "floor": "triangle-up", "best": "diamond"}
WIDTHS: Mapping[Role, float] = {"ours": 2.2, "peer": 1.8, "floor": 1.6, "best": 2.0}
FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"
WIDTH, HEIGHT = 340, 230
"""Of the plot area of a chart, in pixels."""
BANDS = ((4, 0.13), (8, 0.05))
"""How strongly bands are drawn if at most so many methods have one; with more of them, none is drawn."""
MARKED = 40
"""A line of at most this many points has a symbol at each."""


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    colour: str
    dash: list[int]
    shape: str
    width: float


Looks = Mapping[tuple[Role, str], Look]


def looks(charts: Iterable[Chart]) -> Looks:
    """A look for each method of these charts: the first of its role that no method has with which it shares a chart."""
    together: dict[tuple[Role, str], set[tuple[Role, str]]] = {}
    for chart in charts:
        methods = [(each.role, each.name) for each in chart.series]
        for method in methods:
            together.setdefault(method, set()).update(methods)
    chosen: dict[tuple[Role, str], int] = {}
    for method, others in together.items():
        taken = {chosen[other] for other in others if other[0] == method[0] and other in chosen}
        chosen[method] = next(number for number in range(len(taken) + 1) if number not in taken)
    return {(role, name): _look(role, number) for (role, name), number in chosen.items()}


def _look(role: Role, number: int) -> Look:
    colours, dashes = FAMILIES[role], DASHES[role]
    dash = dashes[number // len(colours) % len(dashes)]
    return Look(colours[number % len(colours)], dash, SHAPES[role], WIDTHS[role])


def _band(chart: Chart) -> float:
    """The opacity of the bands of a chart; 0 if they are not drawn."""
    banded = sum(
        each.shape != "points" and any(p.low is not None and p.high is not None for p in each.points)
        for each in chart.series
    )
    return next((opacity for most, opacity in BANDS if banded <= most), 0.0)


def undrawn(chart: Chart) -> int:
    """The number of points that have no place on the axes: not finite, or not positive on a logarithmic axis."""
    return sum(not _fits(chart, each, point) for each in chart.series for point in each.points)


def note(chart: Chart) -> str:
    """What the chart does not show, as a sentence; "" if it shows all."""
    if not any(_drawn(chart, each) for each in chart.series):
        return "There is nothing to draw yet."
    notes = []
    count = undrawn(chart)
    if count:
        said = "1 point is not drawn: it is" if count == 1 else f"{count:,} points are not drawn: they are"
        notes.append(f"{said} not finite, or not positive on a logarithmic axis.")
    if not _band(chart):
        notes.append("So many bands would hide the lines: the intervals are in the tables and under the pointer.")
    return " ".join(notes)


class Gallery:
    """The charts of a report. Each is made once, for all formats."""

    def __init__(self, charts: Sequence[Chart], panels: Sequence[Chart]) -> None:
        self.looks = looks(charts)
        self._panels = list(panels)
        self._specifications: dict[int, dict[str, Any]] = {}  # by the identity of the chart
        self._drawn: dict[int, str] = {}
        self._headline: dict[str, str | bytes] | None = None

    def specification(self, chart: Chart) -> dict[str, Any]:
        """The chart in Vega-Lite, with its data."""
        if id(chart) not in self._specifications:
            self._specifications[id(chart)] = specification(chart, self.looks)
        return self._specifications[id(chart)]

    def svg(self, chart: Chart) -> str:
        """The chart drawn, without a browser and without the network, on a transparent ground."""
        if id(chart) not in self._drawn:
            self._drawn[id(chart)] = _svg(self.specification(chart))
        return self._drawn[id(chart)]

    def headline(self) -> Mapping[str, str | bytes]:
        """The first picture as headline.svg and headline.png: all panels side by side. Nothing if there is no panel."""
        if self._headline is None:
            self._headline = {}
            if self._panels:
                spec = side_by_side(self._panels, self.looks)
                png = require("vl_convert", "compare").vegalite_to_png(spec, scale=2.0, vl_version=_version())
                self._headline = {"headline.svg": _svg(spec), "headline.png": png}
        return self._headline


def specification(chart: Chart, styles: Looks) -> dict[str, Any]:
    """A chart in Vega-Lite."""
    data: Datasets = {}
    return _whole({"width": WIDTH, "height": HEIGHT, "layer": _layers(chart, styles, data)}, data, "transparent")


def side_by_side(charts: Sequence[Chart], styles: Looks) -> dict[str, Any]:
    """Several charts in one picture, each with its title."""
    data: Datasets = {}
    panels = [
        {"title": chart.title, "width": WIDTH, "height": HEIGHT, "layer": _layers(chart, styles, data)}
        for chart in charts
    ]
    columns = math.ceil(len(panels) / math.ceil(len(panels) / 3))  # at most three in a row, rows of equal length
    scales = dict.fromkeys(("stroke", "strokeDash", "x", "y"), "independent")
    picture = {"concat": panels, "columns": columns, "spacing": 36, "padding": 14, "resolve": {"scale": scales}}
    return _whole(picture, data, PAPER)


Datasets = dict[str, list[dict[str, Any]]]
"""Rows by name. Layers name their data: altair copies whatever its charts hold many times."""


def _whole(picture: dict[str, Any], data: Datasets, ground: str) -> dict[str, Any]:
    schema = require("altair", "compare").SCHEMA_URL
    return {"$schema": schema, "background": ground, "config": _CONFIG, "datasets": data, **picture}


def _svg(spec: Mapping[str, Any]) -> str:
    drawn: str = require("vl_convert", "compare").vegalite_to_svg(spec, vl_version=_version())
    return drawn


def runtime() -> str:
    """The libraries that draw a specification in a browser, as one script: Vega, Vega-Lite and Vega-Embed."""
    script: str = require("vl_convert", "compare").javascript_bundle(vl_version=_version())
    return script


def _version() -> str:
    """The version of Vega-Lite that altair writes."""
    major, minor = require("altair", "compare").SCHEMA_VERSION.split(".")[:2]
    return f"{major}.{minor}"


# ---- Layers ----


def _layers(chart: Chart, styles: Looks, data: Datasets) -> list[dict[str, Any]]:
    """The layers of a chart. Their rows are added to `data`."""
    altair = require("altair", "compare")
    drawn = [(each, points) for each in chart.series if (points := _drawn(chart, each))]
    x_scale, x_ticks = _scale(chart.x, [p.x for each, points in drawn if each.shape != "level" for p in points])
    y_scale, y_ticks = _scale(chart.y, [end for _, points in drawn for p in points for end in _ends(p)], quality=True)

    def rows(each: Series, points: Sequence[Point]) -> list[dict[str, Any]]:
        lowest = y_scale["domain"][0]
        return [
            {
                "method": each.name,
                "x": p.x,
                "y": p.y,
                "low": None if p.low is None else max(p.low, lowest),  # an interval may reach 0 on a logarithmic axis
                "high": p.high,
                "at": estimate(Estimate(p.x, unit=chart.x.unit)),
                "value": f"{(of := Estimate(p.y, p.low, p.high, unit=chart.y.unit)) and estimate(of)} {interval(of)}",
            }
            for p in points
        ]

    x = altair.X(
        "x:Q",
        title=chart.x.label,
        scale=altair.Scale(**x_scale),
        axis=altair.Axis(values=x_ticks, labelExpr=_labels(chart.x)),
    )
    y = altair.Y(
        "y:Q",
        title=chart.y.label,
        scale=altair.Scale(**y_scale),
        axis=altair.Axis(values=y_ticks, labelExpr=_labels(chart.y)),
    )
    tips = [
        altair.Tooltip("method:N", title="method"),
        altair.Tooltip("at:N", title=chart.x.label),
        altair.Tooltip("value:N", title=chart.y.label),
    ]
    low, high = altair.Y("low:Q"), altair.Y2("high:Q")
    marks = [_legend(altair, {each.name: styles[each.role, each.name] for each, _ in drawn})]
    opacity = _band(chart)
    for each, points in drawn:
        look = styles[each.role, each.name]
        name = f"series {len(data) + 1}"
        data[name] = rows(each, points)
        base = altair.Chart(altair.NamedData(name=name))
        bounded = any(p.low is not None and p.high is not None for p in points)
        if each.shape == "level":
            if bounded and opacity:
                marks.append(base.mark_rect(color=look.colour, opacity=opacity).encode(y=low, y2=high))
            level = base.mark_rule(color=look.colour, strokeWidth=look.width, strokeDash=look.dash)
            marks.append(level.encode(y=y, tooltip=[tips[0], tips[2]]))
            continue
        base = base.encode(x=x)
        curve = "step-after" if each.shape == "steps" else "linear"
        if bounded and (each.shape == "points" or len(points) == 1):
            marks.append(base.mark_rule(color=look.colour, strokeWidth=1.4).encode(y=low, y2=high))
        elif bounded and opacity:
            marks.append(base.mark_area(color=look.colour, opacity=opacity, interpolate=curve).encode(y=low, y2=high))
        if each.shape != "points" and len(points) > 1:
            line = base.mark_line(
                color=look.colour, strokeWidth=look.width, strokeDash=look.dash, interpolate=curve, strokeJoin="round"
            )
            marks.append(line.encode(y=y))
        visible = len(points) == 1 or (len(points) <= MARKED and each.shape != "steps")
        symbol = base.mark_point(color=look.colour, filled=True, shape=look.shape, size=38, opacity=1 if visible else 0)
        marks.append(symbol.encode(y=y, tooltip=tips))
    if len(marks) == 1:
        marks = [altair.Chart(altair.Data(values=[])).mark_point().encode(x=x, y=y)]
    made = [each.to_dict(validate=False) for each in marks]  # a test checks specifications against the schema
    return [{part: each[part] for part in ("data", "mark", "encoding")} for each in made]


def _legend(altair: Any, look: Mapping[str, Look]) -> Any:
    """A layer that shows only the legend: the colours and dashes of all methods."""
    names = list(look)
    wide = max(map(len, names), default=0) > 26
    legend = altair.Legend(
        title=None, symbolType="stroke", symbolOpacity=1, columns=1 if wide else 2, labelLimit=330 if wide else 190
    )
    colours = altair.Scale(domain=names, range=[each.colour for each in look.values()])
    dashes = altair.Scale(domain=names, range=[each.dash for each in look.values()])
    return (
        altair.Chart(altair.Data(values=[]))
        .mark_rule()
        .encode(
            stroke=altair.Stroke("method:N", scale=colours, legend=legend),
            strokeDash=altair.StrokeDash("method:N", scale=dashes, legend=legend),
        )
    )


_CONFIG = {
    "font": FONT,
    "padding": 4,
    "aria": False,  # the page describes each chart
    "view": {"stroke": None},
    "axis": {
        "gridColor": GRID, "domainColor": SOFT, "tickColor": SOFT, "labelColor": SOFT, "titleColor": INK,
        "labelFontSize": 11.5, "titleFontSize": 12, "titleFontWeight": "normal", "labelFlush": False,
        "titlePadding": 7, "labelOverlap": True,
    },
    "legend": {
        "orient": "bottom", "labelFontSize": 11.5, "labelColor": INK, "symbolSize": 420, "symbolStrokeWidth": 2.2,
        "columnPadding": 14, "offset": 6, "title": None,
    },
    "title": {"anchor": "start", "fontSize": 14, "color": INK, "offset": 12},
}  # fmt: skip


# ---- Axes ----


def _fits(chart: Chart, series: Series, point: Point) -> bool:
    checked = [(chart.y, point.y)] + ([] if series.shape == "level" else [(chart.x, point.x)])
    return all(math.isfinite(value) and (value > 0 or not axis.log) for axis, value in checked)


def _drawn(chart: Chart, series: Series) -> list[Point]:
    """The points that have a place on the axes; an end of an interval that is not finite is left out."""
    return [
        Point(p.x, p.y, *(end if end is not None and math.isfinite(end) else None for end in (p.low, p.high)))
        for p in series.points
        if _fits(chart, series, p)
    ]


def _ends(point: Point) -> list[float]:
    return [end for end in (point.y, point.low, point.high) if end is not None]


def _scale(axis: Axis, values: Sequence[float], quality: bool = False) -> tuple[dict[str, Any], list[float]]:
    """The scale and the ticks of an axis that shows these values."""
    if axis.log:
        positive = [value for value in values if value > 0] or [1.0, 10.0]
        low, high = min(positive), max(positive)
        room = max((high / low) ** 0.03, 1.15)
        low, high = low / room, high * room
        return {"type": "log", "domain": [low, high], "nice": False}, _log_ticks(low, high)
    low, high = min(values, default=0.0), max(values, default=1.0)
    if axis.unit == "%" and low >= 0 and high <= 1:
        return {"type": "linear", "domain": [0, 1], "nice": False}, [0, 0.2, 0.4, 0.6, 0.8, 1]
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    low, high = (0.0 if low >= 0 and low < 0.5 * high else low - room), high + room
    return {"type": "linear", "domain": [low, high], "nice": False, "zero": False}, _linear_ticks(low, high)


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, at most seven; 1, 2 and 5 times powers of ten if the axis spans little."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high / low)
    steps = (1, 2, 5) if decades < 1.7 else (1,)
    every = max(1, math.ceil(decades / 7))
    ticks = [step * 10.0**power for power in range(first, last + 1) if power % every == 0 for step in steps]
    inside = [float(f"{tick:.6g}") for tick in ticks if low <= tick <= high]
    return inside if len(inside) > 1 else [float(f"{low:.2g}"), float(f"{high:.2g}")]


def _linear_ticks(low: float, high: float) -> list[float]:
    """About five round numbers."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough)
    return [float(f"{i * step:.10g}") for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _labels(axis: Axis) -> str:
    """An expression of Vega that writes the value of a tick with its unit."""
    if axis.unit == "%":
        return "format(datum.value, '~%')"
    if axis.unit == "s":
        return (
            "datum.value == 0 ? '0' : abs(datum.value) < 0.001 ? format(datum.value * 1e6, '~g') + ' µs' : "
            "abs(datum.value) < 1 ? format(datum.value * 1000, '~g') + ' ms' : "
            "datum.value < 600 ? format(datum.value, '~g') + ' s' : datum.value < 36000 ? "
            "format(datum.value / 60, '.3~g') + ' min' : format(datum.value / 3600, '.3~g') + ' h'"
        )
    return (
        "datum.value == 0 ? '0' : abs(datum.value) < 0.001 ? format(datum.value, '~e') : abs(datum.value) < 100000 ? "
        "format(datum.value, ',~g') : replace(format(datum.value, '~s'), 'G', 'B')"
    )


def described(chart: Chart) -> str:
    """The chart in words, for readers who do not see it."""
    said = []
    for each in chart.series:
        points = _drawn(chart, each)
        if points:
            last = points[-1]
            at = "" if each.shape == "level" else f" at {estimate(Estimate(last.x, unit=chart.x.unit))}"
            said.append(f"{each.name}: {estimate(Estimate(last.y, unit=chart.y.unit))}{at}")
    return f"{chart.title}. {chart.y.label} against {chart.x.label}. " + "; ".join(said)


def points(chart: Chart) -> list[list[str | float | None]]:
    """The data of a chart as rows: series, role, shape, x, y, low, high."""
    return [[s.name, s.role, s.shape, p.x, p.y, p.low, p.high] for s in chart.series for p in s.points]
