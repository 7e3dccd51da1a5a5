"""Training against thinking: how many Countdown problems the tiny models solve, by size and by thinking time.

`python -m longthink.benchmarks.studies.tiny_models` prints the table of docs/tiny_models.md and draws its picture. All
problems are held out from training. Finished work is kept in a log, so an interrupted run resumes.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from longthink import options
from longthink.benchmarks.harness.charts import STYLE, save
from longthink.benchmarks.harness.run_log import Record, Work, resumed, whole
from longthink.benchmarks.harness.statistics import share, wilson
from longthink.bridge.models.model import Model
from longthink.bridge.models.registry import load_model
from longthink.bridge.models.tiny.model import SIZES
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import think
from longthink.bridge.training.tiny_data import BENCHMARK_SEEDS
from longthink.errors import ParameterError, require
from longthink.search.budget import Budget

UNIFORM = "uniform"
METHODS = ("greedy", "best_of_n", "best_first", "mcts")
LIMITS = (10, 30, 100)
"""Calls of the model per problem; without a model, states that are visited."""
_COLOURS = {UNIFORM: "#999999", "0.25x": "#56b4e9", "1x": "#0072b2", "4x": "#004b75"}

Report = Callable[[str], None]


def run(folder: Path, problems: int, report: Report = print) -> list[Record]:
    """Run every method on every problem that is not in the folder's log yet, and return all records.

    Raises `ParameterError` for more problems than are held out from training, and `RunLogError`.
    """
    if not 1 <= problems <= BENCHMARK_SEEDS:
        raise ParameterError(f"problems expects a number in 1..{BENCHMARK_SEEDS}, got {problems}")
    return resumed(folder / "log.jsonl", _works(problems, report))


def _works(problems: int, report: Report) -> Iterator[tuple[str, Work]]:
    for size in (UNIFORM, *SIZES):
        for method in METHODS if size != UNIFORM else (UNIFORM,):
            for seed in range(problems):
                yield f"{size} {method} {seed}", partial(_think, size, method, seed)
            report(f"{size}: {method} done")


@cache
def _model(size: str) -> Model | None:
    return None if size == UNIFORM else load_model(f"tiny:{size}")


@cache
def _task(seed: int) -> Task:
    return load_task("countdown", seed=seed)


def _think(size: str, method: str, seed: int) -> dict[str, Any]:
    task, model = _task(seed), _model(size)
    budget = Budget(simulations=max(LIMITS)) if model is None else Budget(calls=max(LIMITS))
    started = time.process_time()
    answer = whole(think(task, model, budget, method=method, seed=seed))
    return {
        "size": size,
        "method": method,
        "task": task.name,
        "spent": answer.spent.as_dict(),
        "solved_at": None if answer.solved_at is None else answer.solved_at.as_dict(),
        "cpu_seconds": round(time.process_time() - started, 5),
    }


def solved(records: Sequence[Record], limit: float) -> int:
    """The number of problems solved with `limit` calls or, without a model, visited states."""
    return sum(r["solved_at"] is not None and r["solved_at"].get(_measure(r["size"]), 0) <= limit for r in records)


def _measure(size: str) -> str:
    return "simulations" if size == UNIFORM else "calls"


def by_case(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    """Records by size and method."""
    cases: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        cases[record["size"], record["method"]].append(record)
    return cases


def table(records: Sequence[Record]) -> str:
    """Shares solved with 95% Wilson intervals, and CPU milliseconds per call, as Markdown."""
    heads = " | ".join(f"{limit} calls" for limit in LIMITS)
    lines = [f"| model | method | {heads} | CPU-ms a call |", "|---" * (len(LIMITS) + 3) + "|"]
    for (size, method), found in by_case(records).items():
        calls = sum(r["spent"].get(_measure(size), 0) for r in found)
        cost = 1000 * sum(r["cpu_seconds"] for r in found) / max(1, calls)
        cells = " | ".join(share(solved(found, limit), len(found)) for limit in LIMITS)
        lines.append(f"| {size} | {method} | {cells} | {cost:.2f} |")
    return "\n".join(lines)


def draw(records: Sequence[Record], path: Path) -> None:
    """Plot the share solved by calls of the model: one line with its 95% Wilson band for each size."""
    matplotlib = require("matplotlib", "compare")
    figure = require("matplotlib.figure", "compare").Figure(figsize=(6.4, 4.0))
    matplotlib.rcParams.update(STYLE)
    axes = figure.subplots()
    limits = range(1, max(LIMITS) + 1)
    for size, colour in _COLOURS.items():
        for method, style in (("mcts", "-"), ("best_of_n", ":"), (UNIFORM, "-")):
            found = by_case(records).get((size, method), [])
            if not found:
                continue
            counts = [solved(found, limit) for limit in limits]
            label = "no model, legal steps alike" if size == UNIFORM else f"tiny:{size}, {method}"
            axes.plot(limits, [count / len(found) for count in counts], style, color=colour, label=label)
            bands = [wilson(count, len(found)) for count in counts]
            axes.fill_between(limits, *zip(*bands, strict=True), color=colour, alpha=0.08, linewidth=0)
    axes.set(xscale="log", ylim=(0, 1), xlabel="calls of the model a problem", ylabel="share of problems solved")
    axes.set_title("Training against thinking: Countdown, four numbers")
    axes.legend(loc="upper left")
    save(figure, path, dpi=150)


def main(
    *,
    problems: Annotated[int, options.whole("Number of problems.", 1)] = 100,
    out: Annotated[Path, options.option("A folder for the results.", metavar="FOLDER")] = Path("runs/tiny_models"),
) -> None:
    """Measure the tiny models on held-out problems."""
    records = run(out, problems)
    draw(records, out / "training_against_thinking.png")
    print(table(records))


if __name__ == "__main__":
    sys.exit(options.run_program("longthink.benchmarks.studies.tiny_models", main))
