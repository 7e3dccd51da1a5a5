"""The page of a trace: one file of HTML, for screens of any width and for paper, that fetches and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from longthink.bridge.proposals.language_game import MAX_PROPOSALS
from longthink.bridge.traces.log import without_secrets
from longthink.bridge.traces.trace import Trace

_STYLE = Path(__file__).with_name("page.css")

_MEASURES = {
    "tokens": "tokens",
    "prompt_tokens": "of prompts",
    "generated_tokens": "generated",
    "cached_tokens": "of prompts sent before",
    "calls": "calls",
    "cached_calls": "of calls answered by a cache",
    "simulations": "simulations",
    "nodes": "nodes",
    "seconds": "seconds",
    "money": "money",
}


def trace_page(facts: Mapping[str, Any], trace: Trace) -> str:
    """The page of what `think` did: its answer, what it cost, and the tree of what it looked at.

    facts: task, prompt, model, method, options, budget, seed, answer, value, correct, stopped_by, error, kinds,
    proposals (counted by kind), left_out, spent and solved_at.
    """
    facts, root = without_secrets(facts), trace.as_dict()
    title = f"{facts['method'].replace('_', ' ')}: {facts['task']}"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>",
            f'<h1>{escape(title)}</h1>\n<p class="prompt">{escape(facts["prompt"])}</p>',
            _answer(facts),
            "<h2>Cost</h2>",
            _costs(facts),
            _kinds(facts["proposals"]),
            "<h2>What was looked at</h2>",
            '<p class="soft">Bars: visits, how likely the proposer found a step (prior), and the mean value. '
            f"The line of the answer is marked.{_left_out(facts, root)}</p>",
            f'<div class="tree">{"".join(_node(root, max(1, root["visits"]), 0))}</div>',
            "<h2>What was to be done</h2>",
            _settings(facts),
            "</body>\n</html>\n",
        ]
    )


def _left_out(facts: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    left_out = f" Not shown: {root['left_out']:,} more looks or nodes." if "left_out" in root else ""
    if facts["left_out"]:
        left_out += f" Of states with more than {MAX_PROPOSALS:,} proposals, {facts['left_out']:,} were left out."
    return left_out


def _answer(facts: Mapping[str, Any]) -> str:
    stopped = f"stopped by: {escape(facts['stopped_by'])}"
    if facts["error"] is not None:
        stopped += f", {escape(facts['error'])}"
    if facts["answer"] is None:
        return f'<p class="answer">No answer. <span class="soft">{stopped}</span></p>'
    verdict = "correct" if facts["correct"] else f"not correct, value {facts['value']:.2f}"
    return (
        f'<p class="answer{" right" if facts["correct"] else ""}">{escape(facts["answer"])}\n'
        f'<span class="soft">{verdict}; {stopped}</span></p>'
    )


def _costs(facts: Mapping[str, Any]) -> str:
    spent, solved, budget = facts["spent"], facts["solved_at"], facts["budget"]
    columns = [
        ("spent", spent),
        *([("when solved", solved)] if solved else []),
        *([("limit", budget)] if budget else []),
    ]
    head = "".join(f'<th class="n">{name}</th>' for name, _ in columns)
    rows = [
        f"<tr><th>{words}</th>"
        + "".join(f'<td class="n">{_number(column.get(name))}</td>' for _, column in columns)
        + "</tr>"
        for name, words in _MEASURES.items()
        if any(name in column for _, column in columns)
    ]
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _kinds(proposals: Mapping[str, int]) -> str:
    if not proposals:
        return ""
    rows = "".join(f'<tr><th>{escape(name)}</th><td class="n">{n:,}</td></tr>' for name, n in proposals.items())
    return f'<h2>Proposals</h2>\n<table><tr><th>kind</th><th class="n">proposals</th></tr>{rows}</table>'


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _settings(facts: Mapping[str, Any]) -> str:
    rows = {name: facts[name] for name in ("task", "model", "method", "seed")}
    rows |= {"kinds": ", ".join(facts["kinds"])} | dict(facts["options"])
    rows |= {name: facts[name] for name in ("weights", "proposer", "spent before") if name in facts}
    return (
        "<table>"
        + "".join(f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
        + "</table>"
    )


def _node(node: Mapping[str, Any], most: int, depth: int) -> Iterator[str]:
    mark = " chosen" if node["chosen"] else ""
    words = escape(node["text"]) if depth else "the task"
    kind = f'<span class="kind">{escape(node["kind"])}</span>' if node["kind"] not in ("task", "step") else ""
    text = f"{kind}<b{' class=right' if node['correct'] else ''}>{words}</b>"
    visits, prior, value = node["visits"], node["prior"] if depth else None, node["value"]
    bars = [
        _bar("visits", visits / most, f"{visits:,} {'visit' if visits == 1 else 'visits'}"),
        "<span class=bar></span>" if prior is None else _bar("prior", prior, f"prior {prior:.3f}"),
        "<span class=bar></span>" if value is None else _bar("value", value, f"value {value:.2f}"),
    ]
    row = f'<div class="row">{text}<span class="bars">{"".join(bars)}</span></div>'
    if not node["children"]:
        yield f'<div class="leaf{mark}">{row}</div>\n'
        return
    opened = " open" if depth < 2 or node["chosen"] else ""
    yield f'<details class="node{mark}"{opened}><summary>{row}</summary>\n'
    for child in sorted(node["children"], key=lambda child: (-child["chosen"], -child["visits"])):
        yield from _node(child, most, depth + 1)
    yield "</details>\n"


def _bar(kind: str, share: float, words: str) -> str:
    return f'<span class="bar {kind}">{words}<i><i style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></i></i></span>'
