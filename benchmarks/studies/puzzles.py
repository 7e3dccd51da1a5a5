"""What the studies of language methods share: the problems, and cases that think about a few of them each.

A case holds a batch of problems, because a tiny model needs only milliseconds for one. `one_by_one` takes records apart
again, so that every problem counts as a record of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import Any

from longthink.benchmarks.harness.models import identity
from longthink.benchmarks.harness.record import JSON, Outcome, Record
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.benchmarks.harness.thinking import think_case
from longthink.bridge.tasks import game24
from longthink.bridge.tasks.function_task import make_task
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task
from longthink.bridge.training.tiny_data import BENCHMARK_SEEDS, held_out
from longthink.errors import ParameterError
from longthink.search.budget import Budget

LIMITS = ("tokens", "calls", "simulations")
"""The facts that limit the thinking about each problem."""


# ---- Problems ----


@dataclass(frozen=True)
class Problems:
    """Numbered problems that the tiny models were not trained on. load: the task of a number below `most`. package: the
    one that makes them, if it is not this one: another version may make others."""

    title: str
    load: Callable[[int], Task]
    most: int
    package: str | None = None

    def made_by(self) -> str | None:
        """The package and its version, for the facts of a case."""
        if self.package is None:
            return None
        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:  # the case says what is missing
            return self.package


@cache
def cards24() -> list[tuple[int, ...]]:
    """The held-out problems of 24 with cards from 1 to 10, as reasoning-gym's puzzle24 makes them, in random order."""
    cards = [numbers for numbers in game24.problems() if max(numbers) <= 10 and held_out(numbers, game24.TARGET)]
    Random(0).shuffle(cards)
    return cards


def sums(number: int) -> Task:
    """A sum with a product, for a model that continues solved examples."""
    random = Random(f"sums {number}")
    a, b, c = random.randint(12, 99), random.randint(12, 99), random.randint(100, 999)
    return make_task(
        f"Question: What is 12 * 11?\nAnswer: 132\nQuestion: What is 60 - 3 * 15?\nAnswer: 15\n"
        f"Question: What is {a} * {b} + {c}?",
        lambda lines: bool(lines) and lines[-1].startswith("Answer:"),
        lambda answer: float(answer == str(a * b + c)),
        answer=lambda lines: lines[-1].removeprefix("Answer:").strip(),
        max_steps=4,
        name=f"sums({number})",
    )


PROBLEMS: Mapping[str, Problems] = {
    "countdown": Problems(
        "Countdown with four numbers",
        lambda number: load_task("countdown", seed=number),
        BENCHMARK_SEEDS,
        "reasoning-gym",
    ),
    "game24": Problems(
        "The hard games of 24",
        lambda number: load_task("game24", number=game24.HARD[number]),
        len(game24.HARD),
    ),
    "puzzle24": Problems(
        "Games of 24 with cards to 10", lambda number: load_task("game24", numbers=cards24()[number]), 143
    ),
    "sums": Problems("Sums with a product", sums, 1_000_000),
}


# ---- Cases ----


def batches(problems: int, model: str | None) -> Iterator[list[int]]:
    """The numbers of the first problems, in batches for one case each: ten for the tiny models, else one."""
    size = 10 if model is None or model.startswith("tiny") else 1
    for first in range(0, problems, size):
        yield list(range(first, min(first + size, problems)))


def seconds_per_token(model: str | None) -> float:
    """About how long a model takes for a token of a prompt or an answer on one core; a guess for unknown models."""
    return 1e-4 if model is None or model.startswith("tiny") else 2e-2


