"""Adaptive budgets compared with fixed ones: the problems that each solves with the tiny model, and the tokens spent.

`python -m longthink.benchmarks.studies.adaptive` prints the tables of docs/adaptive.md. A fixed budget gives every
problem the same number of tokens. An adaptive budget gives a quarter of that total to all problems together
(`think_all`). Both use the same problems, which are held out from training, and the same seeds. Finished work is kept
in a log, so an interrupted run resumes.

One run with a fixed budget records when each problem was solved, so it also gives the results of all smaller budgets.
Votes have an answer only at the end, so they run once for each budget.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Annotated, Any

from longthink import options
from longthink.benchmarks.harness.run_log import Record, Work, resumed, whole
from longthink.benchmarks.harness.statistics import lead, share
from longthink.benchmarks.studies import methods
from longthink.bridge.models.model import Model
from longthink.bridge.models.registry import load_model
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.tasks import game24
from longthink.bridge.tasks.countdown import Countdown, countdown
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import think
from longthink.bridge.thinking.think_all import think_all
from longthink.bridge.training.tiny_data import BENCHMARK_SEEDS, held_out
from longthink.errors import ParameterError
from longthink.search.budget import Budget

LIMITS = (1000, 2000)
"""The tokens that a fixed budget gives to each problem."""
PART = 4
"""The adaptive budget is the sum of the fixed ones divided by this."""
FAMILIES = ("countdown", "puzzle24")


@dataclass(frozen=True)
class Case(methods.Case):
    """A method with its options, and with additional options for the adaptive budget."""

    adaptive: Mapping[str, Any] = field(default_factory=dict)


CASES = (
    Case("best_first", "best_first"),
    Case("mcts, puct", "mcts"),
    Case("best_of_n", "best_of_n"),
    Case("majority_vote", "majority_vote", adaptive={"confidence": 0.95}, at_the_end=True),
)


def problems(family: str, count: int) -> list[Countdown]:
    """Up to `count` different problems of a reasoning-gym family that are held out from all training.

    For countdown these are the problems of the first seeds. For puzzle24 they are a random choice among all problems
    that it can generate, with cards from 1 to 10.
    """
    if family == "countdown":
        return [countdown(seed) for seed in range(count)]
    cards = [numbers for numbers in game24.problems() if max(numbers) <= 10 and held_out(numbers, game24.TARGET)]
    Random(0).shuffle(cards)
    return [game24.game24(numbers=numbers) for numbers in cards[:count]]


def run(folder: Path, count: int, report: Callable[[str], object] = print) -> list[Record]:
    """Run every budget on every problem that is not in the folder's log yet, and return all records."""
    if not 1 <= count <= BENCHMARK_SEEDS:
        raise ParameterError(f"problems expects a number in 1..{BENCHMARK_SEEDS}, got {count}")
    return resumed(folder / "log.jsonl", _works(load_model("tiny"), count, report))


def _works(model: Model, count: int, report: Callable[[str], object]) -> Iterator[tuple[str, Work]]:
    """The work to do. Each item returns the answers to all problems."""
    tasks = {family: problems(family, count) for family in FAMILIES}
    for case, family in product(CASES, FAMILIES):
        quarters = [limit // PART for limit in LIMITS]
        fixed = [*quarters, *LIMITS] if case.at_the_end else [max(LIMITS)]
        for how, thinking, limits in (("fixed", _fixed, fixed), ("adaptive", _adaptive, quarters)):
            for limit in limits:
                name = f"{family}, {case.name}, {how} {limit}"
                yield f"{name} {count}", partial(thinking, model, case, limit, tasks[family])
                report(f"{name}: done")


def _fixed(model: Model, case: Case, limit: int, tasks: Sequence[Task]) -> Record:
    answers = []
    for seed, task in enumerate(tasks):
        answer = think(task, model, Budget(tokens=limit), method=case.method, seed=seed, **case.options)
        answers.append(_record(whole(answer)))
    return {"problems": answers}


def _adaptive(model: Model, case: Case, limit: int, tasks: Sequence[Task]) -> Record:
    budget, options = Budget(tokens=limit * len(tasks)), {**case.options, **case.adaptive}
    answers = think_all(tasks, model, budget, method=case.method, **options)
    return {"problems": [_record(whole(answer)) for answer in answers]}


def _record(answer: Answer) -> dict[str, Any]:
    """Whether the answer is right, the tokens at which it was found, and the tokens spent."""
    at = None if answer.solved_at is None else answer.solved_at.tokens
    return {"right": answer.correct, "at": at, "tokens": answer.spent.tokens, "stopped_by": answer.stopped_by}


@dataclass(frozen=True)
class Outcome:
    """Which problems are solved, `[problems]`, and the total tokens if thinking stops at a solution."""

    right: list[bool]
    tokens: int


def outcome(records: Mapping[str, Sequence[Record]], family: str, case: Case, how: str, limit: int) -> Outcome:
    """The result of a budget of `limit` tokens per problem: exactly (fixed) or on average (adaptive)."""
    name = f"{family}, {case.name}, {how} "
    if how == "adaptive" or case.at_the_end:
        found = records[f"{name}{limit}"]
        return Outcome([problem["right"] for problem in found], sum(problem["tokens"] for problem in found))
    found = records[f"{name}{max(LIMITS)}"]
    right = [problem["at"] is not None and problem["at"] <= limit for problem in found]
    return Outcome(right, sum(min(limit, problem["tokens"]) for problem in found))


def table(records: Sequence[Record], family: str) -> str:
    """Shares solved with 95% Wilson intervals, total tokens, and the paired difference, as Markdown."""
    found = {record["key"].rpartition(" ")[0]: record["problems"] for record in records}
    lines = [
        "| method | fixed: tokens a problem | solved | tokens in all | left when solved | adaptive: tokens in all "
        "| solved | less fixed, points | a quarter to each: solved |",
        "|---" * 9 + "|",
    ]
    for case, limit in product(CASES, LIMITS):
        fixed = outcome(found, family, case, "fixed", limit)
        quarter = outcome(found, family, case, "fixed", limit // PART)
        adaptive = outcome(found, family, case, "adaptive", limit // PART)
        n, whole = len(fixed.right), limit * len(fixed.right)
        lines.append(
            f"| {case.name} | {limit:,} | {share(sum(fixed.right), n)} | {whole:,} | {fixed.tokens:,} "
            f"| {adaptive.tokens:,} ({adaptive.tokens / whole:.0%}) | {share(sum(adaptive.right), n)} "
            f"| {lead(adaptive.right, fixed.right)} | {share(sum(quarter.right), n)} |"
        )
    return "\n".join(lines)


def main(
    *,
    problems: Annotated[int, options.whole("Number of problems of each family; puzzle24 has 143.", 1)] = 100,
    out: Annotated[Path, options.option("A folder for the log.", metavar="FOLDER")] = Path("runs/adaptive"),
) -> None:
    """Measure adaptive budgets with the tiny model."""
    records = run(out, problems)
    for family in FAMILIES:
        print(f"\n{family}\n\n{table(records, family)}")


if __name__ == "__main__":
    sys.exit(options.run_program("longthink.benchmarks.studies.adaptive", main))
