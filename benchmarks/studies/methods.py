"""A comparison of all methods: how many problems each solves with a model, by tokens and by seconds.

`python -m longthink.benchmarks.studies.methods countdown --model tiny` prints a table of docs/methods.md, and `--draw
FILE` draws the results of all logs. Finished work is kept in a log, so an interrupted run resumes. No problem was used
to train the tiny models.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from longthink import options
from longthink.benchmarks.harness.charts import STYLE, save
from longthink.benchmarks.harness.models import fresh_model
from longthink.benchmarks.harness.run_log import Record, Work, read, resumed, whole
from longthink.benchmarks.harness.statistics import lead, share
from longthink.bridge.tasks.game24 import HARD
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import think
from longthink.errors import ParameterError, UnknownNameError, require
from longthink.search.budget import Budget

BASELINES = ("best_of_n", "majority_vote")
"""The methods with which the others are compared."""


@dataclass(frozen=True)
class Case:
    """A method with options.

    at_the_end: it has no answer until its budget is spent, so it needs a run for each limit.
    asks: it asks the model for the value of a state, a prompt that the tiny models cannot read.
    """

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    at_the_end: bool = False
    asks: bool = False


CASES = (
    Case("greedy", "greedy"),
    Case("best_of_n", "best_of_n"),
    Case("majority_vote", "majority_vote", at_the_end=True),
    Case("weighted_vote", "weighted_vote", at_the_end=True),
    Case("beam, width 5", "beam"),
    Case("beam, width 25", "beam", {"width": 25}),
    Case("best_first", "best_first"),
    Case("tree_of_thoughts", "tree_of_thoughts", asks=True),
    Case("mcts, no playouts", "mcts", {"playouts": False}),
    Case("mcts, uct", "mcts", {"rule": "uct"}),
    Case("mcts, puct", "mcts"),
    Case("mcts, thompson", "mcts", {"rule": "thompson"}),
    Case("ab_mcts", "ab_mcts"),
    Case("revision", "revision"),
)


@dataclass(frozen=True)
class Problems:
    """The numbered problems of a task, and their title."""

    title: str
    load: Callable[[int], Task]
    most: int


TASKS = {
    "countdown": Problems("Countdown, four numbers", lambda i: load_task("countdown", seed=i), 1_000),
    "game24": Problems("Game of 24, the hard ones", lambda i: load_task("game24", number=HARD[i]), len(HARD)),
}


@dataclass(frozen=True)
class Setting:
    """A task, a model, and the limits per problem in tokens and in seconds. without: names of omitted cases.

    A limit in seconds is evaluated for a method only if each of its runs solved its problem, had nothing left to do, or
    lasted at least that long.
    """

    task: str
    model: str
    problems: int = 100
    tokens: tuple[int, ...] = (100, 300, 1_000)
    seconds: tuple[float, ...] = (0.01, 0.03)
    without: tuple[str, ...] = ()

    @property
    def log(self) -> str:
        """The name of its log. Each setting has its own, so several may run at the same time."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", f"{self.task}.{self.model}.jsonl")

    @property
    def cases(self) -> tuple[Case, ...]:
        reads = not self.model.startswith("tiny")
        return tuple(case for case in CASES if (reads or not case.asks) and case.name not in self.without)

    @property
    def limits(self) -> list[tuple[str, float]]:
        return [*(("tokens", limit) for limit in self.tokens), *(("seconds", limit) for limit in self.seconds)]

    def runs(self) -> list[tuple[Case, str, float]]:
        """The runs: each method up to the largest number of tokens; those that answer at the end, up to each limit."""
        most = ("tokens", max(self.tokens))
        return [(case, *limit) for case in self.cases for limit in (self.limits if case.at_the_end else [most])]


def run(setting: Setting, folder: Path, report: Callable[[str], object] = print) -> list[Record]:
    """Run every method on every problem that is not in the folder's log yet, and return all records.

    Raises `ParameterError` for more problems than are held out from training, and `RunLogError`.
    """
    problems = TASKS[setting.task]
    if not 1 <= setting.problems <= problems.most:
        raise ParameterError(f"problems expects a number in 1..{problems.most}, got {setting.problems}")

    def think_with(case: Case, measure: str, limit: float, number: int) -> Record:
        budget = Budget(seconds=limit) if measure == "seconds" else Budget(tokens=int(limit))
        task, model = problems.load(number), fresh_model(setting.model)
        answer = whole(think(task, model, budget, method=case.method, seed=number, **case.options))
        at = None if answer.solved_at is None else answer.solved_at.as_dict()
        return {
            "task": setting.task, "model": setting.model, "case": case.name, "measure": measure, "limit": limit,
            "number": number, "solved_at": at, "spent": answer.spent.as_dict(), "stopped_by": answer.stopped_by,
        }  # fmt: skip

    def works() -> Iterator[tuple[str, Work]]:
        for case, measure, limit in setting.runs():
            for number in range(setting.problems):
                key = f"{setting.task} {setting.model} {case.name} {measure} {limit:g} {number}"
                yield key, partial(think_with, case, measure, limit, number)
            report(f"{setting.task}, {setting.model}: {case.name} up to {limit:g} {measure} done")

    return resumed(folder / setting.log, works())


def solved(records: Sequence[Record], case: Case, measure: str, limit: float) -> list[bool] | None:
    """Which problems a method has solved at this limit, in order, or None if its runs ended too early to tell."""
    of = (measure, limit) if case.at_the_end else ("tokens", max(r["limit"] for r in records))
    found = sorted(
        (r for r in records if r["case"] == case.name and (r["measure"], r["limit"]) == of), key=lambda r: r["number"]
    )
    if case.at_the_end:  # its last answer may exceed the limit before it votes
        return [record["solved_at"] is not None for record in found]
    ended = (record for record in found if record["solved_at"] is None and record["stopped_by"] == "tokens")
    if measure == "seconds" and any(record["spent"].get("seconds", 0.0) < limit for record in ended):
        return None
    return [r["solved_at"] is not None and r["solved_at"].get(measure, 0) <= limit for r in found]


