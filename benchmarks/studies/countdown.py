"""Countdown with a language model: searched proposals against answers of the model, blind search and the exact solver.

An exact solver enumerates these problems in hundredths of a second, so no search by a language model can win here.
The comparison stays because it measures what the search adds to the model, and what a solver made for the domain does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.numbers import full
from longthink.benchmarks.harness.record import JSON, Record, by_facts
from longthink.benchmarks.harness.section import Section
from longthink.benchmarks.harness.study import Case
from longthink.benchmarks.studies.solving import Contestant, SolvingStudy
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task

OURS = "searched proposals"


@dataclass(frozen=True)
class CountdownSettings:
    """problems: their number. count: of the numbers of each. tokens: the limit for each problem. simulations: the same
    for the search without a model. methods: among those of the study."""

    problems: int = 24
    count: int = 4
    tokens: int = 1_000
    simulations: int = 3_000
    model: str = "smollm2"
    methods: tuple[str, ...] = (OURS, "greedy", "best of n", "uniform proposals", "exhaustive solver")


class CountdownStudy(SolvingStudy):
    """Compares search over a model's proposals with the model alone, search without a model, and the exact solver."""

    name = "countdown"
    title = "Countdown with a language model"
    Settings = CountdownSettings
    contestants: ClassVar[Mapping[str, Contestant]] = {
        OURS: Contestant("mcts", "ours", tokens=500),
        "greedy": Contestant("greedy", "floor", tokens=100),
        "best of n": Contestant("best_of_n", "floor"),
        "uniform proposals": Contestant("uniform", "floor", model=False),
        "exhaustive solver": Contestant("exhaustive", "best", model=False),
    }
    ours = OURS

    def cases(self, settings: CountdownSettings) -> Iterator[Case]:
        for problem in range(settings.problems):
            for name in settings.methods:
                limit = {"tokens": settings.tokens}
                if name == "uniform proposals":
                    limit = {"simulations": settings.simulations}
                elif name == "exhaustive solver":
                    limit = {}
                yield self.case(name, problem, settings.model, limit, count=settings.count)

    def task(self, facts: Mapping[str, JSON]) -> Task:
        return load_task("countdown", seed=facts["problem"], count=facts["count"])

    def section(self, records: Sequence[Record]) -> Section:
        if not finished(records):
            return Section(self.title)
        text = _text(records)
        return Section(
            self.title,
            text,
            [self.solved_table(records, "Problems solved")],
            [
                self.solved_chart(records, "Problems solved by tokens", "tokens", "tokens a problem"),
                self.solved_chart(records, "Problems solved by CPU-seconds", "cpu_seconds", "CPU-seconds a problem"),
            ],
            self.compared(records, "problems solved"),
            headline=text.partition("\n")[0].strip("*"),
        )


def _text(records: Sequence[Record]) -> str:
    said = []
    for (name,), group in by_facts(finished(records), "method").items():
        seconds = estimate([record.spent.get("cpu_seconds", 0.0) for record in group], "s")
        said.append(
            f"{name} {full(estimate([r.scores['solved'] for r in group], '%'))} in {seconds.value:.2g} CPU-seconds each"
        )
    return (
        f"**{'; '.join(said)}.**\n\n"
        "The exact solver enumerates all expressions. It needs no model, and a search by a language model does not "
        "reach its speed on problems of this size. Uniform proposals show what the search does without a model."
    )
