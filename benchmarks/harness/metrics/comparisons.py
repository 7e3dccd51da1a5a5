"""Comparisons of our method with others, from records: at equal cost along the way, at equal budget, in equal time.

Methods are always compared on the items that both have: `items` are the facts that name one, for example ("problem",).
Several records of an item, for example several seeds, are averaged first, so the interval is over items. Shares get
Newcombe's interval and McNemar's exact test if every outcome is 0 or 1; everything else gets a paired bootstrap and a
permutation test (or Student's). Failed records are left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from longthink.benchmarks.harness.metrics import payoffs, shares
from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.within import Item, finished, values, values_within
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Comparison, Estimate

TIMES = {"seconds": "s", "cpu_seconds": "CPU-s"}
"""Costs that are time, and how they are written."""
I = TypeVar("I", bound=Hashable)  # noqa: E741


@dataclass(frozen=True)
class Paired:
    """Two methods on the same items. difference: ours minus the others'. p: two-sided; None without randomness."""

    ours: Estimate
    others: Estimate
    difference: Estimate
    p: float | None


def paired(
    ours: Mapping[I, float], others: Mapping[I, float], unit: str = "", random: bool = True, normal: bool = False
) -> Paired | None:
    """Two methods on the items that both have; None if there are none.

    ours, others: the value of each item. unit: "%" for shares. random: False if a repetition would give the same
    values, for example exact solvers; then there are no intervals, and no p-value. normal: whether differences vary
    like normal numbers over items, for example exploitability over seeds; then the test is Student's, which needs only
    a few items.
    """
    both = [item for item in ours if item in others]
    if not both:
        return None
    a, b = [ours[item] for item in both], [others[item] for item in both]
    if not random:
        mean, their_mean = float(np.mean(a)), float(np.mean(b))
        mine, theirs, difference = (Estimate(x, n=len(both), unit=unit) for x in (mean, their_mean, mean - their_mean))
        return Paired(mine, theirs, difference, p=None)
    if unit == "%" and {*a, *b} <= {0.0, 1.0}:
        difference, p = shares.paired_difference(a, b), shares.mcnemar_p(a, b)
    else:
        difference, p = payoffs.paired_difference(a, b, unit), (payoffs.student_p if normal else payoffs.paired_p)(a, b)
    return Paired(estimate(a, unit), estimate(b, unit), difference, p)


