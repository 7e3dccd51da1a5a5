"""A task that goes on to the end of any budget, for tests and benchmarks, and what a scripted model says of it."""

from __future__ import annotations

from longthink.bridge.tasks.task import Task, Transcript


class Tower(Task):
    """Ten digits; no answer is correct, so that thinking goes on to the end of its budget."""

    name, prompt, max_steps = "tower", "Write ten digits.", 10

    def context(self, transcript: Transcript) -> str:
        return "".join(transcript) + ":"

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 10

    def answer(self, transcript: Transcript) -> str:
        return "".join(transcript)

    def check(self, answer: str) -> float:
        return 0.5


def digits(prompt: str) -> dict[str, float]:
    return {digit: 0.1 for digit in "0123456789"}
