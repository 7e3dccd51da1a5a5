"""The Markdown of sections, as HTML and as blocks. No HTML in it passes, and no picture is loaded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from longthink.errors import require


@lru_cache
def _parser() -> Any:
    return require("markdown_it", "compare").MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def html(text: str) -> str:
    """As HTML; all HTML in the text is escaped."""
    made: str = _parser().render(text)
    return made


def plain(text: str) -> str:
    """The words alone, on one line."""
    return " ".join("".join(run["text"] for run in block["runs"]) for block in blocks(text))


Run = dict[str, Any]


def blocks(text: str) -> list[dict[str, Any]]:
    """As blocks, for renderers without HTML: {"kind": "paragraph", "item", "heading" or "code", "runs": [...]}.

    A run is {"text", "bold", "italic", "code"}.
    """
    found: list[dict[str, Any]] = []
    depth, kind = 0, "paragraph"
    for token in _parser().parse(text):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type in ("heading_open", "heading_close"):
            kind = "heading" if token.type == "heading_open" else "paragraph"
        elif token.type in ("fence", "code_block"):
            found.append({"kind": "code", "runs": [_run(token.content)]})
        elif token.type == "inline":
            found.append({"kind": "item" if depth else kind, "runs": _runs(token.children or [])})
    return found


def _runs(tokens: list[Any]) -> list[Run]:
    runs, bold, italic = [], 0, 0
    for token in tokens:
        bold += {"strong_open": 1, "strong_close": -1}.get(token.type, 0)
        italic += {"em_open": 1, "em_close": -1}.get(token.type, 0)
        if token.type in ("text", "code_inline"):
            runs.append(_run(token.content, bool(bold), bool(italic), token.type == "code_inline"))
        elif token.type in ("softbreak", "hardbreak"):
            runs.append(_run(" "))
    return runs


def _run(text: str, bold: bool = False, italic: bool = False, code: bool = False) -> Run:
    return {"text": text, "bold": bold, "italic": italic, "code": code}
