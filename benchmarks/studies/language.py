"""The language domain: how many Countdown problems each method solves, by tokens and by seconds.

All methods think about the same problems with the same limit. When a method finds a correct answer, the study records
what it has spent, so one run gives the whole curve. Uniform proposals and the task's own solver use no model and no
tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from longthink.benchmarks.harness.job import Job, Progress
from longthink.benchmarks.harness.models import fresh_model
from longthink.benchmarks.harness.run_log import whole
from longthink.bridge.methods import methods
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.thinking.think import think
from longthink.search.budget import Budget, Spent

OURS, UNIFORM, EXACT = "searched proposals", "uniform proposals", "exhaustive solver"
NAMES = {"mcts": OURS, "greedy": "greedy", "best_of_n": "best of n", "uniform": UNIFORM, "exhaustive": EXACT}


@dataclass(frozen=True)
class LanguageSettings:
    """The number of problems, their size, and the limits per problem: tokens, or simulations without a model."""

    problems: int = 24
    count: int = 4
    tokens: int = 1_000
    simulations: int = 3_000
    model: str | None = None


def jobs(settings: LanguageSettings) -> list[Job]:
    """One job for each problem and method."""
    return [_job(settings, seed, method) for seed in range(settings.problems) for method in NAMES]


def _job(settings: LanguageSettings, seed: int, method: str) -> Job:
    needs_model = methods()[method].needs_model
    limit = {"tokens": settings.tokens} if needs_model else {"simulations": settings.simulations}
    config: dict[str, Any] = {
        "task": "countdown",
        "count": settings.count,
        "seed": seed,
        "method": method,
        "budget": None if method == "exhaustive" else limit,
        "model": (settings.model or "smollm2") if needs_model else None,
    }

    def run(progress: Progress) -> dict[str, Any]:
        task = load_task("countdown", seed=seed, count=settings.count)
        model = fresh_model(settings.model) if needs_model else None
        budget = Budget(**limit)

        def report(spent: Spent) -> None:
            progress(budget.share_spent(spent))

        answer = whole(think(task, model, budget, method=method, seed=seed, progress=report))
        return {
            "task": task.name,
            "prompt": task.prompt,
            "answer": answer.text,
            "correct": answer.correct,
            "spent": answer.spent.as_dict(),
            "solved_at": None if answer.solved_at is None else answer.solved_at.as_dict(),
            "stopped_by": answer.stopped_by,
            "trace": answer.trace.as_dict() if method == "mcts" else None,
        }

    weight = {"greedy": 1.6, "best_of_n": 6.8, "mcts": 4.8}.get(method, 0.15)
    return Job(
        "language", NAMES[method], config, run, weight=weight * settings.tokens / 1_000 if needs_model else weight
    )
