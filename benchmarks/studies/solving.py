"""What studies of one task share: every method on the same problems, a case for each, and the usual tables and charts.

`puzzles.py` does the same for the tiny models, which think about many problems in one case.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.curves import solved_at, solved_curves
from longthink.benchmarks.harness.metrics.tables import mean_spent, share_of, share_within, table
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.models import identity
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Chart, Comparison, Role, Table
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.benchmarks.harness.thinking import think_case
from longthink.bridge.tasks.task import Task
from longthink.errors import ParameterError
from longthink.search.budget import Budget

TRACED = 2
"""The search of ours keeps the trace of this many problems."""
_TOKENS_A_SECOND = 70  # of SmolLM2 on one core
SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100)


@dataclass(frozen=True)
class Contestant:
    """A method in a study. method: as `think` takes it. kinds: as in `think`. model: whether it has the model.

    tokens: about how many it spends on a problem if the limit allows it.
    """

    method: str
    role: Role
    kinds: tuple[str, ...] | None = None
    model: bool = True
    tokens: float = math.inf


class SolvingStudy(Study):
    """A study of methods that solve problems of one task. The facts name the method by its name in the report."""

    contestants: ClassVar[Mapping[str, Contestant]]
    ours: ClassVar[str]
    """The contestant that is compared with all others."""

    @abstractmethod
    def task(self, facts: Mapping[str, JSON]) -> Task:
        """The problem of a case."""

    def case(self, name: str, problem: int, model: str, limit: Mapping[str, int], **facts: JSON) -> Case:
        """The case of a contestant and a problem. limit: of the budget; an empty one for a method that ends itself."""
        contestant = self.contestants.get(name)
        if contestant is None:
            raise ParameterError(f"methods expects names among {', '.join(self.contestants)}, got {name!r}")
        known: dict[str, JSON] = {
            "problem": problem,
            "method": name,
            "how": contestant.method,
            "kinds": None if contestant.kinds is None else list(contestant.kinds),
            "model": model if contestant.model else None,
            "identity": identity(model) if contestant.model else None,
            "limit": dict(limit),
            **facts,
        }
        return Case(known, 0.2 + min(contestant.tokens, limit.get("tokens", 0)) / _TOKENS_A_SECOND)

    def run(self, case: Case, context: Context) -> Outcome:
        facts = case.facts
        arguments: dict[str, Any] = {} if facts["kinds"] is None else {"kinds": tuple(facts["kinds"])}
        return think_case(
            self.task(facts),
            None if facts["model"] is None else context.model(facts["model"]),
            Budget(**facts["limit"]),
            context,
            method=facts["how"],
            seed=facts["problem"],
            trace=facts["method"] == self.ours and facts["problem"] < TRACED,
            **arguments,
        )

    # ---- The parts of a section ----

    def limits(self, records: Sequence[Record]) -> list[int]:
        """Limits of tokens up to the largest one: 100, 200, 500, 1,000 and so on."""
        most = max((record.facts["limit"].get("tokens", 0) for record in records), default=0)
        return [limit for k in range(2, 7) for limit in (10**k, 2 * 10**k, 5 * 10**k) if limit < most] + [most]

    def solved_table(self, records: Sequence[Record], title: str) -> Table:
        """A row for each method: the share solved within each limit, and what was spent."""
        with_model = any(record.fact("model") is not None for record in records)
        columns = {f"{n:,} tokens": share_within("tokens", n) for n in self.limits(records)} if with_model else {}
        columns |= {
            "at the end": share_of("solved", ("problem",)),
            "tokens spent": mean_spent("tokens"),
            "calls": mean_spent("calls"),
            "CPU-seconds": mean_spent("cpu_seconds", "s"),
        }
        return table(
            records, title, {"method": "method"}, columns,
            "Shares of problems with 95% Wilson intervals, means with 95% bootstrap intervals. A method leaves a "
            "problem when it is solved. Tokens: those written, and those of prompts that were not read before. A cell "
            "is empty if some cases ended too early to tell.",
        )  # fmt: skip

    def solved_chart(self, records: Sequence[Record], title: str, cost: str, label: str) -> Chart:
        """The share solved against a cost. Methods that do not spend it are left out."""
        groups = by_facts(finished(records), "method")
        roles = {
            name: contestant.role
            for name, contestant in self.contestants.items()
            if any(cost in record.spent for record in groups.get((name,), ()))
        }
        return Chart(
            title, Axis(label, log=True, unit="s" if "seconds" in cost else ""), Axis("problems solved", unit="%"),
            solved_curves(records, cost, roles),
            "Steps: the share of problems solved so far. Bands: 95% Wilson intervals.",
        )  # fmt: skip

    def compared(self, records: Sequence[Record], measure: str) -> list[Comparison]:
        """Ours with each other method: at equal tokens those that have the model, and all in equal CPU-seconds."""
        asking = [name for name, each in self.contestants.items() if each.model and name != self.ours]
        found = Question("solved", measure, self.ours, asking).within(records, "tokens", self.limits(records))
        took = [at for record in finished(records) if (at := solved_at(record, "cpu_seconds")) is not None]
        times = [t for t in SECONDS if took and min(took) <= t < 10 * max(took)]
        others = [name for name in self.contestants if name != self.ours]
        return found + Question("solved", measure, self.ours, others).within(records, "cpu_seconds", times)
