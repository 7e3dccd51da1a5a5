"""The page: read by a parser on every machine, and opened in headless Chromium where it is installed.

The parser checks what needs no browser: links, ids, addresses, escaped text, data. The browser checks that scripts run
without an error, that every chart is drawn, that tables sort and items open, and that a phone needs no sideways scroll.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from headless_chromium import CHROMIUM, Browser
from longthink.benchmarks.harness.numbers import MINUS
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.render.items import items_of
from longthink.benchmarks.harness.render.page import packed, page, pairs, ranges, sort_value
from longthink.benchmarks.harness.report import Report, make_report
from longthink.benchmarks.harness.section import Estimate
from synthetic_report import ARTIFACTS, CUT_TRACE, HOSTILE, TRACE, record, records, registered

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="Chromium is not installed; the tests with the parser still hold, those of scripts do not run",
)


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    with registered():
        yield make_report("synthetic", records(), description=HOSTILE)


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(rendered(report))
    return path


def rendered(report: Report, more: list[Any] | None = None) -> str:
    return page(report, more or records(), Gallery(report.charts, [panel for _, panel in report.panels]))


class Reader(HTMLParser):
    """What a page holds, without running it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [value for name, value in attributes if name == "id" and value]
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        self.loads += [
            value or "" for name, value in attributes if name in ("src", "srcset", "data", "poster", "action")
        ]
        self.loads += [value or "" for name, value in attributes if tag in ("link", "use", "image") and "href" in name]
        if tag == "script":
            self.scripts.append((found, ""))
        if tag not in ("meta", "br", "link", "input", "hr", "img"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1] in ("p", "li", "td", "tr") and self._open[-1] != tag:
            self._open.pop()
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self._open and self._open[-1] != "style":
            self.words += data


def test_links_have_targets_and_ids_are_unique(path: Path) -> None:
    read = Reader(path.read_text())
    assert len(set(read.ids)) == len(read.ids)
    assert len(read.links) > 10
    for link in read.links:
        assert link.startswith("#")
        assert link[1:] in read.ids


def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    read = Reader(text)
    assert read.loads == []
    assert "content=\"default-src 'none'" in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_chart_is_drawn_in_the_page_itself(path: Path, report: Report) -> None:
    text = path.read_text()
    figures = re.findall(r'<figure class="chart" id="([^"]+)"(.*?)</figure>', text, re.DOTALL)
    assert len(figures) == len(report.charts) == 5
    specifications = unpacked(text, r'id="specifications"')
    assert [name for name, _ in figures] == list(specifications)
    for name, figure in figures:
        assert figure.count("<svg") == 1
        assert "aria-label=" in figure
        assert "vega-lite" in specifications[name]["$schema"]


def unpacked(text: str, attributes: str) -> Any:
    found = re.search(f'<script type="text/plain" {attributes}>(.*?)</script>', text)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def test_hostile_text_is_text(path: Path) -> None:
    text = path.read_text()
    read = Reader(text)
    assert read.handlers == []
    assert "<script>alert" not in text
    assert read.words.count(HOSTILE) > 5
    kinds = [each.get("type") for each, _ in read.scripts]
    assert kinds.count(None) == 1  # the page's own


def test_every_estimate_is_shown_with_interval_and_n(path: Path) -> None:
    words = " ".join(Reader(path.read_text()).words.split())
    for part in (
        "31% [25, 37] n=200",
        "98% [92, 100] n=200",
        f"{MINUS}9 points [{MINUS}13, {MINUS}5] n=200",
    ):
        assert part in words


def test_losses_are_as_visible_as_wins(path: Path) -> None:
    text = path.read_text()
    lost = text[text.index('<h2 id="lost">') : text.index('<h2 id="compared">')]
    assert lost.count("<tr>") == 3  # the heading and two losses, not folded
    assert "<details" not in lost
    tally = re.findall(r'<b class="(\w+)">(\d+)</b>', text)
    assert tally == [("ahead", "4"), ("even", "2"), ("behind", "2")]


def test_equal_budget_stands_beside_equal_time(report: Report) -> None:
    rows = {(each[0].study, (each[1] or each[2]).comparison.other): each[1:] for each in pairs(report)}  # type: ignore[union-attr]
    budget, time = rows["toy-poker", "OpenSpiel CFR+"]
    assert budget.comparison.equal == "budget"  # type: ignore[union-attr]
    assert time.comparison.equal == "time"  # type: ignore[union-attr]
    assert len(pairs(report)) == 7