@dataclass(frozen=True)
class Question:
    """What is compared, and between whom.

    score: the name of the score. measure: how a reader would call it, for example "problems solved". ours, others: the
    methods; others: all but ours if empty. items: the facts that name an item; the value of a method whose records have
    none of them, such as a solver without a seed, counts for every item of the other. by: the fact that names the
    method. random, normal: as of `paired`. If there are several of ours, the best of them is chosen at each cost; a
    p-value knows nothing of this choice.
    """

    score: str
    measure: str
    ours: str | Sequence[str]
    others: Sequence[str] = ()
    items: Sequence[str] = ("problem",)
    unit: str = "%"
    by: str = "method"
    higher_is_better: bool = True
    random: bool = True
    normal: bool = False

    def within(self, records: Sequence[Record], cost: str, limits: Iterable[float]) -> list[Comparison]:
        """Compare what is reached when `limit` of `cost` was spent on each item (within.py), for each of the limits.

        A pair of methods is left out at limits at which the score of one of them is not known.
        """
        made, methods = [], self._methods(records)
        before = 0.0 if self.unit == "%" else None
        for other in self._others(methods):
            for limit in limits:
                read = {
                    name: values_within(methods[name], self.score, cost, limit, self.items, before)
                    for name in (*self._ours(methods), other)
                }
                made += self._compare(read, other, _amount(limit, cost), "time" if cost in TIMES else "budget")
        return made

    def at_budgets(
        self, records: Sequence[Record], budget: str, budgets: Iterable[float] | None = None
    ) -> list[Comparison]:
        """Compare final scores of cases with the same budget. budget: the fact that holds it, such as "simulations".

        budgets: those that count; all that both methods have, if None.
        """
        made, methods = [], self._methods(records)
        wanted = None if budgets is None else set(budgets)
        for other in self._others(methods):
            for (limit,), group in by_facts(methods[other], budget).items():
                if limit is None or (wanted is not None and limit not in wanted):
                    continue
                read = {other: values(group, self.score, self.items)}
                for name in self._ours(methods):
                    same = [record for record in methods[name] if record.fact(budget) == limit]
                    read[name] = values(same, self.score, self.items)
                made += self._compare(read, other, _amount(limit, budget), "budget")
        return made

    def in_equal_time(self, records: Sequence[Record], budget: str, cost: str = "seconds") -> list[Comparison]:
        """Compare each other method at its largest budget with ours at the largest that takes no more time on average.

        budget: the fact that holds it; the cases of a method without it count as one budget. cost: "seconds" or
        "cpu_seconds". If ours takes longer even at its smallest budget, it is compared at that one if it is not better
        all the same, and the text says so; if it is better, there is no comparison.
        """
        made, methods = [], self._methods(records)
        for other in self._others(methods):
            time, group = list(_by_cost(methods[other], budget, cost).items())[-1]
            read, slower = {other: values(group, self.score, self.items)}, dict[str, float]()
            for name in self._ours(methods):
                costs = _by_cost(methods[name], budget, cost)
                took = max((mine for mine in costs if mine <= time), default=min(costs))
                read[name] = values(costs[took], self.score, self.items)
                if took > time:
                    slower[name] = took
            for found in self._compare(read, other, _amount(time, cost), "time"):
                if found.ours not in slower:
                    made.append(found)
                elif (found.difference.value > 0) != self.higher_is_better or found.difference.value == 0:
                    made.append(replace(found, at=f"{found.at}, ours {_amount(slower[found.ours], cost)}"))
        return made

    def _compare(
        self,
        read: Mapping[str, Mapping[Item, float] | None],
        other: str,
        at: str,
        equal: Literal["budget", "time"],
    ) -> list[Comparison]:
        theirs, best = read[other], None
        for name, mine in read.items():
            if name == other or mine is None or theirs is None:
                continue
            found = paired(_spread(mine, theirs), _spread(theirs, mine), self.unit, self.random, self.normal)
            if found is not None and (best is None or self._better(found, best[1])):
                best = name, found
        if best is None:
            return []
        name, found = best
        return [
            Comparison(
                self.measure, at, equal, name, found.ours, other, found.others, found.difference, found.p,
                self.higher_is_better,
            )
        ]  # fmt: skip

    def _better(self, a: Paired, b: Paired) -> bool:
        return (a.ours.value > b.ours.value) == self.higher_is_better and a.ours.value != b.ours.value

    def _methods(self, records: Sequence[Record]) -> dict[str, list[Record]]:
        return {str(name): group for (name,), group in by_facts(finished(records), self.by).items()}

    def _ours(self, methods: Mapping[str, object]) -> list[str]:
        names = [self.ours] if isinstance(self.ours, str) else list(self.ours)
        return [name for name in names if name in methods]

    def _others(self, methods: Mapping[str, object]) -> list[str]:
        ours = [self.ours] if isinstance(self.ours, str) else list(self.ours)
        return [name for name in (self.others or methods) if name in methods and name not in ours]


def _spread(one: Mapping[Item, float], other: Mapping[Item, float]) -> Mapping[Item, float]:
    """The value of each item of the other method, if this one has a single value without any item."""
    alone = len(one) == 1 and all(fact is None for item in one for fact in item)
    return dict.fromkeys(other, *one.values()) if alone else one


def _amount(cost: float, name: str) -> str:
    return f"{cost:.3g} {TIMES[name]} each" if name in TIMES else f"{cost:,.10g} {name} each"


def _by_cost(records: Sequence[Record], budget: str, cost: str) -> dict[float, list[Record]]:
    """The records of each budget by their mean cost, from the smallest budget to the largest."""
    groups = sorted(by_facts(records, budget).items(), key=lambda item: item[0][0] or 0)
    return {float(np.mean([record.spent.get(cost, 0.0) for record in group])): group for _, group in groups}
