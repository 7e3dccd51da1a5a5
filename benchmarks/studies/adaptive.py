"""One budget for many problems: given out as needed (`think_all`), or the same amount to each.

A run with a fixed budget records when each problem was solved, so it tells what every smaller budget does. It counts
in two ways: left when solved, as `think` does, and spent to the end. A vote cannot know that it is right, so it runs
once for each budget, and the adaptive vote ends when its leading answer is sure enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from longthink.benchmarks.harness.metrics.comparisons import Paired, paired
from longthink.benchmarks.harness.metrics.shares import share
from longthink.benchmarks.harness.metrics.within import finished, score_within
from longthink.benchmarks.harness.numbers import cell, full
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Cell, Chart, Comparison, Point, Section, Series, Table
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.harness.thinking import outcome_of, reporter
from longthink.benchmarks.studies.puzzles import (
    PROBLEMS,
    PuzzleStudy,
    batches,
    case,
    headline,
    one_by_one,
    seconds_per_token,
    together,
)
from longthink.bridge.thinking.think_all import think_all
from longthink.search.budget import Budget

VOTE = "majority_vote"
SURE_VOTE = "majority_vote(confidence=0.95)"
LONGEST = 4
"""The largest fixed budget is this many times the largest adaptive one: a problem may take more than the mean."""


@dataclass(frozen=True)
class AdaptiveSettings:
    """tasks: among "countdown", "puzzle24" and "game24". tokens: the budgets, as the mean of all problems."""

    tasks: tuple[str, ...] = ("countdown", "puzzle24")
    model: str = "tiny"
    problems: int = 50
    tokens: tuple[int, ...] = (125, 250, 500, 1_000)
    methods: tuple[str, ...] = ("best_first", "mcts", "best_of_n", VOTE)
    seed: int = 0


class AdaptiveStudy(PuzzleStudy):
    """Compares one budget given out adaptively with the same tokens in equal parts, both left when solved."""

    name = "adaptive"
    title = "Adaptive budgets against fixed ones"
    Settings = AdaptiveSettings

    def cases(self, settings: AdaptiveSettings) -> Iterator[Case]:
        per_token, every = seconds_per_token(settings.model), list(range(settings.problems))
        for task in settings.tasks:
            for method in settings.methods:
                longest = [LONGEST * max(settings.tokens)]
                for tokens in sorted(settings.tokens) if method == VOTE else longest:
                    for numbers in batches(settings.problems, settings.model):
                        expected = tokens if method == VOTE else min(tokens, 1_000)
                        cost, facts = len(numbers) * expected * per_token, {"tokens": tokens, "allocation": "fixed"}
                        yield case(task, numbers, method, settings.model, cost, settings.seed, **facts)
                sure = SURE_VOTE if method == VOTE else method
                for tokens in sorted(settings.tokens):
                    cost, facts = len(every) * tokens * per_token, {"tokens": tokens, "allocation": "adaptive"}
                    yield case(task, every, sure, settings.model, cost, settings.seed, **facts)

    def run(self, case: Case, context: Context) -> Outcome:
        facts = case.facts
        if facts["allocation"] == "fixed":
            return super().run(case, context)
        numbers = facts["problems"]
        tasks = [PROBLEMS[facts["task"]].load(number) for number in numbers]
        budget = Budget(tokens=facts["tokens"] * len(tasks))
        answers = think_all(
            tasks, context.model(facts["model"]), budget, method=facts["method"], seed=facts["seed"] + numbers[0],
            progress=reporter(budget, context), cancel=context.cancel,
        )  # fmt: skip
        return together(numbers, [outcome_of(task, answer) for task, answer in zip(tasks, answers, strict=True)])

    def section(self, records: Sequence[Record]) -> Section:
        results = [
            _Results(str(task), str(model), group)
            for (task, model), group in by_facts(finished(one_by_one(records)), "task", "model").items()
        ]
        pairs = [pair for each in results for pair in each.pairs]
        return Section(
            self.title,
            _text(pairs),
            [each.table() for each in results],
            [each.chart() for each in results],
            [pair.comparison() for pair in pairs],
            headline=headline(_text(pairs)),
        )


class _Fixed:
    """A method that gives the same tokens to each problem, left when solved. What it does at any number of tokens.

    problems: their numbers. limits: numbers of tokens; between two of them, the mean of what is spent is linear.
    """

    def __init__(self, method: str, records: Sequence[Record]) -> None:
        self._vote = method == VOTE
        runs = [{r.fact("problem"): r for r in run} for run in by_facts(records, "tokens").values()]
        self.problems = sorted(set.intersection(*(set(run) for run in runs)))
        self._runs = {run[self.problems[0]].facts["tokens"]: run for run in runs} if self.problems else {}
        longest = self._runs.get(max(self._runs, default=0), {})
        self.limits = sorted(self._runs) if self._vote else sorted({self._spent(longest[n]) for n in self.problems})

    @staticmethod
    def _spent(record: Record) -> float:
        return record.spent.get("tokens", 0.0)

    def at(self, limit: float) -> tuple[dict[JSON, float], float]:
        """The solved problems (1, others 0), and the mean tokens spent, with a limit of tokens for each problem.

        A vote has the result of its largest budget within the limit.
        """
        if self._vote:
            run = self._runs[max((each for each in self._runs if each <= limit), default=min(self._runs))]
            spent = [self._spent(run[number]) for number in self.problems]
            return {number: run[number].scores["solved"] for number in self.problems}, float(np.mean(spent))
        run = self._runs[max(self._runs)]
        spent = [min(limit, self._spent(run[number])) for number in self.problems]
        solved = {n: score_within(run[n], "solved", "tokens", limit) or 0.0 for n in self.problems}
        return solved, float(np.mean(spent))

    def as_much_as(self, tokens: float) -> float:
        """The limit at which it spends this many tokens a problem; for a vote, the budget that comes nearest."""
        spent = [self.at(limit)[1] for limit in self.limits]
        if self._vote:
            return float(self.limits[int(np.abs(np.log(np.array(spent) / tokens)).argmin())])
        return float(np.interp(tokens, [0.0, *spent], [0.0, *self.limits]))


@dataclass(frozen=True)
class _Pair:
    """An adaptive budget, and the fixed budget that takes as many tokens if problems are left when they are solved.

    budget: mean tokens a problem. spent: by the adaptive one. limit: of the fixed one for each problem. end: the share
    that a fixed budget of the same mean solves if it is spent to the end.
    """

    name: str
    method: str
    budget: int
    spent: float
    limit: float
    fixed_spent: float
    found: Paired
    end: Cell

    def comparison(self) -> Comparison:
        return Comparison(
            f"problems solved ({self.name}, {self.method})", f"{self.spent:,.0f} tokens spent a problem", "budget",
            "adaptive", self.found.ours, "fixed, left when solved", self.found.others, self.found.difference,
            self.found.p,
        )  # fmt: skip


class _Results:
    """All budgets of one task with one model."""

    def __init__(self, task: str, model: str, records: Sequence[Record]) -> None:
        self.name = f"{PROBLEMS[task].title}, {model}"
        groups = by_facts(records, "allocation", "method")
        self.fixed = {
            str(method): _Fixed(str(method), group)
            for (allocation, method), group in groups.items()
            if allocation == "fixed"
        }
        self.pairs: list[_Pair] = []
        for (allocation, name), group in groups.items():
            method = VOTE if name == SURE_VOTE else str(name)
            if allocation == "adaptive" and method in self.fixed:
                runs = by_facts(group, "tokens")
                self.pairs += [
                    pair for (budget,) in sorted(runs) if (pair := self._pair(method, int(budget), runs[budget,]))
                ]

    def _pair(self, method: str, budget: int, adaptive: Sequence[Record]) -> _Pair | None:
        fixed = self.fixed[method]
        spent = float(np.mean([record.spent.get("tokens", 0.0) for record in adaptive]))
        limit = fixed.as_much_as(spent)
        solved, fixed_spent = fixed.at(limit)
        found = paired({record.fact("problem"): record.scores["solved"] for record in adaptive}, solved, "%")
        if found is None:
            return None
        end = share(sum(fixed.at(budget)[0].values()), len(fixed.problems))
        return _Pair(self.name, method, budget, spent, limit, fixed_spent, found, end)

    def table(self) -> Table:
        rows: list[list[Cell]] = [
            [
                pair.method, pair.budget, pair.spent, pair.found.ours, pair.limit, pair.fixed_spent, pair.found.others,
                pair.found.difference, pair.end,
            ]
            for pair in self.pairs
        ]  # fmt: skip
        return Table(
            f"{self.name}: adaptive and fixed budgets at the same tokens",
            [
                "method", "adaptive budget", "spent", "solved", "fixed budget", "spent, left when solved", "solved",
                "difference", "adaptive budget to each, spent to the end: solved",
            ],
            rows,
            "Budgets and what is spent are tokens a problem. The fixed budget is the one that spends as much as the "
            "adaptive one if problems are left when they are solved. Shares with 95% Wilson intervals, differences "
            "with Newcombe's paired intervals.",
        )  # fmt: skip

    def chart(self) -> Chart:
        series: list[Series] = []
        for method, fixed in self.fixed.items():
            points = []
            for limit in fixed.limits:
                solved, spent = fixed.at(limit)
                level = share(sum(solved.values()), len(solved))
                points.append(Point(spent, level.value, level.low, level.high))
            series.append(Series(f"{method}, fixed", points, "floor", "line" if method == VOTE else "steps"))
            adaptive = [
                Point(pair.spent, pair.found.ours.value, pair.found.ours.low, pair.found.ours.high)
                for pair in self.pairs
                if pair.method == method
            ]
            series.append(Series(f"{method}, adaptive", adaptive, "ours", "points"))
        return Chart(
            f"{self.name}: problems solved by tokens that were spent",
            Axis("tokens spent a problem, on average", log=True),
            Axis("problems solved", unit="%"),
            series,
            "Points: one budget for all problems, given out as needed. Lines: the same budget to each problem, left "
            "when it is solved. Bands: 95% Wilson intervals.",
        )


def _text(pairs: Sequence[_Pair]) -> str:
    """What the comparison at equal tokens says, and what stopping at a solution saves."""
    if not pairs:
        return "Nothing has been measured yet."
    differences = [pair.found.difference for pair in pairs]
    ahead = sum((each.low or 0.0) > 0 for each in differences)
    behind = sum((each.high or 0.0) < 0 for each in differences)
    even = len(pairs) - ahead - behind
    last = [pair for pair in pairs if pair.method != VOTE][-1:] or pairs[-1:]
    example = last[0]
    return (
        f"**At equal tokens, an adaptive budget solves more than a fixed one that is left when solved in {ahead} of "
        f"{len(pairs)} comparisons, fewer in {behind}, and neither in {even}.**\n\n"
        f"For example, {example.method} on {example.name}: {example.spent:,.0f} tokens a problem, given out "
        f"adaptively, solve {full(example.found.ours)}; a fixed budget of {example.limit:,.0f} for each, which takes "
        f"{example.fixed_spent:,.0f} if problems are left when they are solved, {full(example.found.others)}; and "
        f"{example.budget:,} for each, spent to the end, {cell(example.end)}. An adaptive budget needs no limit for a "
        "problem: the fixed limit that spends as much is known only afterwards."
    )
