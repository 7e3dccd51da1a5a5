"""Training against thinking: the tiny models by how long they were trained, and by how long they think.

After Jones, "Scaling scaling laws with board games", 2021: for each share of problems solved, the training compute and
the thinking compute that reach it, and how much of the one replaces how much of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.curves import solved_at, solved_curve
from longthink.benchmarks.harness.metrics.tables import Column, share_within, table
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.numbers import full, interval, number
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import (
    Axis,
    Cell,
    Chart,
    Comparison,
    Estimate,
    Point,
    Role,
    Section,
    Series,
    Table,
)
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.studies.puzzles import PROBLEMS, PuzzleStudy, batches, case, headline, one_by_one
from longthink.bridge.models.onnx import OnnxModel
from longthink.bridge.models.tiny.model import TRAINED_OTHERWISE, tiny_file
from longthink.bridge.training.tiny_data import lines
from longthink.errors import ParameterError, require

UNIFORM = "uniform"
SEARCH = "mcts"
LIMITS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The shares of problems solved of which contours are drawn."""
RESAMPLES = 500


@dataclass(frozen=True)
class TrainingSettings:
    """models: "tiny:SIZE", or the path of an ONNX file with "weights" and "lines" in its metadata. By default the
    smallest size with 1/16, 1/8, 1/4, 1/2 and all of its training, and the larger sizes that grew out of it. calls: of
    the model for each problem; `uniform`, which has no model, visits as many states instead."""

    task: str = "countdown"
    models: tuple[str, ...] = (*(f"tiny:{name}" for name in TRAINED_OTHERWISE), "tiny:0.25x", "tiny:1x", "tiny:4x")
    methods: tuple[str, ...] = ("greedy", "best_of_n", SEARCH)
    problems: int = 50
    calls: int = 1_000
    seed: int = 0


class TrainingStudy(PuzzleStudy):
    """Compares longer training with longer thinking: which of both reaches a share of solved problems with less."""

    name = "training"
    title = "Training against thinking"
    Settings = TrainingSettings

    def cases(self, settings: TrainingSettings) -> Iterator[Case]:
        for numbers in batches(settings.problems, None):
            facts: dict[str, JSON] = {"task": settings.task, "problems": numbers, "seed": settings.seed}
            cost = len(numbers) * settings.calls * 3e-4
            yield case(method=UNIFORM, model=None, cost=cost, simulations=settings.calls, **facts)
            for model in settings.models:
                each = 3e-3 if model.endswith("4x") else 1.5e-3  # seconds a call
                for method in settings.methods:
                    expected = {"greedy": 3, "best_of_n": min(settings.calls, 100)}.get(method, min(settings.calls, 40))
                    cost = len(numbers) * expected * each
                    yield case(method=method, model=model, cost=cost, calls=settings.calls, **facts)

    def run(self, case: Case, context: Context) -> Outcome:
        outcome, name = super().run(case, context), case.facts["model"]
        if name is None:
            return outcome
        trained = training(context.model(name))
        return replace(outcome, artifacts={**outcome.artifacts, "training": trained})

    def think(self, facts: Mapping[str, JSON], number: int, context: Context, **arguments: Any) -> Outcome:
        """Count "operations", two for each weight and token; and as calls, without a model, the visited states."""
        outcome, name = super().think(facts, number, context, **arguments), facts["model"]
        weights = 0 if name is None else int(_metadata(context.model(name))["weights"])

        def counted(costs: Mapping[str, float]) -> dict[str, float]:
            calls = costs.get("simulations" if name is None else "calls", 0)
            return {**costs, "calls": calls, "operations": 2.0 * weights * costs.get("tokens", 0.0)}

        return replace(outcome, spent=counted(outcome.spent), curve=[counted(point) for point in outcome.curve])

    def section(self, records: Sequence[Record]) -> Section:
        trained = {
            str(record.fact("model")): record.outcome.artifacts["training"]
            for record in finished(records)
            if record.outcome is not None and "training" in record.outcome.artifacts
        }
        found = [
            _Results(str(task), group, trained) for (task,), group in by_facts(one_by_one(records), "task").items()
        ]
        text = "\n\n".join(each.text() for each in found)
        return Section(
            self.title,
            text,
            [table for each in found for table in each.tables()],
            [chart for each in found for chart in each.charts()],
            [comparison for each in found for comparison in each.comparisons()],
            headline=headline(text),
        )


# ---- Training ----


def _metadata(model: object) -> Mapping[str, str]:
    """The metadata of a model. Raises `ParameterError` if it does not say how the model was trained."""
    metadata = getattr(model, "metadata", {})
    missing = {"weights", "lines"} - set(metadata)
    if missing:
        raise ParameterError(f"{model!r} has no {', '.join(sorted(missing))} in its metadata; give a tiny model")
    return dict(metadata)


