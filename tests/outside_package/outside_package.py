"""A package that adds one entry of every sort to longthink, with public names alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import longthink as lt


def small_hex(size: int = 3) -> lt.Game:
    """Hex on a small board."""
    return lt.load_game("hex", board_size=size)


def hex_of_size(size: str) -> lt.Game:
    """Hex on a board of the size after the colon."""
    return lt.load_game("hex", board_size=int(size))


def add(seed: int = 0, terms: int = 2) -> lt.Task:
    """Add numbers."""
    numbers = [seed + place for place in range(terms)]
    return lt.make_task(
        f"Add {numbers}.",
        done=lambda lines: bool(lines) and lines[-1].startswith("Answer: "),
        verify=lambda answer: float(answer == str(sum(numbers))),
        answer=lambda lines: lines[-1].removeprefix("Answer: "),
        name=f"outside_task(seed={seed}, terms={terms})",
    )


class Repeats(lt.Model):
    """A model that writes the last hint of its prompt, or that it does not know."""

    def __init__(self, unknown: str = "no idea") -> None:
        self.name, self.unknown = f"repeats {unknown}", unknown

    def answer(self, request: lt.Request) -> list[lt.Completion]:
        hints = [line for line in request.prompt.splitlines() if line.startswith("<outside_kind> ")]
        said = hints[-1].removeprefix("<outside_kind> ") if hints else self.unknown
        first = lt.Completion(f"Answer: {said}", generated_tokens=3, calls=1)
        return [first] * request.n


class Hint(lt.Kind):
    """A line with a number, which the model reads from there on."""

    name = "outside_kind"

    def __init__(self, limit: int = 1) -> None:
        self.limit = limit

    def offered(self, query: lt.ProposalQuery) -> bool:
        return query.state.made.count(self.name) < self.limit

    def propose(self, query: lt.ProposalQuery) -> list[lt.Proposal]:
        return [lt.Proposal(self.mark(number), 0.5) for number in ("7", "1")]

    def apply(self, task: lt.Task, state: lt.TranscriptState, step: str) -> lt.TranscriptState:
        return state.note(step)


class Length(lt.Tool):
    """How many letters a word has."""

    name, description, example = "outside_tool", "how many letters a word has", ("owl", "3")

    def call(self, text: str) -> lt.ToolResult:
        return lt.ToolResult(str(len(text)), None, 0.0)


@dataclass
class Twice(lt.Method):
    """Sample a few whole answers."""

    times: int = 2

    def begin(self, session: lt.Session) -> None:
        super().begin(session)
        self.asked = 0

    def ask(self) -> lt.Job | None:
        if self.asked == self.times:
            return None
        self.asked += 1
        return lt.Write(seed=self.asked)

    def tell(self, job: lt.Job, result: Any) -> None:
        if result is not None:
            self.session.finished(result.transcript, result.priors)


class Short:
    """A verifier: an answer of at most `most` characters is correct."""

    def __init__(self, model: lt.Model | None, most: int = 7) -> None:
        self.most = most

    def __call__(self, task: lt.Task, transcript: tuple[str, ...]) -> float:
        return float(len(task.answer(transcript)) <= self.most)


class First(lt.Agent):
    """Plays the first legal action, or resigns at once."""

    def __init__(self, resigns: bool = False) -> None:
        self.resigns = resigns

    def act(self, view: Any) -> int | None:
        return None if self.resigns else int(view.legal_actions()[0])


class Guessing(lt.Study):
    """Guesses by bisection against guesses in order."""

    name, title = "outside_study", "Guessing a number"

    @dataclass(frozen=True)
    class Settings:
        """sizes: how many numbers there are."""

        sizes: tuple[int, ...] = (10, 100)

    def cases(self, settings: Settings) -> Iterable[lt.Case]:
        for size in settings.sizes:
            for method in ("bisection", "in order"):
                yield lt.Case({"method": method, "size": size}, cost=0.01)

    def run(self, case: lt.Case, context: lt.Context) -> lt.Outcome:
        size = case.facts["size"]
        guesses = size.bit_length() if case.facts["method"] == "bisection" else size
        return lt.Outcome({"found": 1}, {"guesses": guesses})

    def section(self, records: Sequence[lt.Record]) -> lt.Section:
        rows = [(record.fact("method"), record.fact("size"), record.spent["guesses"]) for record in records]
        return lt.Section(self.title, tables=[lt.Table("Guesses", ("method", "numbers", "guesses"), rows)])