def table(setting: Setting, records: Sequence[Record]) -> str:
    """Shares solved with 95% Wilson intervals, and the lead over each baseline, as Markdown.

    Leads are measured at the largest number of tokens, with Newcombe's paired 95% intervals.
    """
    most = max(setting.tokens)
    heads = [f"{limit:g} {'s' if measure == 'seconds' else measure}" for measure, limit in setting.limits]
    heads += [f"ahead of {name}, {most} tokens" for name in BASELINES] + ["tokens spent"]
    lines = ["| method | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    baselines = [solved(records, case, "tokens", most) for case in CASES if case.name in BASELINES]
    for case in setting.cases:
        by_limit = [solved(records, case, measure, limit) for measure, limit in setting.limits]
        cells = ["" if right is None else share(sum(right), len(right)) for right in by_limit]
        mine = solved(records, case, "tokens", most) or []
        for name, others in zip(BASELINES, baselines, strict=True):
            cells.append("" if case.name == name else lead(mine, others or []))
        spent = [r["spent"].get("tokens", 0) for r in records if r["case"] == case.name and r["limit"] == most]
        lines.append(f"| {case.name} | " + " | ".join(cells) + f" | {sum(spent) / len(spent):.0f} |")
    return "\n".join(lines)


_TINY = {"tiny:0.25x": 0, "tiny": 1, "tiny:4x": 2}  # by size
_COLOURS = {
    "greedy": "#e69f00",
    "best_of_n": "#cc79a7",
    "majority_vote": "#d55e00",
    "beam, width 5": "#c0c0c0",
    "beam, width 25": "#999999",
    "best_first": "#009e73",
    "tree_of_thoughts": "#7a5c00",
    "mcts, no playouts": "#56b4e9",
    "mcts, uct": "#0072b2",
    "mcts, puct": "#004b75",
}


def draw(records: Sequence[Record], path: Path) -> None:
    """Plot the share solved by tokens: one row per task, one panel per model, votes as points."""
    matplotlib, ticker = require("matplotlib", "compare"), require("matplotlib.ticker", "compare")
    matplotlib.rcParams.update(STYLE)
    tasks = [task for task in TASKS if any(record["task"] == task for record in records)]
    models = sorted({record["model"] for record in records}, key=lambda model: (_TINY.get(model, len(_TINY)), model))
    size = (3.3 * len(models), 3.0 * len(tasks) + 0.5)
    figure = require("matplotlib.figure", "compare").Figure(figsize=size)
    panels = figure.subplots(len(tasks), len(models), squeeze=False, sharey=True)
    for task, row in zip(tasks, panels, strict=True):
        for model, axes in zip(models, row, strict=True):
            found = [record for record in records if (record["task"], record["model"]) == (task, model)]
            axes.set_title(f"{TASKS[task].title}: {model}", fontsize=9)
            axes.set(xscale="log", ylim=(0, 1.02), xlabel="tokens a problem")
            axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0))
            axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 3)))
            axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
            axes.xaxis.set_minor_formatter(ticker.NullFormatter())
            for case in CASES:
                if case.name in _COLOURS and any(record["case"] == case.name for record in found):
                    _curve(axes, case, [r for r in found if r["measure"] == "tokens"])
    shown: dict[str, Any] = {}
    for axes in panels.flat:
        handles, labels = axes.get_legend_handles_labels()
        shown |= dict(zip(labels, handles, strict=True))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=5)
    save(figure, path, dpi=150)


def _curve(axes: Any, case: Case, records: Sequence[Record]) -> None:
    most = max(record["limit"] for record in records)
    limits = sorted({record["limit"] for record in records if record["case"] == case.name})
    if not case.at_the_end:
        limits = [20 * (most / 20) ** (i / 60) for i in range(61)]
    shares = [sum(right) / len(right) for limit in limits if (right := solved(records, case, "tokens", limit))]
    axes.plot(limits, shares, "o" if case.at_the_end else "-", color=_COLOURS[case.name], label=case.name)


def main(
    task: Annotated[Literal["countdown", "game24"], options.option("The problems.")] = "countdown",
    /,
    *,
    model: Annotated[str, options.option("A model of `longthink models`.")] = "tiny",
    problems: Annotated[int, options.whole("Number of problems.", 1)] = 100,
    tokens: Annotated[tuple[int, ...], options.whole("Limits of tokens per problem: 100,300.", 1)] = Setting.tokens,
    seconds: Annotated[tuple[float, ...], options.seconds("Limits of seconds per problem.")] = Setting.seconds,
    without: Annotated[tuple[str, ...], options.option("A method that is left out; may be repeated.")] = (),
    out: Annotated[Path, options.option("A folder for the logs.", metavar="FOLDER")] = Path("runs/methods"),
    draw_only: Annotated[
        Path | None, options.option("Draw the contents of all logs to this file, and measure nothing.", name="--draw")
    ] = None,
) -> None:
    """Measure every method on a task with a model."""
    if draw_only is not None:
        draw([record for log in sorted(out.glob("*.jsonl")) for record in read(log)], draw_only)
        return
    for name in without:
        if name not in (known := [case.name for case in CASES if case.name not in BASELINES]):
            raise UnknownNameError.of("method that can be left out", name, known)
    setting = Setting(task, model, problems, tokens, seconds, without)
    print(table(setting, run(setting, out)))


if __name__ == "__main__":
    sys.exit(options.run_program("longthink.benchmarks.studies.methods", main))