def training(model: object) -> dict[str, float]:
    """What a model and all models that it grew out of took to train, "operations" and "lines", and its "weights".

    Six operations for each weight and token: two forwards, four backwards. Kaplan and others, "Scaling laws for neural
    language models", 2020, section 2.1; the tokens of a line are the mean of the first lines of the training data.
    """
    metadata: Mapping[str, str] | None = _metadata(model)
    assert metadata is not None
    total = {"weights": float(metadata["weights"]), "operations": 0.0, "lines": 0.0}
    while metadata is not None:
        total["operations"] += 6.0 * int(metadata["weights"]) * int(metadata["lines"]) * _tokens_per_line()
        total["lines"] += int(metadata["lines"])
        before = metadata.get("grown_from")
        metadata = _metadata(OnnxModel(tiny_file(before))) if before else None
    return total


@cache
def _tokens_per_line() -> float:
    """A token is a character; " from " and ": " are one each."""
    found = [f"{table}{step}".replace(" from ", "f").replace(": ", ":") for table, step in islice(lines(seed=0), 1_000)]
    return sum(map(len, found)) / len(found)


# ---- What the records say ----


class _Results:
    """The records of one task, a record for each problem. trained: what each model took to train, by its name."""

    def __init__(self, task: str, records: Sequence[Record], trained: Mapping[str, Mapping[str, float]]) -> None:
        self.name, self.records = PROBLEMS[task].title, records
        by_model = by_facts(finished(records), "model", "method")
        self.groups = {(str(model), str(method)): group for (model, method), group in by_model.items()}
        models = [model for model in trained if (model, SEARCH) in self.groups]
        self.models = sorted(models, key=lambda model: trained[model]["operations"])
        self.trained = trained
        weights = [trained[model]["weights"] for model in self.models]
        self.lengths = [model for model, w in zip(self.models, weights, strict=True) if w == min(weights)]
        self.sizes = [model for model in self.models if model == self._longest(trained[model]["weights"])]
        self.calls = max((record.facts.get("calls", 0) for record in records), default=0)
        self.limits = [limit for limit in LIMITS if limit <= self.calls]

    def _longest(self, weights: float) -> str:
        """The model of this size that was trained with most compute."""
        return [model for model in self.models if self.trained[model]["weights"] == weights][-1]

    def text(self) -> str:
        if len(self.models) < 2:
            return f"{self.name}: fewer than two models have been measured with `{SEARCH}` yet."
        lines = []
        for what, models, method in (
            ("was trained", self.lengths, SEARCH),
            ("was trained", self.lengths, "best_of_n"),
            ("grew in size and was trained", self.sizes, SEARCH),
        ):
            operations, calls = self.exchange(models, method, "operations"), self.exchange(models, method, "calls")
            if operations is not None and calls is not None:
                more = self.trained[models[-1]]["operations"] / self.trained[models[0]]["operations"]
                lines.append(
                    f"With twice the training compute, a model that {what} longer needs {number(operations.value)} "
                    f"times the thinking compute of `{method}` to solve as many problems {interval(operations)}, and "
                    f"{number(calls.value)} times the calls {interval(calls)} (n={calls.n} problems, {len(models)} "
                    f"models, {more:.1f} times the training)."
                )
        if lines:
            lines[0] = f"**{self.name}: {lines[0]}**"
        uniform = self.groups.get(("None", UNIFORM))
        if uniform is not None and self.limits:
            most = self.limits[-1]
            lines.append(
                f"Without a model and without training, {most:,} visited states solve {_share(uniform, most)}; "
                f"`{SEARCH}` with the model that was trained least, with {most:,} calls, "
                f"{_share(self.groups[self.models[0], SEARCH], most)}."
            )
        return " ".join(lines)

    def tables(self) -> list[Table]:
        columns: dict[str, Column] = {f"{limit:,} calls": share_within("calls", limit) for limit in self.limits}
        columns["CPU-ms a call"] = _milliseconds
        shares = table(
            self.records,
            f"{self.name}: problems solved by calls of the model",
            {"model": "model", "method": "method"},
            columns,
            "Shares with 95% Wilson intervals. Without a model, a call is a state that is visited.",
        )
        rows: list[list[Cell]] = [
            [f"{level:.0%}", *(self.contour(model, level) for model in self.models)] for level in LEVELS
        ]
        contours = Table(
            f"{self.name}: operations of {SEARCH} a problem that solve a share of the problems",
            ["solved", *(self._heading(model) for model in self.models)],
            rows,
            "Operations are two for each weight and token of thinking, and six in training, with that of the models "
            "from which a model was grown. 95% bootstrap intervals over problems. A cell is empty if the share was not "
            "reached.",
        )
        return [shares, contours] if self.models else [shares]

    def _heading(self, model: str) -> str:
        trained = self.trained[model]
        return f"{model}, trained with {trained['operations']:.2g} operations"

    def charts(self) -> list[Chart]:
        share = Axis("problems solved", unit="%")
        thinking = Axis("thinking: operations a problem", log=True)
        drawn: dict[str, Role] = {SEARCH: "ours", "best_of_n": "floor"}
        steps = [
            solved_curve(self.groups[model, method], "operations", name=f"{model}, {method}", role=role)
            for model in self.models
            for method, role in (drawn if model in self.sizes else {SEARCH: drawn[SEARCH]}).items()
            if (model, method) in self.groups
        ]
        contours = []
        for level in LEVELS:
            reached = [(model, found) for model in self.models if (found := self.contour(model, level)) is not None]
            points = [
                Point(self.trained[model]["operations"], each.value, each.low, each.high) for model, each in reached
            ]
            contours.append(Series(f"{level:.0%} solved", points))
        return [
            Chart(
                f"{self.name}: problems solved by thinking compute",
                thinking,
                share,
                steps,
                "Steps: the share solved so far by each model, with a search and by sampling. Bands: 95% Wilson "
                "intervals.",
            ),
            Chart(
                f"{self.name}: training against thinking",
                Axis("training: operations", log=True),
                thinking,
                [each for each in contours if each.points],
                f"Contours of equal shares solved by {SEARCH}. A contour that falls says that training saves thinking; "
                "it rises if a larger model needs hardly fewer calls. Bands: 95% bootstrap intervals over problems.",
            ),
        ]

    def comparisons(self) -> list[Comparison]:
        """The search with greedy answers and with sampling at equal calls, for each size."""
        found = []
        for model in self.sizes:
            mine = [record for record in self.records if record.fact("model") == model]
            question = Question("solved", f"problems solved ({self.name}, {model})", SEARCH, ["greedy", "best_of_n"])
            found += question.within(mine, "calls", [limit for limit in (10, 100) if limit in self.limits])
        return found

    # ---- Contours ----

    def contour(self, model: str, level: float) -> Estimate | None:
        """The operations of thinking with which a model solves a share of the problems; None if it does not."""
        costs = np.array(list(_by_problem(self.groups[model, SEARCH], "operations").values()))
        value = _quantile(costs, level)
        if not np.isfinite(value):
            return None
        drawn = np.array([_quantile(each, level) for each in _redrawn(costs)])
        low, high = np.quantile(drawn, (0.025, 0.975), method="nearest")
        return Estimate(float(value), float(low), float(high) if np.isfinite(high) else None, len(costs))

    def exchange(self, models: Sequence[str], method: str, cost: str) -> Estimate | None:
        """By what factor a cost of thinking changes for twice the training compute, at equal shares solved.

        Parallel lines through the contours, in logarithms of both, one line for each level. The interval resamples
        problems, the same ones for all models.
        """
        models = [model for model in models if (model, method) in self.groups]
        if len(models) < 2:
            return None
        costs = [_by_problem(self.groups[model, method], cost) for model in models]
        problems = sorted(set.intersection(*(set(each) for each in costs)))
        trained = np.log2([self.trained[model]["operations"] for model in models])
        aligned = np.array([[each[number] for number in problems] for each in costs])

        def factor(chosen: NDArray[np.intp]) -> float:
            rows = np.array([[_quantile(each, level) for each in aligned[:, chosen]] for level in LEVELS])
            rows = np.log2(rows[np.isfinite(rows).all(1)])
            if not len(rows):
                return float("nan")
            x, y = trained - trained.mean(), rows - rows.mean(1, keepdims=True)
            return float(2 ** ((y @ x).mean() / (x @ x)))

        value = factor(np.arange(len(problems)))
        if not np.isfinite(value) or len(problems) < 2:
            return None
        stats = require("scipy.stats", "compare")
        found = stats.bootstrap(
            (np.arange(len(problems)),), factor, vectorized=False, method="percentile", n_resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        return Estimate(value, float(found.low), float(found.high), len(problems))


def _by_problem(records: Sequence[Record], cost: str) -> dict[int, float]:
    """The cost at which each problem was solved; infinity if it was not."""
    found = {record.facts["problem"]: solved_at(record, cost) for record in records}
    return {problem: np.inf if at is None else at for problem, at in found.items()}


def _quantile(costs: NDArray[np.float64], level: float) -> float:
    """The smallest cost within which at least this share of the problems was solved."""
    return float(np.sort(costs)[max(0, int(np.ceil(level * len(costs) - 1e-9)) - 1)])


def _redrawn(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    return costs[np.random.default_rng(0).integers(0, len(costs), (RESAMPLES, len(costs)))]


def _share(records: Sequence[Record], calls: int) -> str:
    found = share_within("calls", calls)(records)
    return full(found) if isinstance(found, Estimate) else "not known"


def _milliseconds(records: Sequence[Record]) -> Cell:
    """CPU-milliseconds a call, of all records together."""
    calls = sum(record.spent["calls"] for record in records)
    return 1000 * sum(record.spent["cpu_seconds"] for record in records) / calls if calls else None