def test_failures_and_gaps_are_named(path: Path) -> None:
    words = Reader(path.read_text()).words
    assert "1 case failed." in words
    assert "Study toy-broken could not make its section" in words
    assert "Traceback (most recent call last)" in words
    for part in ("longthink compare synthetic", "Some CPU", "0123abcd+", "numpy 2.1", "0 to 29, 99"):
        assert part in words


def items_in(text: str, study: str) -> list[dict[str, Any]]:
    return unpacked(text, f'class="data" data-of="{study}"')


def test_items_hold_what_there_is_to_see(path: Path) -> None:
    items = items_in(path.read_text(), "toy-board")
    assert len(items) == 30
    for item in items:
        Reader(item["html"])
        assert "<script" not in item["html"]
    by_kind = dict(zip((next(iter(each)) for each in ARTIFACTS), items, strict=False))
    assert "Of two lines &lt;script&gt;" in items[0]["html"]
    assert by_kind["trace"]["html"].count('class="row"') == 3
    assert items[2]["game"]["look"] == "discs"
    assert "The game cannot be drawn: unknown game" in items[8]["html"]
    assert items[9]["game"]["moves"][0] == "start"
    assert "(;GM[1]" in items[9]["html"]


def test_items_of_a_large_study_are_a_sample_and_the_page_says_so(report: Report) -> None:
    many = [record("toy-board", i, {"answer": str(i)}) for i in range(1000)]
    found = items_of("toy-board", many)
    assert (len(found.items), found.left_out) == (200, 800)
    assert found.items[1]["key"] == "toy-board-5"
    text = rendered(dataclasses.replace(report, studies=report.studies[:1]), many)
    assert "200 cases to look at; 800 more are in the log only" in text


def test_the_problems_of_a_batch_are_items() -> None:
    parts = [
        {
            "problem": number,
            "scores": {"solved": 1.0},
            "spent": {},
            "curve": [],
            "artifacts": {"prompt": "p", "answer": "a"},
        }
        for number in (4, 7)
    ]
    found = items_of("toy-board", [record("toy-board", 1, {"each": parts})])
    assert [item["key"] for item in found.items] == ["toy-board-1 4", "toy-board-1 7"]
    assert found.items[1]["facts"]["problem"] == "7"
    assert "<h4>Prompt</h4>" in found.items[0]["html"]


def test_a_tree_that_was_cut_says_so() -> None:
    whole, cut = items_of(
        "toy-board", [record("toy-board", i, {"trace": t}) for i, t in enumerate((TRACE, CUT_TRACE))]
    ).items
    assert "Not shown" not in whole["html"]
    assert "Not shown: 500 more visits or nodes" in cut["html"]


def test_trees_and_games_come_before_mere_answers() -> None:
    many = [record("toy-board", i, ARTIFACTS[2] if i % 100 == 50 else {"answer": ""}) for i in range(1000)]
    found = items_of("toy-board", many, most=20)
    assert sum(item["game"] is not None for item in found.items) == 10
    assert (len(found.items), found.left_out) == (20, 980)


def test_ranges() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == "0 to 2, 5, 7, 8"
    assert ranges([]) == ""


def test_cells_sort_by_value() -> None:
    assert [sort_value(v) for v in (Estimate(0.5, unit="%"), 1000, "a", None)] == ["0.5", "1000.0", "a", ""]


def test_packed_text_is_the_same_each_time() -> None:
    assert packed("text") == packed("text")
    assert gzip.decompress(base64.b64decode(packed("text é"))).decode() == "text é"


# ---- In a browser ----


