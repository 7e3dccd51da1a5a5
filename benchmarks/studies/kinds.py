"""The contribution of each kind of proposal: all together, each one switched off, and steps alone, at equal tokens.

`python -m longthink.benchmarks.studies.kinds` prints the tables of docs/kinds.md. Finished work is kept in a log, so an
interrupted run resumes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated, Literal

from longthink import options
from longthink.benchmarks.harness.models import fresh_model
from longthink.benchmarks.harness.run_log import Record, Work, resumed, whole
from longthink.benchmarks.harness.statistics import lead, share
from longthink.bridge.tasks.function_task import make_task
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import think
from longthink.search.budget import Budget

ALL, STEPS = "all", "steps alone"

_SOLVED = """Question: What is 12 * 11?
Answer: 132
Question: What is 60 - 3 * 15?
Answer: 15
"""


def sums(seed: int) -> Task:
    """A sum with a product, for a model that continues solved examples."""
    random = Random(f"sums {seed}")
    a, b, c = random.randint(12, 99), random.randint(12, 99), random.randint(100, 999)
    return make_task(
        f"{_SOLVED}Question: What is {a} * {b} + {c}?",
        lambda lines: bool(lines) and lines[-1].startswith("Answer:"),
        lambda answer: float(answer == str(a * b + c)),
        answer=lambda lines: lines[-1].removeprefix("Answer:").strip(),
        max_steps=4,
        name=f"sums({seed})",
    )


def countdown(seed: int) -> Task:
    return load_task("countdown", seed=seed)


@dataclass(frozen=True)
class Suite:
    """Problems by seed, a model, the available kinds, and the tokens per problem."""

    task: Callable[[int], Task]
    model: str
    kinds: tuple[str, ...]
    tokens: int

    def cases(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The compared cases, each with its name and kinds."""
        yield ALL, self.kinds
        for without in self.kinds:
            yield f"without {without}", tuple(kind for kind in self.kinds if kind != without)
        yield STEPS, ("step",)
        for other in self.kinds:
            if other != "step":
                yield f"steps and {other}", ("step", other)


SUITES = {
    "countdown": Suite(countdown, "tiny", ("step", "answer", "revision", "subproblem", "token"), 1_000),
    "sums": Suite(sums, "smollm2", ("step", "answer", "revision", "subproblem", "strategy", "tool"), 500),
}


def run(
    suite: str,
    folder: Path,
    problems: int,
    method: str,
    model: str | None = None,
    report: Callable[[str], object] = print,
) -> list[Record]:
    """Run every choice of kinds on every problem that is not in the folder's log yet, and return all records."""
    chosen = SUITES[suite]
    named = model or chosen.model

    def think_with(name: str, kinds: tuple[str, ...], seed: int) -> Record:
        budget = Budget(tokens=chosen.tokens)
        task, model = chosen.task(seed), fresh_model(named)
        answer = whole(think(task, model, budget, method=method, kinds=kinds, seed=seed))
        return {
            "case": name, "seed": seed, "correct": answer.correct, "spent": answer.spent.as_dict(),
            "proposals": dict(answer.kinds),
        }  # fmt: skip

    def works() -> Iterator[tuple[str, Work]]:
        for name, kinds in chosen.cases():
            for seed in range(problems):
                yield f"{suite} {named} {method} {name} {seed}", partial(think_with, name, kinds, seed)
            report(f"{suite}, {method}: {name} done")

    return resumed(folder / "log.jsonl", works())


def table(records: Sequence[Record]) -> str:
    """Shares solved, the lead of all kinds together with paired 95% intervals, and proposals, as Markdown."""
    by_case: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record["seed"]):
        by_case.setdefault(record["case"], []).append(record)
    lines = ["| kinds | solved | all kinds are ahead by | mean tokens | proposals a problem |", "|---" * 5 + "|"]
    everything = [record["correct"] for record in by_case[ALL]]
    for name, found in by_case.items():
        right = [record["correct"] for record in found]
        difference = "" if name == ALL else lead(everything, right)
        tokens = sum(record["spent"]["tokens"] for record in found) / len(found)
        proposals: dict[str, float] = {}
        for record in found:
            for kind, n in record["proposals"].items():
                proposals[kind] = proposals.get(kind, 0.0) + n / len(found)
        counted = ", ".join(f"{kind} {n:.1f}" for kind, n in sorted(proposals.items(), key=lambda each: -each[1]))
        lines.append(f"| {name} | {share(sum(right), len(right))} | {difference} | {tokens:.0f} | {counted} |")
    return "\n".join(lines)


def main(
    suite: Annotated[Literal["countdown", "sums"], options.option("The problems.")] = "countdown",
    /,
    *,
    method: Annotated[str, options.option("A search of `longthink methods`.")] = "mcts",
    model: Annotated[str | None, options.option("A model of `longthink models`; default: that of the suite.")] = None,
    problems: Annotated[int, options.whole("Number of problems.", 1)] = 100,
    out: Annotated[Path, options.option("A folder for the log.", metavar="FOLDER")] = Path("runs/kinds"),
) -> None:
    """Measure what each kind of proposal gains."""
    print(table(run(suite, out, problems, method, model)))


if __name__ == "__main__":
    sys.exit(options.run_program("longthink.benchmarks.studies.kinds", main))
