"""The charts of a report, drawn by matplotlib as SVG. One style; a method has the same colour in every chart."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.findings import Findings, ShareRow
from longthink.benchmarks.harness.statistics import wilson
from longthink.benchmarks.studies import language
from longthink.benchmarks.studies import old_board as board
from longthink.benchmarks.studies.old_poker import EXACT
from longthink.errors import require
from longthink.files import replace_file

# The palette of Okabe and Ito, which colour-blind readers can distinguish: longthink in blues and greens, peers in
# oranges and reds, methods made for the domain in dark grey.
COLOURS = {
    "longthink cfr": "#56b4e9",
    "longthink cfr+": "#0072b2",
    "longthink linear": "#7aa6c2",
    "longthink dcfr": "#009e73",
    "longthink hs-dcfr": "#7cc4ad",
    "longthink pcfr": "#b7d7ea",
    "longthink pcfr+": "#004b75",
    "longthink pdcfr+": "#00557f",
    "longthink hs-pcfr+": "#4a6fa5",
    "longthink mmd": "#8c8cc4",
    "OpenSpiel CFR": "#e69f00",
    "OpenSpiel CFR+": "#d55e00",
    EXACT: "#333333",
    board.OURS: "#0072b2",
    board.PEER: "#e69f00",
    board.PEER_SOLVING: "#d55e00",
    board.EXACT: "#333333",
    board.RANDOM: "#999999",
    language.OURS: "#0072b2",
    language.UNIFORM: "#009e73",
    "best of n": "#cc79a7",
    "greedy": "#e69f00",
    language.EXACT: "#333333",
}
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "axes.edgecolor": "#777777",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.9,
    "lines.markersize": 4.5,
    "figure.constrained_layout.use": True,
}


def _figure(panels: int, width: float, height: float) -> tuple[Any, list[Any]]:
    matplotlib = require("matplotlib", "compare")
    figure_module = require("matplotlib.figure", "compare")
    matplotlib.rcParams.update(STYLE)
    figure = figure_module.Figure(figsize=(width, height))
    axes = figure.subplots(1, panels, squeeze=False)[0]
    return figure, list(axes)


def save(figure: Any, path: Path, **options: Any) -> None:
    """Write the figure to `path`; the suffix says the format. Raises `OSError`."""
    with replace_file(path, "wb") as file:
        figure.savefig(file, format=path.suffix[1:], **options)


def as_svg(figure: Any, name: str) -> str:
    """The figure as SVG text for a page; `name` makes its ids differ from those of other charts."""
    matplotlib = require("matplotlib", "compare")
    with matplotlib.rc_context({"svg.hashsalt": name}):
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None}, transparent=True)  # on pages light and dark
    return out.getvalue()[out.getvalue().index("<svg") :]


def headline(found: Findings) -> Any:
    """Quality against seconds in the three domains, side by side."""
    figure, (left, middle, right) = _figure(3, 13.2, 5.0)
    games = found.poker_games()
    if games:
        _draw_exploitability(left, found, games[-1], "seconds", only=("cfr+", "dcfr", "pcfr+", "OpenSpiel"))
        left.set_title(f"Poker ({games[-1]}): exploitability")
    _draw_board(middle, found, "seconds")
    middle.set_title("Board (connect four): optimal moves")
    _draw_language(right, found, "seconds")
    right.set_title("Language (Countdown): problems solved")
    return figure


def poker(found: Findings, game: str) -> Any:
    """Exploitability of every solver on a game, against iterations and against seconds."""
    figure, axes = _figure(2, 11, 4.9)
    for axis, measure in zip(axes, ("iterations", "seconds"), strict=True):
        _draw_exploitability(axis, found, game, measure)
        axis.set_title(f"{game}, against {measure}")
    return figure


def board_charts(found: Findings) -> Any:
    """The share of optimal moves, against simulations and against seconds."""
    figure, axes = _figure(2, 11, 4.9)
    for axis, measure in zip(axes, ("simulations", "seconds"), strict=True):
        _draw_board(axis, found, measure)
        axis.set_title(f"Optimal moves, against {measure}")
    return figure


def language_charts(found: Findings) -> Any:
    """The share of problems solved, against tokens, seconds and simulations."""
    figure, axes = _figure(3, 13.2, 4.9)
    for axis, measure in zip(axes, ("tokens", "seconds", "simulations"), strict=True):
        _draw_language(axis, found, measure)
        axis.set_title(f"Problems solved, against {measure}")
    return figure


# ---- Panels ----


def _draw_exploitability(axis: Any, found: Findings, game: str, measure: str, only: tuple[str, ...] = ()) -> None:
    for (of, method), result in found.poker.items():
        if of == game and method == EXACT:  # its exploitability is a rounding error; the line shows when it is done
            if measure == "seconds":
                done = result["points"][-1]["seconds"]
                axis.axvline(done, color=COLOURS[method], linestyle=":", linewidth=1.4, label=f"{method}: exact")
            continue
        if of != game or (only and not any(method.endswith(name) or method.startswith(name) for name in only)):
            continue
        if only and method == "longthink cfr":
            continue
        points = [p for p in result["points"] if p["exploitability"] > 0]
        axis.plot(
            [p[measure] for p in points], [p["exploitability"] for p in points],
            color=COLOURS.get(method), marker="o", markersize=3, label=method,
            linestyle="--" if method.startswith("OpenSpiel") else "-",
        )  # fmt: skip
    axis.set(xscale="log", yscale="log", xlabel=measure, ylabel="exploitability (utility)")
    _legend(axis)


def _draw_board(axis: Any, found: Findings, measure: str) -> None:
    rows = found.board_rows
    for method in (board.OURS, board.PEER, board.PEER_SOLVING):
        mine = [row for row in rows if row.method == method]
        if mine:
            _line(axis, method, mine, lambda row: getattr(row, measure))
    for method in (board.EXACT, board.RANDOM):
        for row in (row for row in rows if row.method == method):
            if measure == "seconds" and method == board.EXACT:
                axis.plot([row.seconds], [row.share], "D", color=COLOURS[method], label=method, clip_on=False)
            else:
                axis.axhline(row.share, color=COLOURS[method], linestyle=":", linewidth=1.4, label=method)
    axis.set(xscale="log", xlabel=f"{measure} per move", ylim=(0, 1.04))
    _percent(axis)
    _legend(axis)


def _line(axis: Any, method: str, rows: Sequence[ShareRow], x: Callable[[ShareRow], float]) -> None:
    """Shares with their intervals."""
    xs, shares = [x(row) for row in rows], [row.share for row in rows]
    axis.fill_between(
        xs, [row.low for row in rows], [row.high for row in rows], color=COLOURS.get(method), alpha=0.13, linewidth=0
    )
    axis.plot(
        xs,
        shares,
        color=COLOURS.get(method),
        marker="o",
        label=method,
        linestyle="--" if "OpenSpiel" in method else "-",
    )


def _draw_language(axis: Any, found: Findings, measure: str) -> None:
    for method, solved in found.language.items():
        costs = sorted(s.solved_at[measure] for s in solved if s.solved_at is not None and s.solved_at.get(measure))
        spent = max((s.spent.get(measure, 0.0) for s in solved), default=0.0)
        colour, n = COLOURS.get(method), len(solved)
        if not spent or not n:
            if measure == "tokens":  # without a model there are no tokens and no curve, only a level
                share = sum(s.correct for s in solved) / max(1, n)
                axis.axhline(share, color=colour, linestyle=":", linewidth=1.4, label=f"{method} (no tokens)")
            continue
        start = (costs[0] if costs else spent) * 0.7
        xs = [start, *costs, max(spent, costs[-1] if costs else spent)]
        counts = [0, *range(1, len(costs) + 1), len(costs)]
        intervals = [wilson(count, n) for count in counts]
        axis.step(xs, [c / n for c in counts], where="post", color=colour, label=method)
        axis.fill_between(
            xs, [i[0] for i in intervals], [i[1] for i in intervals], step="post", color=colour, alpha=0.1, linewidth=0
        )
    axis.set(xscale="log", xlabel=f"{measure} per problem", ylim=(0, 1.04))
    _percent(axis)
    _legend(axis)


def _legend(axis: Any) -> None:
    """Below the panel, so that it hides nothing."""
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=2, columnspacing=1.4, handlelength=1.8)


def _percent(axis: Any) -> None:
    ticker = require("matplotlib.ticker", "compare")
    axis.yaxis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0))