@pytest.fixture(scope="module")
def browser(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.resize(1280)
        browser.open(path)
        yield browser


@needs_chromium
def test_vega_draws_every_chart_without_an_error_or_a_request(browser: Browser, report: Report) -> None:
    drawn = "document.querySelectorAll('figure.chart .plot.live svg.marks').length"
    assert browser.run(drawn) == len(report.charts)
    assert browser.run(
        "[...document.querySelectorAll('.plot.live svg.marks')].every(s => s.getBoundingClientRect().width > 200)"
    )
    assert browser.errors == []
    assert [each for each in browser.requests if not each.startswith(("file:", "data:", "blob:"))] == []


@needs_chromium
def test_tables_sort_by_value_with_click_and_key(browser: Browser) -> None:
    table = "[...document.querySelectorAll('table')].find(t => t.ariaLabel === 'Optimal moves')"
    column = f"[...{table}.tBodies[0].rows].map(r => r.cells[1].textContent)"
    browser.run(f"{table}.tHead.rows[0].cells[1].querySelector('button').click()")
    assert browser.run(column)[:3] == ["10", "20", "40"]
    assert browser.run(column)[-2:] == ["10,240", ""]  # by value, and what is empty comes last
    assert browser.run(f"{table}.tHead.rows[0].cells[1].ariaSort") == "ascending"
    browser.run(f"{table}.tHead.rows[0].cells[1].querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        browser("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert browser.run(column)[:2] == ["10,240", "5,120"]
    assert browser.run(column)[-1] == ""
    assert browser.run(f"{table}.tHead.rows[0].cells[1].ariaSort") == "descending"


@needs_chromium
def test_a_phone_needs_no_sideways_scroll(browser: Browser) -> None:
    for width in (390, 1280):
        browser.resize(width)
        assert browser.run("document.documentElement.scrollWidth") <= width
        assert browser.run("document.body.scrollWidth") <= width


@needs_chromium
def test_colours_follow_the_system_and_the_button(browser: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('.chart [stroke=\"#0072b2\"]')).stroke"
    browser.resize(1280, dark=True)
    dark = browser.run(ground), browser.run(line)
    browser.resize(1280, dark=False)
    light = browser.run(ground), browser.run(line)
    assert light == ("rgb(255, 255, 255)", "rgb(0, 114, 178)")
    assert dark == ("rgb(20, 24, 31)", "rgb(74, 168, 232)")
    browser.run("document.getElementById('theme').click()")
    assert (browser.run(ground), browser.run(line)) == dark
    browser.run("document.getElementById('theme').click()")
    assert (browser.run(ground), browser.run(line)) == light


@needs_chromium
def test_items_open_by_their_address(browser: Browser) -> None:
    browser.run("document.querySelector('details.items').open = true")
    browser.wait("document.querySelector('details.items table')")
    rows = "document.querySelectorAll('details.items[data-study=toy-board] tbody tr').length"
    assert browser.run(rows) == 30
    browser.run(
        "(s => { s.value = 'random'; s.dispatchEvent(new Event('change')) })(document.querySelector('.filters select'))"
    )
    assert browser.run(rows) == 15
    links = browser.run("[...document.querySelectorAll('details.items a')].map(a => a.hash)")
    for link in [*links[:5], "#item/toy-board-2", "#item/toy-board-4", "#item/toy-board-7", "#item/toy-board-8"]:
        browser.run(f"location.hash = {link!r}")
        browser.wait(f"document.querySelector('#item h2')?.textContent === 'Case ' + {link.removeprefix('#item/')!r}")
        assert browser.run("document.querySelector('main').hidden && !document.getElementById('item').hidden")
    browser.run("location.hash = '#item/toy-board-2'")
    browser.wait("document.querySelectorAll('#item .board circle.x').length === 3")
    browser.run("document.querySelector('.board [aria-label=\"first position\"]').click()")
    assert browser.run("document.querySelectorAll('#item .board circle.x, #item .board circle.o').length") == 0
    browser.run("location.hash = '#item/no-such-case'")
    browser.wait("document.querySelector('#item .warn')")
    browser.run("location.hash = '#run'")
    browser.wait("!document.querySelector('main').hidden")
    assert browser.errors == []


@needs_chromium
def test_on_paper_folded_parts_are_open_and_colours_light(browser: Browser) -> None:
    browser.resize(1280, dark=True)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("[...document.querySelectorAll('details.failure')].every(d => d.open)")
    browser("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.resize(794)
    browser("Emulation.setEmulatedMedia", media="print")
    assert browser.run("document.documentElement.scrollWidth") <= 794  # a sheet of A4
    made = browser("Page.printToPDF", printBackground=True)["data"]
    assert base64.b64decode(made).startswith(b"%PDF")
    browser("Emulation.setEmulatedMedia", media="")


@needs_chromium
def test_an_empty_run_has_a_page(browser: Browser, tmp_path: Path) -> None:
    empty = tmp_path / "empty.html"
    empty.write_text(rendered(make_report("synthetic", []), []))
    browser.open(empty)
    assert browser.run("document.querySelector('.lead').textContent").strip() == "No comparison is finished yet."
    assert browser.errors == []