def case(
    task: str, problems: Sequence[int], method: str, model: str | None, cost: float, seed: int = 0, **facts: JSON
) -> Case:
    """A case that thinks about some problems. facts: further ones, among them a limit of `LIMITS`.

    method: with its options, as in "beam(width=25)". seed: problem number n is thought about with seed + n.

    Raises `ParameterError` for a task that does not exist, or a number that it does not have.
    """
    if task not in PROBLEMS:
        raise ParameterError(f"task expects one of {', '.join(PROBLEMS)}, got {task!r}")
    if problems and not 0 <= problems[-1] < PROBLEMS[task].most:
        raise ParameterError(f"problems expects a number in 1..{PROBLEMS[task].most} for {task}")
    known: dict[str, JSON] = {
        "task": task,
        "problems": list(problems),
        "made_by": PROBLEMS[task].made_by(),
        "method": method,
        "model": model,
        "identity": None if model is None else identity(model),
        "seed": seed,
        **facts,
    }
    return Case(known, cost)


class PuzzleStudy(Study):
    """A study of thinking about problems, each alone. Its records have an outcome for each problem (`one_by_one`)."""

    def run(self, case: Case, context: Context) -> Outcome:
        numbers, outcomes = case.facts["problems"], []
        for place, number in enumerate(numbers):
            outcomes.append(self.think(case.facts, number, _part(context, place, len(numbers))))
        return together(numbers, outcomes)

    def think(self, facts: Mapping[str, JSON], number: int, context: Context, **arguments: Any) -> Outcome:
        """Think about one problem of a case. arguments: further ones of `think`."""
        budget = Budget(**{name: facts[name] for name in LIMITS if name in facts})
        if facts.get("kinds") is not None:
            arguments["kinds"] = tuple(facts["kinds"])
        return think_case(
            PROBLEMS[facts["task"]].load(number),
            None if facts["model"] is None else context.model(facts["model"]),
            budget,
            context,
            method=facts["method"],
            seed=facts["seed"] + number,
            **arguments,
        )


def _part(context: Context, place: int, of: int) -> Context:
    """The context of one of several pieces of a case: its progress is a part of the whole."""
    return replace(context, progress=lambda share: context.progress((place + share) / of))


# ---- Records ----


def together(numbers: Sequence[int], outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a batch: mean scores, sums of costs; "text", a line for each problem, and "each", its outcome."""
    scores = {name: sum(each.scores[name] for each in outcomes) / len(outcomes) for name in outcomes[0].scores}
    spent: dict[str, float] = {}
    for each in outcomes:
        for name, cost in each.spent.items():
            spent[name] = spent.get(name, 0.0) + cost
    parts = [{"problem": number, **asdict(each)} for number, each in zip(numbers, outcomes, strict=True)]
    text = "\n".join(_in_words(number, each) for number, each in zip(numbers, outcomes, strict=True))
    return Outcome(scores, spent, artifacts={"text": text, "each": parts})


def _in_words(number: int, outcome: Outcome) -> str:
    """A line for the page of a case: a problem, what came of it, and the best answer."""
    scores, answer = outcome.scores, outcome.artifacts.get("answer")
    came = "solved" if scores.get("solved") else "not solved"
    if "samples" in scores:
        came = f"{scores['right']:.0f} of {scores['samples']:.0f} samples right"
    return f"problem {number}, {came}" + (f": {answer}" if answer else "")


def one_by_one(records: Sequence[Record]) -> list[Record]:
    """A record for each problem of each record, with the fact "problem". Records of failed cases stay as they are."""
    found = []
    for record in records:
        if record.outcome is None:
            found.append(record)
            continue
        for part in record.outcome.artifacts["each"]:
            outcome = {name: value for name, value in part.items() if name != "problem"}
            facts = {**record.facts, "problem": part["problem"]}
            found.append(
                replace(record, key=f"{record.key} {part['problem']}", facts=facts, outcome=Outcome(**outcome))
            )
    return found


def headline(text: str) -> str:
    """The sentence in bold type with which the text of a section begins; its first paragraph if there is none."""
    begin, bold, rest = text.partition("**")
    return rest.partition("**")[0] if bold and not begin else text.partition("\n")[0]
