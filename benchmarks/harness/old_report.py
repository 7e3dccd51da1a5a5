"""The report of a run: one HTML page that needs no network, the same as JSON, and the headline chart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness import charts
from longthink.benchmarks.harness.findings import Findings, Record, ShareRow
from longthink.benchmarks.studies import language
from longthink.benchmarks.studies import old_board as board
from longthink.errors import RunLogError
from longthink.files import write_file
from longthink.pages.render import render

# Domain, method, what it is compared with, and the measure of quality.
DOMAINS = [
    (
        "poker",
        "CFR, CFR+, linear CFR, DCFR, PCFR+ on Kuhn and Leduc poker",
        "OpenSpiel's CFR and CFR+ (C++); the sequence-form linear program by HiGHS, which is exact",
        "exploitability in utilities, lower is better; no randomness, so no intervals",
    ),
    (
        "board",
        "MCTS (UCT) on connect four",
        "OpenSpiel's MCTS (C++), plain and proving wins, at equal c; an exact alpha-beta solver; a random move",
        "share of optimal moves on random positions, 95% Wilson intervals",
    ),
    (
        "language",
        "tree search (PUCT) over a language model's proposals on Countdown",
        "the model's greedy answer; best of n samples; the same search with uniform proposals; an exhaustive solver",
        "share of problems solved, 95% Wilson intervals",
    ),
]


@dataclass(frozen=True)
class Report:
    """The files of a report, and its summary in a few lines."""

    html_path: Path
    json_path: Path
    summary: str


def write_report(folder: Path, suite: str, records: list[Record], failed: dict[str, str], missing: int) -> Report:
    """Write report.html, report.json, headline.svg and headline.png of these records into `folder`."""
    found = Findings(records)
    html_path, json_path = folder / "report.html", folder / "report.json"
    last: Record = max(records, key=lambda r: r["started"], default={})
    facts: dict[str, Any] = {
        "suite": suite,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "jobs": len(found.records),
        "missing": missing,
        "failures": sorted(failed.values()),
        "seconds": round(sum(r["seconds"] for r in found.records), 1),
        "versions": last.get("versions", {}),
        "machine": last.get("machine", {}),
    }
    figure = charts.headline(found)
    try:
        write_file(json_path, json.dumps(facts | found.as_dict(), indent=1, allow_nan=False) + "\n")
        charts.save(figure, folder / "headline.png", dpi=150)
        charts.save(figure, folder / "headline.svg", metadata={"Date": None})
        write_file(html_path, _page(found, figure, facts))
    except OSError as error:
        raise RunLogError(
            f"the report cannot be written to {folder}: {error}; the log of the run is complete"
        ) from error
    return Report(html_path, json_path, _summary(found, facts))


def _page(found: Findings, figure: Any, facts: dict[str, Any]) -> str:
    solved = [r for r in found.records if r["domain"] == "language" and r["result"].get("trace")]
    shown = next((r for r in solved if r["result"]["correct"]), solved[0] if solved else None)
    return render(
        Path(__file__).with_name("report.html.j2"),
        facts=facts,
        domains=DOMAINS,
        found=found,
        headline=charts.as_svg(figure, "headline"),
        poker_charts=[(game, charts.as_svg(charts.poker(found, game), game)) for game in found.poker_games()],
        board_chart=charts.as_svg(charts.board_charts(found), "board") if found.board_rows else "",
        language_chart=charts.as_svg(charts.language_charts(found), "language") if found.language else "",
        shown=shown["result"] if shown else None,
        ours={board.OURS, language.OURS},
        percent=_percent,
        time=_time,
        thousands=lambda count: f"{count:,.0f}",
        quality=_quality,
    )


def _summary(found: Findings, facts: dict[str, Any]) -> str:
    """The summary for the terminal."""
    count = {verdict: sum(c.verdict == verdict for c in found.comparisons) for verdict in ("ahead", "even", "behind")}
    lines = [f"suite {facts['suite']}: {facts['jobs']} jobs, {facts['seconds']:.0f} s of work"]
    for hand in found.poker_rows:
        lines.append(
            f"  poker     {hand.game:<12} {hand.method:<24} exploitability {hand.exploitability:.2e} "
            f"after {hand.iterations:,} iterations, {hand.iterations_per_second:,.0f}/s"
        )
    for method in dict.fromkeys(row.method for row in found.board_rows):
        row = [row for row in found.board_rows if row.method == method][-1]
        at = f"{row.budget:,} simulations, " if row.budget else ""
        lines.append(f"  board     {method:<37} {_share(row)} optimal, {at}{_time(row.seconds)} per move")
    for row in found.language_rows:
        cost = f"{row.tokens:,.0f} tokens, {_time(row.seconds)} per problem"
        lines.append(f"  language  {row.method:<37} {_share(row)} solved, {cost}")
    lines.append(f"  {count['ahead']} comparisons ahead, {count['even']} even, {count['behind']} behind")
    return "\n".join(lines)


# ---- Formats of numbers ----


def _share(row: ShareRow) -> str:
    return f"{_percent(row.share)} [{_percent(row.low)}, {_percent(row.high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _small(value: float) -> str:
    return f"{value:.2e}" if 0 < abs(value) < 0.001 else f"{value:.4f}"


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _quality(domain: str, value: float) -> str:
    return _small(value) if domain == "poker" else _percent(value)
