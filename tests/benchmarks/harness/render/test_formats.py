"""Markdown, CSV and PDF."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pypdf
import pytest

from longthink.benchmarks.harness.render import prose
from longthink.benchmarks.harness.report import make_report, write_report
from synthetic_report import HOSTILE, records, registered


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats")
    with registered():
        write_report(folder, make_report("synthetic", records()), records(), formats=("md", "csv", "pdf"))
    return folder


def test_markdown_has_every_table_and_chart(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "| MCTS | 10 | 31% \\[25, 37\\] n=200 | 100 µs n=200 |" in text
    assert "**4** ahead, **2** even, **2** behind." in text
    assert "| Connect four | MCTS | exact solver | optimal moves | 31 ms per move |" in text
    assert (
        "| Leduc poker | CFR+, OpenSpiel CFR+ | exploitability | 4,096 iterations: 1.00e-4 and 1.00e-4, " in text
    )  # equal budget, and beside it equal time
    assert "| Connect four | 3 | 1 | 0 | 0 | 0 | 1 |" in text
    pictures = re.findall(r"!\[.*?\]\((\S+)\)", text)
    assert len(pictures) == 4
    for path in pictures:
        assert (folder / path).read_text().startswith("<svg")


def test_markdown_shows_hostile_text_as_text(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "<script>" not in re.sub(r"\\<", "", text)
    rows = [line for line in text.splitlines() if "alert" in line and line.startswith("|")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5  # the bar in the name makes no column


def test_csv_has_every_table_chart_and_comparison(folder: Path) -> None:
    with zipfile.ZipFile(folder / "report.csv.zip") as archive:
        sheets = {name: list(csv.reader(io.StringIO(archive.read(name).decode()))) for name in archive.namelist()}
    table = sheets["toy-board/table-optimal-moves.csv"]
    assert table[0] == [
        "method", "simulations", "optimal", "optimal low", "optimal high", "optimal n",
        "seconds per move", "seconds per move low", "seconds per move high", "seconds per move n",
    ]  # fmt: skip
    assert table[1][:2] == ["MCTS", "10"]
    assert float(table[1][2]) == pytest.approx(0.31, abs=0.001)
    assert table[1][5] == "200"
    assert table[-1][1] == ""
    assert len(table) == 13
    chart = sheets["toy-poker/chart-problems-solved-against-tokens.csv"]
    assert chart[0] == ["series", "role", "shape", "x", "y", "low", "high"]
    assert [row for row in chart if row[0] == HOSTILE] == [[HOSTILE, "peer", "line", "100", "0.5", "0.4", "0.6"]]
    assert [row[-1] for row in sheets["comparisons.csv"]].count("behind") == 2
    assert [row[:2] for row in sheets["absent.csv"][1:]] == [["failed", "toy-board"]]


def test_pdf_has_the_text(folder: Path) -> None:
    data = (folder / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages)
    for part in (
        "What thinking longer buys", "Where longthink lost", "Comparisons by study", "All comparisons", "Connect four",
        "OpenSpiel MCTS",
        "10,240", "98% [92, 100] n=200", "Failures", "longthink compare synthetic", "Some CPU", "<script>alert",
    ):  # fmt: skip
        assert part.replace(" ", "") in text.replace(" ", ""), part


def test_an_empty_run_has_all_formats(tmp_path: Path) -> None:
    formats = ("html", "json", "md", "csv", "pdf")
    paths = write_report(tmp_path, make_report("synthetic", []), [], formats=formats)
    assert list(paths) == list(formats)
    assert all(path.stat().st_size > 100 for path in paths.values())
    assert "No comparison is finished yet." in paths["md"].read_text()


def test_prose_passes_no_html_and_loads_no_picture() -> None:
    made = prose.html("<b>bold</b> **strong** ![x](https://example.org/x.png) [bad](javascript:alert(1))")
    assert "<b>" not in made
    assert "<strong>strong</strong>" in made
    assert "<img" not in made
    assert "href" not in made.replace("https://example.org", "").replace('<a href="/x.png">', "")


def test_prose_as_blocks() -> None:
    found = prose.blocks("# Title\n\nOne **two** `three`\nfour\n\n- five\n\n```\nsix\n```")
    assert [block["kind"] for block in found] == ["heading", "paragraph", "item", "code"]
    assert [run["text"] for run in found[1]["runs"]] == ["One ", "two", " ", "three", " ", "four"]
    assert found[1]["runs"][1]["bold"]
    assert found[1]["runs"][3]["code"]
