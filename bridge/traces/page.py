"""The page of a trace: what `think` answered, what it cost, and the tree that it searched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longthink.bridge.proposals.language_game import MAX_PROPOSALS
from longthink.bridge.traces.log import without_secrets
from longthink.bridge.traces.trace import Trace
from longthink.pages.render import render

_TEMPLATE = Path(__file__).with_name("page.html.j2")

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
    """The HTML page of what `think` did, without secrets.

    facts: task, prompt, model, method, options, budget, seed, answer, value, correct, stopped_by, error, kinds,
    proposals (counted by kind), left_out, spent and solved_at; and weights, proposer, verifier and spent before if they
    are not the defaults.

    Raises `MissingExtraError` without Jinja.
    """
    facts = without_secrets(facts)
    columns = [("spent", facts["spent"]), ("when solved", facts["solved_at"]), ("limit", facts["budget"])]
    columns = [(name, costs) for name, costs in columns if costs]
    return render(
        _TEMPLATE,
        title=f"{facts['method'].replace('_', ' ')}: {facts['task']}",
        facts=facts,
        root=trace.as_dict(),
        columns=columns,
        costs=[
            (words, [costs.get(name) for _, costs in columns])
            for name, words in _MEASURES.items()
            if any(name in costs for _, costs in columns)
        ],
        settings=_settings(facts),
        max_proposals=MAX_PROPOSALS,
    )


def _settings(facts: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: facts[name] for name in ("task", "model", "method", "seed")}
    settings |= {"kinds": ", ".join(facts["kinds"])} | dict(facts["options"])
    changed = ("weights", "proposer", "verifier", "spent before")
    return settings | {name: facts[name] for name in changed if name in facts}
