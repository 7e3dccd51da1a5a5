"""Every language method: the share of problems solved against tokens and against CPU-seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.curves import budget_curves, solved_curves
from longthink.benchmarks.harness.metrics.passes import fit_passes, held_out_passes, pass_at_k
from longthink.benchmarks.harness.metrics.scaling import fit, held_out, scaling_table
from longthink.benchmarks.harness.metrics.tables import mean_spent, share_within, table
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.numbers import full, interval, number
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Chart, Comparison, Estimate, Point, Role, Section, Series, Table
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.studies.puzzles import (
    PROBLEMS,
    PuzzleStudy,
    batches,
    case,
    headline,
    one_by_one,
    seconds_per_token,
)
from longthink.bridge.tasks.task import Task, Transcript

BASELINES = ("greedy", "best_of_n", "majority_vote")
"""The methods with which the searches are compared."""
VOTES = ("majority_vote", "weighted_vote")
"""They have an answer only when their budget is spent, so they run once for each budget."""
DEFAULT = "mcts"
ENDING = ("greedy", "beam", *VOTES)
"""More tokens give nothing to these, or are not a continuation of fewer."""
SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


@dataclass(frozen=True)
class MethodsSettings:
    """task: "countdown" or "game24". tokens: budgets for each problem; a vote runs with each of them, the other methods
    with the largest. methods: with their options. samples: of each problem, for the extrapolation of best_of_n; 0 for
    none. Add "tree_of_thoughts" for models that can be asked about a state, which the tiny models cannot."""

    task: str = "countdown"
    model: str = "tiny"
    problems: int = 50
    tokens: tuple[int, ...] = (100, 300, 1_000, 3_000, 10_000)
    methods: tuple[str, ...] = (
        "greedy",
        "best_of_n",
        "majority_vote",
        "weighted_vote",
        "beam(width=5)",
        "beam(width=25)",
        "best_first",
        "mcts",
        "mcts(rule=uct)",
        "mcts(rule=thompson)",
        "mcts(playouts=False)",
        "ab_mcts",
        "revision",
    )
    samples: int = 100
    seed: int = 0


class MethodsStudy(PuzzleStudy):
    """Compares every language method with greedy answers, best of n and votes, at equal tokens and equal time."""

    name = "methods"
    title = "Methods: problems solved by tokens and by time"
    Settings = MethodsSettings

    def cases(self, settings: MethodsSettings) -> Iterator[Case]:
        most, per_token = max(settings.tokens), seconds_per_token(settings.model)
        for numbers in batches(settings.problems, settings.model):
            every: list[tuple[str, float, dict[str, JSON]]] = [
                (method, _expected(method, limit), {"tokens": limit})
                for method in settings.methods
                for limit in (sorted(settings.tokens) if method in VOTES else [most])
            ]
            if settings.samples:
                limit = settings.samples
                every.append(("best_of_n", 50.0 * limit, {"simulations": limit, "samples": True}))
            for method, expected, facts in every:
                cost = len(numbers) * expected * per_token
                yield case(settings.task, numbers, method, settings.model, cost, settings.seed, **facts)

    def think(self, facts: Mapping[str, JSON], number: int, context: Context, **arguments: Any) -> Outcome:
        if not facts.get("samples"):
            return super().think(facts, number, context, **arguments)
        right: list[int] = []

        def note(task: Task, transcript: Transcript) -> float:
            right.append(int(task.verify(transcript) >= 1.0))
            return 0.0  # so it samples on

        outcome = super().think(facts, number, context, verifier=note)
        right += [0] * (facts["simulations"] - len(right))  # samples that came to no end
        scores = {"right": float(sum(right)), "samples": float(len(right))}
        return replace(outcome, scores=scores, artifacts={**outcome.artifacts, "right": right})

    def section(self, records: Sequence[Record]) -> Section:
        parts = one_by_one(records)
        groups = by_facts(parts, "task", "model")
        found = [_Group(str(task), str(model), group) for (task, model), group in groups.items()]
        return Section(
            self.title,
            "\n\n".join([each.text() for each in found] + [_METHOD]) if found else "",
            [table for each in found for table in each.tables()],
            [chart for each in found for chart in each.charts()],
            [comparison for each in found for comparison in each.comparisons()],
            headline=headline(found[0].text()) if found else "",
        )


def _expected(method: str, limit: float) -> float:
    """About how many tokens a method spends on a problem: it ends when the problem is solved."""
    if method in VOTES:
        return limit
    if method == "greedy":
        return min(limit, 50)
    if method in ("best_of_n", "ab_mcts", "revision"):
        return min(limit, 12 * math.pow(limit, 0.55))
    return min(limit, 600)


_METHOD = (
    "A budget is exceeded by the cost of one answer at most. A method ends when its answer is correct; a vote cannot "
    "know that, and spends its whole budget. CPU-seconds are those of the process that thinks, with one thread, while "
    "other cases may run on other cores."
)


class _Group:
    """The records of one task with one model, a record for each problem."""

    def __init__(self, task: str, model: str, records: Sequence[Record]) -> None:
        self.name = f"{PROBLEMS[task].title}, {model}"
        self.samples = [record for record in finished(records) if record.fact("samples")]
        every = [record for record in records if not record.fact("samples")]
        self.votes = [record for record in finished(every) if record.fact("method") in VOTES]
        self.records = [r for r in every if r.outcome is None or r.fact("method") not in VOTES] + _joined(self.votes)
        self.methods = {str(name): group for (name,), group in by_facts(finished(self.records), "method").items()}
        budgets = {record.facts["tokens"] for record in every}
        self.limits = sorted(budgets | {k for k in _half_decades(max(budgets, default=0)) if k >= 100})
        growing = [name for name in self.methods if not name.startswith(ENDING)]
        self.curves = {name: self._measured(name) for name in growing}
        self.held_out = {
            name: held_out(self.curves[name]) for name in (DEFAULT, "best_of_n") if len(self.curves.get(name, {})) >= 4
        }
        self.passes = _Passes(self.samples) if self.samples else None
        compared = [group for name, group in self.methods.items() if name in (DEFAULT, *BASELINES)]
        known = [t for t in SECONDS if all(share_within("cpu_seconds", t)(group) is not None for group in compared)]
        self.seconds = known[-2:]

    def share(self, method: str, tokens: float) -> Estimate | None:
        cell = share_within("tokens", tokens)(self.methods[method]) if method in self.methods else None
        return cell if isinstance(cell, Estimate) else None

    def _measured(self, method: str) -> dict[float, Estimate]:
        """The share solved at each doubling of the tokens."""
        doublings = [64.0 * 2**n for n in range(40) if 64 * 2**n <= self.limits[-1]] if self.limits else []
        return {tokens: found for tokens in doublings if (found := self.share(method, tokens)) is not None}

    def text(self) -> str:
        if not self.limits or DEFAULT not in self.methods:
            return f"{self.name}: nothing of {DEFAULT} has been measured yet."
        most = self.limits[-1]
        others = [name for name in BASELINES if name in self.methods]
        written = [f"`{name}` {full(found)}" for name in others if (found := self.share(name, most)) is not None]
        lines = [
            f"**{self.name}: with {most:,} tokens a problem, `{DEFAULT}` solves {_full(self.share(DEFAULT, most))}; "
            f"{', '.join(written)}.**"
        ]
        ahead = [
            f"`{name}` at {limit:,} tokens ({_full(self.share(name, limit))}, `{DEFAULT}` {_full(mine)})"
            for limit in self.limits
            for name in others
            if (mine := self.share(DEFAULT, limit)) is not None
            and (theirs := self.share(name, limit)) is not None
            and theirs.value > mine.value
        ]
        lines.append(
            f"A baseline solves more here: {'; '.join(ahead)}."
            if ahead
            else "No baseline solves more at any of the budgets."
        )
        best = [(found.value, name) for name in self.methods if (found := self.share(name, most)) is not None]
        top = max(best)[0]
        lines.append(f"The most at {most:,} tokens: {', '.join(f'`{name}`' for value, name in best if value == top)}.")
        for name, later in self.held_out.items():
            odds = fit(self.curves[name]).per_doubling
            lines.append(
                f"Twice the tokens multiply the odds of `{name}` by {number(odds.value)} {interval(odds)}; predicted "
                f"from smaller budgets, the larger ones are {later.error.value * 100:.0f} points off, and "
                f"{later.coverage:.0%} of them within the intervals."
            )
        if self.passes is not None:
            lines.append(self.passes.text())
        return " ".join(lines)

    def tables(self) -> list[Table]:
        columns = {f"{limit:,} tokens": share_within("tokens", limit) for limit in self.limits}
        columns |= {f"{t:g} CPU-s": share_within("cpu_seconds", t) for t in self.seconds}
        columns |= {"tokens spent": mean_spent("tokens"), "CPU-s spent": mean_spent("cpu_seconds", "s")}
        found = [
            table(
                self.records,
                f"{self.name}: problems solved",
                {"method": "method"},
                columns,
                "Shares of problems with 95% Wilson intervals, means with 95% bootstrap intervals. A cell is empty if "
                "some runs ended too early to tell.",
            )
        ]
        if self.curves:
            found.append(
                scaling_table(
                    self.curves,
                    f"{self.name}: what more tokens give",
                    "Methods that end by themselves, and votes, are left out.",
                )
            )
        found += [
            each.table(f"{self.name}, {method}: budgets that were held out from the fit", "tokens")
            for method, each in self.held_out.items()
        ]
        if self.passes is not None:
            found.append(self.passes.table(self.name))
        return found

    def charts(self) -> list[Chart]:
        roles = {name: _role(name) for name in self.methods}
        drawn = {name: role for name, role in roles.items() if name not in VOTES}
        steps = {cost: solved_curves(self.records, cost, drawn) for cost in ("tokens", "cpu_seconds")}
        votes = {
            "tokens": budget_curves(self.votes, "solved", "tokens", roles),
            "cpu_seconds": budget_curves(self.votes, "solved", "tokens", roles, cost="cpu_seconds"),
        }
        share = Axis("problems solved", unit="%")
        found = [
            Chart(
                f"{self.name}: problems solved by {label}",
                Axis(f"{label} a problem", log=True, unit=unit),
                share,
                [*steps[cost], *votes[cost]],
                "Steps: the share solved so far. Votes have an answer only at the end of a budget, so they have "
                "points. Bands: 95% Wilson intervals.",
            )
            for cost, label, unit in (("tokens", "tokens", ""), ("cpu_seconds", "CPU-seconds", "s"))
        ]
        if self.passes is not None:
            found.append(
                Chart(
                    f"{self.name}: more samples, or a search",
                    Axis("tokens a problem, on average", log=True),
                    share,
                    [*self.passes.series(), *solved_curves(self.records, "tokens", {DEFAULT: "ours"})],
                    "best_of_n by the unbiased estimate of pass@k, and its extrapolation by a beta-binomial "
                    "distribution of success rates. Bands: 95% intervals.",
                )
            )
        return found

    def comparisons(self) -> list[Comparison]:
        """The default with each baseline at each budget; each other search with best of n at the middle one."""
        measure = f"problems solved ({self.name})"
        default = Question("solved", measure, DEFAULT, BASELINES)
        found = default.within(self.records, "tokens", self.limits)
        found += default.within(self.records, "cpu_seconds", self.seconds)
        for name in self.methods:
            if _role(name) == "ours" and name != DEFAULT:
                other = Question("solved", measure, name, ["best_of_n"])
                found += other.within(self.records, "tokens", self.limits[len(self.limits) // 2 :][:1])
                found += other.within(self.records, "cpu_seconds", self.seconds[-1:])
        return found


class _Passes:
    """Samples of each problem, and what more of them would solve."""

    def __init__(self, samples: Sequence[Record]) -> None:
        drawn = [record.outcome.artifacts["right"] for record in samples if record.outcome is not None]
        self.n = min(map(len, drawn))
        self.right = np.array([each[: self.n] for each in drawn])
        self.tokens = sum(record.spent["tokens"] / record.spent["simulations"] for record in samples) / len(samples)
        self.fit = fit_passes(self.right.sum(axis=1), self.n)

    def text(self) -> str:
        reached = pass_at_k(self.right.sum(axis=1), self.n, [1, self.n])
        later = self.fit.at([100 * self.n])[0]
        return (
            f"Samples are right with {full(reached[0])}; of {self.n:,} for each problem at least one is right with "
            f"{full(reached[1])}, and of {100 * self.n:,}, by extrapolation, with {full(later)}."
        )

    def table(self, name: str) -> Table:
        used = max(1, self.n // 4)
        ks = [k for k in _half_decades(self.n) if k >= used] or [self.n]
        title = f"{name}: pass@k of best_of_n, predicted from {used:,} samples"
        return held_out_passes(self.right, used, [*dict.fromkeys([*ks, self.n])], title)

    def series(self) -> list[Series]:
        measured = _half_decades(self.n)
        passes = zip(measured, pass_at_k(self.right.sum(axis=1), self.n, measured), strict=True)
        further = [self.n * k for k in (1, 3, 10, 30, 100)]
        predicted = zip(further, self.fit.at(further), strict=True)
        return [
            Series(name, [Point(k * self.tokens, y.value, y.low, y.high) for k, y in found], "floor")
            for name, found in ((f"best_of_n, {self.n:,} samples", passes), ("best_of_n, extrapolated", predicted))
        ]


def _half_decades(most: int) -> list[int]:
    """1, 3, 10, 30, ... up to a number."""
    return [k for power in range(12) for k in (10**power, 3 * 10**power) if k <= most]


def _role(method: str) -> Role:
    return "floor" if method in (*BASELINES, *VOTES) else "ours"


def _full(found: Estimate | None) -> str:
    return "not known" if found is None else full(found)


def _joined(votes: Sequence[Record]) -> list[Record]:
    """One record for each problem of a vote, whose curve has a point for each budget that it ran with.

    So the state of a vote within some cost is that of its largest budget that cost no more.
    """
    found = []
    for group in by_facts(votes, "method", "problem").values():
        runs = sorted(group, key=lambda record: record.facts["tokens"])
        curve = [{**run.spent, "tokens": run.facts["tokens"], "solved": run.scores["solved"]} for run in runs]
        last = runs[-1]
        assert last.outcome is not None
        found.append(replace(last, outcome=replace(last.outcome, curve=curve)))
    return found
