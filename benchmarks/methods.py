"""The methods beside one another: how many held-out Countdown problems each solves with the tiny model, against tokens.

`python -m longthink.benchmarks.methods` prints the table of docs/methods.md. What is done is kept in a log, so that an
interrupted run goes on where it was. Tree of thoughts is left out: the tiny models read nothing but Countdown, and
cannot be asked what a state is worth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longthink.benchmarks.run_log import RunLog
from longthink.benchmarks.tiny_models import share
from longthink.bridge.model import load_model
from longthink.bridge.task import load_task
from longthink.bridge.think import think
from longthink.search.budget import Budget

LIMITS = (100, 300, 1000)
"""Tokens for a problem."""
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A method with options. at_the_end: it has its answer when its budget is spent, and thinks anew for each limit."""

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    at_the_end: bool = False


CASES = (
    Case("greedy", "greedy"),
    Case("best_of_n", "best_of_n"),
    Case("majority_vote", "majority_vote", at_the_end=True),
    Case("weighted_vote", "weighted_vote", at_the_end=True),
    Case("beam, width 5", "beam"),
    Case("beam, width 25", "beam", {"width": 25}),
    Case("best_first", "best_first"),
    Case("search", "search"),
    Case("mcts, uct", "mcts"),
    Case("mcts, puct", "mcts", {"rule": "puct"}),
    Case("mcts, thompson", "mcts", {"rule": "thompson"}),
    Case("ab_mcts", "ab_mcts"),
    Case("revision", "revision"),
)


def run(folder: Path, problems: int, told: Callable[[str], object] = print) -> list[Record]:
    """Think about every problem by every method that is not in the folder's log yet; give all records."""
    model = load_model("tiny")
    with RunLog(folder / "log.jsonl") as log:
        done = {record["key"] for record in log.records}
        wanted = set()
        for case in CASES:
            for limit in LIMITS if case.at_the_end else LIMITS[-1:]:
                for seed in range(problems):
                    key = f"{case.name} {limit} {seed}"
                    wanted.add(key)
                    if key in done:
                        continue
                    task = load_task("countdown", seed=seed)
                    answer = think(task, model, Budget(tokens=limit), method=case.method, seed=seed, **case.options)
                    if answer.interrupted:
                        raise KeyboardInterrupt
                    at = None if answer.solved_at is None else answer.solved_at.as_dict()
                    spent = answer.spent.as_dict()
                    log.append({"key": key, "case": case.name, "limit": limit, "solved_at": at, "spent": spent})
            told(f"{case.name}: done")
        return [record for record in log.records if record["key"] in wanted]


def solved(records: Sequence[Record], case: Case, limit: int) -> tuple[int, int]:
    """How many problems a method has solved with so many tokens, and of how many."""
    last = limit if case.at_the_end else LIMITS[-1]
    found = [record for record in records if record["case"] == case.name and record["limit"] == last]
    slack = case.at_the_end  # it may pass its own limit by an answer, before it votes
    right = [r["solved_at"] is not None and (slack or r["solved_at"].get("tokens", 0) <= limit) for r in found]
    return sum(right), len(found)


def table(records: Sequence[Record]) -> str:
    """Shares solved with 95% Wilson intervals, and mean tokens spent, as Markdown."""
    lines = ["| method | " + " | ".join(f"{limit} tokens" for limit in LIMITS) + " | mean tokens spent |"]
    lines.append("|---" * (len(LIMITS) + 2) + "|")
    for case in CASES:
        cells = [share(*solved(records, case, limit)) for limit in LIMITS]
        spent = [r["spent"]["tokens"] for r in records if r["case"] == case.name and r["limit"] == LIMITS[-1]]
        lines.append(f"| {case.name} | " + " | ".join(cells) + f" | {sum(spent) / len(spent):.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="methods", description="Measure every method with the tiny model.")
    parser.add_argument("--out", type=Path, default=Path("runs/methods"), help="folder of the log")
    parser.add_argument("--problems", type=int, default=100)
    options = parser.parse_args()
    print(table(run(options.out, options.problems)))


if __name__ == "__main__":
    main()
