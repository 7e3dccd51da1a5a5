"""A task that uses up any budget, for tests and benchmarks, and the script of a model for it."""

from __future__ import annotations

from longthink.bridge.tasks.task import Task, Transcript


class Tower(Task):
    """Ten digits; no answer is correct, so that thinking uses its whole budget."""

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
