"""Constrained writing: one fluent sentence of an exact number of words with three given words.

The task needs both a model and a search. The floor is sampling: the model writes whole sentences from the instruction.
The domain's own method is a beam search with a beam for each number of missing words. Ours is the general tree search,
with the same rules and settings as everywhere, over tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from longthink.benchmarks.harness.metrics.curves import solved_curves
from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.numbers import full
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Cell, Chart, Section, Table
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.studies.solving import Contestant, SolvingStudy
from longthink.bridge.tasks.constrained_writing import FLOOR, ConstrainedWriting, writing
from longthink.bridge.tasks.verifier import Fluency

TREE, BEAM, SAMPLES = "tree search", "constrained beam", "sampled sentences"


@dataclass(frozen=True)
class WritingSettings:
    """problems: each has its own given words. words: of the sentence. floor: of the mean log-probability per token.
    tokens: the limit for each problem. methods: among those of the study."""

    problems: int = 24
    words: int = 11
    floor: float = FLOOR
    tokens: int = 3_000
    model: str = "smollm2"
    methods: tuple[str, ...] = (TREE, BEAM, SAMPLES)


class WritingStudy(SolvingStudy):
    """Compares general tree search with a constrained beam and with sampling, on sentences with given words."""

    name = "writing"
    title = "Constrained writing"
    Settings = WritingSettings
    contestants: ClassVar[Mapping[str, Contestant]] = {
        TREE: Contestant("mcts", "ours", tokens=400),
        "beam over proposals": Contestant("beam", "ours", tokens=400),
        "best first": Contestant("best_first", "ours"),
        BEAM: Contestant("constrained_beam", "best", tokens=400),
        SAMPLES: Contestant("best_of_n", "floor", kinds=("step",)),
    }
    ours = TREE

    def cases(self, settings: WritingSettings) -> Iterator[Case]:
        for problem in range(settings.problems):
            for name in settings.methods:
                yield self.case(
                    name, problem, settings.model, {"tokens": settings.tokens}, words=settings.words,
                    floor=settings.floor,
                )  # fmt: skip

    def task(self, facts: Mapping[str, JSON]) -> ConstrainedWriting:
        return writing(facts["problem"], words=facts["words"], floor=facts["floor"])

    def run(self, case: Case, context: Context) -> Outcome:
        outcome, task = super().run(case, context), self.task(case.facts)
        facts: dict[str, JSON] = {"given": list(task.given)}
        answer = outcome.artifacts["answer"]
        if answer is not None and task.check(answer):
            facts["mean_logprob"] = Fluency(context.model(case.facts["model"])).logprobs(task, answer)[0]
        return replace(outcome, artifacts={**outcome.artifacts, **facts})

    def section(self, records: Sequence[Record]) -> Section:
        if not finished(records):
            return Section(self.title)
        text = self._text(records)
        by_tokens = self.solved_chart(records, "Sentences by tokens", "tokens", "tokens a sentence")
        by_seconds = self.solved_chart(records, "Sentences by CPU-seconds", "cpu_seconds", "CPU-seconds a sentence")
        return Section(
            self.title,
            text,
            [self.solved_table(records, "Sentences that meet all constraints"), _sentences(records)],
            [by_tokens, by_seconds],
            self.compared(records, "sentences that meet all constraints"),
            panel=self._panel(records),
            headline=text.partition("\n")[0].strip("*"),
        )

    def _text(self, records: Sequence[Record]) -> str:
        groups = {str(name): group for (name,), group in by_facts(finished(records), "method").items()}
        shares = {name: estimate([r.scores["solved"] for r in group], "%") for name, group in groups.items()}
        tokens = {
            name: estimate([record.spent.get("tokens", 0.0) for record in group]) for name, group in groups.items()
        }
        words = " or ".join(map(str, sorted({record.facts["words"] for record in finished(records)})))
        said = "; ".join(f"{name} {full(shares[name])}, with {tokens[name].value:,.0f} tokens each" for name in shares)
        return (
            f"**One fluent sentence of exactly {words} words with three given words: {said}.**\n\n"
            "A sentence counts if the number of words is exact, each given word stands in it once as it is given, and "
            "the mean log-probability of its tokens under the model reaches the floor, as half of the ordinary "
            "sentences of docs/tasks.md do. The model judges every sentence in the same way, whoever proposed it. The "
            "tree search is the one that plays board games: its actions are the model's next tokens and the missing "
            "words."
        )

    def _panel(self, records: Sequence[Record]) -> Chart:
        roles = {name: each.role for name, each in self.contestants.items() if name in (TREE, BEAM, SAMPLES)}
        return Chart(
            "Writing with given words",
            Axis("tokens written a sentence", log=True),
            Axis("sentences that meet all constraints", unit="%"),
            solved_curves(records, "generated_tokens", roles),
            "The share of problems solved so far: one fluent sentence of an exact number of words with three given "
            "words. Bands: 95% Wilson intervals.",
        )


def _sentences(records: Sequence[Record], most: int = 12) -> Table:
    """The sentences of the first problems."""
    rows: list[list[Cell]] = []
    groups = by_facts(finished(records), "problem")
    for (problem,), group in sorted(groups.items(), key=lambda item: item[0][0])[:most]:
        for record in group:
            assert record.outcome is not None
            found = record.outcome.artifacts
            rows.append(
                [
                    problem, ", ".join(found["given"]), str(record.fact("method")), (found["answer"] or "")[:120],
                    found.get("mean_logprob"), "yes" if record.scores["solved"] else "no",
                ]
            )  # fmt: skip
    return Table(
        "What was written",
        ["problem", "given words", "method", "sentence", "mean log-probability", "solved"],
        rows,
        "The best sentence of each method. Log-probabilities are in nats per token, for sentences that meet the exact "
        "constraints.",
    )
