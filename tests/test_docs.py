"""README and docs: examples run, commands and named files exist, links resolve, the index lists every page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
WITHOUT_EXAMPLES = {DOCS / "index.md"}
ROOMS = ("api", "benchmarks", "bridge", "csrc", "docs", "games", "search", "tests")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced code blocks of a page in one language ("" for blocks without one)."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def prose(page: Path) -> str:
    """The text of a page without its fenced code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[tuple[Path, str]]:
    """The files that a page links to, each with the heading that the link names, or ""."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    split = [target.partition("#") for target in targets if "://" not in target]
    return [((page.parent / path).resolve() if path else page, heading) for path, _, heading in split]


def headings(page: Path) -> set[str]:
    """The names by which links reach the headings of a page, formed as GitHub forms them."""
    titles = re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the files they write stay there
    examples = blocks(page, "python")
    assert examples or page in WITHOUT_EXAMPLES
    names: dict[str, Any] = {"__name__": "example"}
    for example in examples:  # an example may use names of the earlier ones on its page
        exec(compile(example, str(page), "exec", dont_inherit=True), names)


@every_page
def test_links_resolve(page: Path) -> None:
    for target, heading in links(page):
        assert target.exists(), target
        assert not heading or heading in headings(target), f"{target.name} has no heading #{heading}"


@every_page
def test_named_files_exist(page: Path) -> None:
    names = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./]+)`", prose(page))
    missing = [name for name in names if not (ROOT / name).exists() and not re.search(r"\bNAME\b", name)]
    assert not missing


def test_the_index_links_to_every_page() -> None:
    linked = {target for target, _ in links(DOCS / "index.md")}
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - linked == {DOCS / "index.md"}
    assert DOCS / "index.md" in {target for target, _ in links(ROOT / "README.md")}


def test_every_picture_is_shown() -> None:
    shown = {target for page in PAGES for target, _ in links(page)}
    assert set(DOCS.rglob("*.png")) <= shown


@cache
def help_text(*words: str) -> str:
    """What `longthink WORDS --help` prints. The words decide the options: those of a method come with it alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["longthink"].partition(":")
    code = f"import sys; from {module} import {function} as main; sys.exit(main([*{words!r}, '--help']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in "".join(blocks(page, "")).replace("\\\n", "").splitlines():
        words = shlex.split(line.split("  ")[0], comments=True) if line.startswith("longthink ") else []
        if len(words) > 1:
            options = {word.partition("=")[0] for word in words[2:] if re.match(r"-[-a-z]", word)}
            unknown = {
                option
                for option in options - {"--help"}
                if not re.search(rf"(?<![\w-]){option}\b", help_text(*words[1:]))
            }
            assert not unknown, line


def test_the_numba_example_is_under_sixty_lines() -> None:
    assert len((ROOT / "games" / "numba_connect_four.py").read_text().splitlines()) < 60
