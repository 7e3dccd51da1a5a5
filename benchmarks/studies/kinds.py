"""What each kind of proposal gains: all kinds together, each one switched off, and steps with one other kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.curves import solved_curves
from longthink.benchmarks.harness.metrics.tables import difference_from, mean_spent, share_of, table
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.numbers import estimate, full, number
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Axis, Cell, Chart, Comparison, Estimate, Section, Table
from longthink.benchmarks.harness.study import Case
from longthink.benchmarks.studies.puzzles import (
    PROBLEMS,
    PuzzleStudy,
    batches,
    case,
    headline,
    one_by_one,
    seconds_per_token,
)

ALL, STEPS = "all", "steps alone"


@dataclass(frozen=True)
class KindsSettings:
    """task: "countdown", or "sums" for a model that reads. kinds: those that are offered together; "step" is among
    them. methods: searches. tokens: for each problem."""

    task: str = "countdown"
    model: str = "tiny"
    kinds: tuple[str, ...] = ("step", "answer", "revision", "subproblem", "token")
    methods: tuple[str, ...] = ("mcts", "best_first")
    problems: int = 50
    tokens: int = 1_000
    seed: int = 0


class KindsStudy(PuzzleStudy):
    """Compares a search among all kinds of proposals with fewer kinds, at equal tokens: what each of them gains."""

    name = "kinds"
    title = "What each kind of proposal gains"
    Settings = KindsSettings

    def cases(self, settings: KindsSettings) -> Iterator[Case]:
        for numbers in batches(settings.problems, settings.model):
            cost = len(numbers) * settings.tokens * seconds_per_token(settings.model)
            for method in settings.methods:
                for choice, kinds in choices(settings.kinds).items():
                    yield case(
                        settings.task, numbers, method, settings.model, cost, settings.seed,
                        kinds=list(kinds), choice=choice, offered=", ".join(settings.kinds), tokens=settings.tokens,
                    )  # fmt: skip

    def section(self, records: Sequence[Record]) -> Section:
        groups = by_facts(one_by_one(records), "task", "model", "method", "offered", "tokens")
        found = [_Ablation(group) for group in groups.values() if finished(group)]
        text = "\n\n".join(each.text() for each in found)
        return Section(
            self.title,
            text,
            [each.table() for each in found],
            [each.chart() for each in found],
            [comparison for each in found for comparison in each.comparisons()],
            headline=headline(text),
        )


def choices(kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The choices of kinds that are compared, by name: all, each one left out, steps alone, and with each other one."""
    others = [kind for kind in kinds if kind != "step"]
    found = {ALL: tuple(kinds)}
    found |= {f"without {left_out}": tuple(kind for kind in kinds if kind != left_out) for left_out in kinds}
    found |= {STEPS: ("step",)} | {f"steps and {other}": ("step", other) for other in others}
    return {name: chosen for name, chosen in found.items() if chosen}


class _Ablation:
    """The choices of kinds with one task, model and method."""

    def __init__(self, records: Sequence[Record]) -> None:
        facts = records[0].facts
        self.tokens, self.method = int(facts["tokens"]), str(facts["method"])
        self.name = f"{PROBLEMS[facts['task']].title}, {facts['model']}, {facts['method']}"
        self.records = records
        self.choices = {str(choice): group for (choice,), group in by_facts(finished(records), "choice").items()}

    def share(self, choice: str) -> Estimate | None:
        found = share_of("solved")(self.choices[choice]) if choice in self.choices else None
        return found if isinstance(found, Estimate) else None

    def text(self) -> str:
        together, alone = self.share(ALL), self.share(STEPS)
        if together is None or alone is None:
            return f"{self.name}: not all choices have been measured yet."
        gains = {
            choice.removeprefix("without "): difference
            for choice, group in self.choices.items()
            if choice.startswith("without ")
            and isinstance(difference := difference_from(group)(self.choices[ALL]), Estimate)
        }
        written = ", ".join(f"{kind} {estimate(gain, signed=True)}" for kind, gain in gains.items())
        return (
            f"**{self.name}, {self.tokens:,} tokens a problem: all kinds together solve {full(together)}, steps alone "
            f"{full(alone)}.** What is gained by each kind among all: {written}."
        )

    def table(self) -> Table:
        ahead = difference_from(self.choices.get(ALL, []))
        return table(
            self.records,
            f"{self.name}: kinds of proposals at {self.tokens:,} tokens",
            {"kinds": "choice"},
            {
                "solved": share_of("solved"),
                "ahead of all kinds": lambda group: None if group[0].fact("choice") == ALL else ahead(group),
                "tokens spent": mean_spent("tokens"),
                "proposals a problem": _proposals,
            },
            "Shares with 95% Wilson intervals, differences with Newcombe's paired 95% intervals, mean tokens with 95% "
            "bootstrap intervals.",
        )

    def chart(self) -> Chart:
        roles = {choice: "floor" if choice == STEPS else "ours" for choice in self.choices}
        return Chart(
            f"{self.name}: problems solved by tokens",
            Axis("tokens a problem", log=True),
            Axis("problems solved", unit="%"),
            solved_curves(self.records, "tokens", roles, by="choice"),  # type: ignore[arg-type]
            "The share solved so far with each choice of kinds, with 95% Wilson bands.",
        )

    def comparisons(self) -> list[Comparison]:
        """Steps alone, the default, with all kinds and with each other kind beside them."""
        others = [choice for choice in self.choices if choice == ALL or choice.startswith("steps and ")]
        question = Question("solved", f"problems solved ({self.name})", STEPS, others, by="choice")
        return question.at_budgets(self.records, "tokens")


def _proposals(records: Sequence[Record]) -> Cell:
    """How many proposals of each kind there were for a problem, the most frequent kind first."""
    counted: dict[str, float] = {}
    for record in records:
        assert record.outcome is not None
        for kind, n in record.outcome.artifacts["proposals"].items():
            counted[kind] = counted.get(kind, 0.0) + n / len(records)
    return ", ".join(f"{kind} {number(n)}" for kind, n in sorted(counted.items(), key=lambda each: -each[1]))
