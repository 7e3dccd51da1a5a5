"""`think_all`: one budget for many problems, given out piece by piece where most is to be gained for it."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthink.bridge.methods import Thinking
from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.with_kinds import Kinds
from longthink.bridge.proposals.proposer import Proposer
from longthink.bridge.runtime.scheduler import Desk, Turns
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.think import Answer, answer_of, checked, started
from longthink.errors import ModelError, ParameterError, RequestRefusedError
from longthink.search.budget import Budget, Spent


def think_all(
    tasks: Sequence[Task],
    model: Model | None,
    budget: Budget,
    *,
    method: str = "mcts",
    proposer: Proposer | None = None,
    kinds: Kinds | None = None,
    seed: int = 0,
    progress: Callable[[Spent, int], object] | None = None,
    spent: Spent | None = None,
    trace: str | Path | None = None,
    **options: Any,
) -> list[Answer]:
    """Think about all `tasks` with one `budget`: little about easy ones, much about hard ones; an answer for each.

    All begin with one piece of work, an answer or a look of the search. Then each next piece goes to the problem whose
    expected gain, for what it costs there, is largest; one that is solved, agreed or exhausted takes no more. A gain is
    the chance that the next piece makes the best answer better, times what is missing to 1. The chance is the mean of
    Beta(1 + better, 1 + not), from how many pieces have made it better so far (Laplace's rule of succession); in a vote
    the gain is how much surer one more vote can make us of the answer in front (votes.py). The cost is the mean of
    what the pieces of this problem took of the budget so far. Giving the next piece where it gains most, after Damani
    et al., "Learning how hard to think: input-adaptive allocation of LM computation", ICLR 2025, who train a model to
    tell the gains in advance; here they are told by what has happened.

    The arguments are those of `think`, for all tasks; the seed of the second task is one more than that of the first,
    and so on. All slots of the model are kept at work, by several problems at once. progress: is told what is spent and
    how many problems are solved. spent: what has been spent of the budget already. `spent` of an answer is what
    its problem took; of the time, a problem has that of its turns, and of waiting for its answers where nothing else
    was to be done. Ctrl-C ends all with the best so far.

    A problem whose verifier, scorer, proposer or tool raises, or whose request the model refuses, is "failed", with the
    error in its answer, and the others go on. Raises what `think` raises, and `RequestRefusedError` if the model
    refuses all problems; the `answer` of a `ModelError` is the list of what was found until then.
    """
    if isinstance(tasks, Task) or not tasks:
        raise ParameterError(f"think_all expects tasks, as in [load_task('countdown', seed=0), ...], got {tasks!r}")
    chosen = checked(method, options, model, budget, proposer)
    slots = 1 if model is None else model.slots
    if proposer is not None and proposer.model is not None:
        slots = proposer.model.slots
    desk, parts = Desk(), []
    try:
        for place, task in enumerate(tasks):
            thinking = started(task, model, budget, method, options, proposer, kinds, seed + place, None, None, trace)
            thinking.desk = desk
            parts.append(_Part(place, thinking, chosen.run(thinking, **options)))
    except BaseException:  # the traces that were begun have their end, too
        for part in parts:
            part.thinking.stopped_by = "interrupted"
            answer_of(part.thinking, method, options)
        raise
    together = _Together(parts, desk, slots, Spent() if spent is None else spent, method, options, progress)
    together.run()
    return together.answers()


@dataclass(eq=False)
class _Part:
    """One of the problems, and what is known of what more work on it would gain."""

    place: int
    thinking: Thinking
    turns: Turns
    answer: Answer | None = None
    begun: int = 0  # pieces of work
    free: int = 0  # of these, those that came before anything was spent
    better: int = 0  # how often the best answer became better
    value: float = 0.0
    ticket: int = 0  # how many turns it has had: an older ticket for one is void

    def worth(self) -> float:
        """The expected gain of the next piece of work for what it costs, as a share of the budget."""
        share = self.thinking.budget.share_spent(self.thinking.spent)
        if share == 0.0:  # nothing is known yet, or nothing is to be paid
            self.free = max(0, self.begun - 1)
            return math.inf
        cost = share / (self.begun - self.free)
        if self.thinking.gain is not None:
            return self.thinking.gain() / cost
        return (1 + self.better) / (2 + self.begun) * (1.0 - self.value) / cost


class _Together:
    """Problems that are thought about in turns, at one desk and with one budget."""

    def __init__(
        self,
        parts: Sequence[_Part],
        desk: Desk,
        slots: int,
        spent: Spent,
        method: str,
        options: Mapping[str, Any],
        progress: Callable[[Spent, int], object] | None,
    ) -> None:
        self._parts, self._desk, self._slots, self._spent = parts, desk, slots, spent
        self._method, self._options = method, options
        self._whose = {id(part.thinking): part for part in parts}
        self._waiting: list[tuple[float, int, int, int]] = []  # for a turn: the largest worth first
        self._short: list[_Part] = []  # of room
        self._now = time.monotonic()
        self._last: Thinking | None = None  # whose turn it is, or was
        self._solved = 0
        self._refused: list[RequestRefusedError] = []
        for part in parts:
            part.thinking.turns = 0
            if progress is not None:
                part.thinking.progress = self._telling(part.thinking, progress)

    def _telling(self, thinking: Thinking, progress: Callable[[Spent, int], object]) -> Callable[[Spent], object]:
        return lambda spent: progress(thinking.others + spent, self._solved)

    def run(self) -> None:
        """Give turns until all have come to their end."""
        for part in self._parts:
            self._wait_for_turn(part)
        try:
            self._give_turns()
        except KeyboardInterrupt:
            self._end("interrupted")
        except ModelError as error:
            self._end("failed", error)
            error.answer = self.answers()
            raise
        except Exception as error:
            self._end("failed", error)
            raise
        except BaseException:
            self._end("interrupted")
            raise
        finally:
            for part in self._parts:
                part.turns.close()

    def answers(self) -> list[Answer]:
        return [part.answer for part in self._parts if part.answer is not None]

    def _give_turns(self) -> None:
        while True:
            if self._waiting and len(self._desk) < self._slots:
                *_, place, ticket = heapq.heappop(self._waiting)
                if self._parts[place].ticket == ticket:
                    self._turn(self._parts[place], 1)
            elif self._desk:
                self._turn(self._whose[id(self._desk.receive())], 0)
                short, self._short = self._short, []
                for part in short:
                    self._turn(part, 0)
            else:
                break
        if len(self._refused) == len(self._parts):
            raise self._refused[0]

    def _wait_for_turn(self, part: _Part) -> None:
        heapq.heappush(self._waiting, (-part.worth(), part.begun, part.place, part.ticket))

    def _turn(self, part: _Part, turns: int) -> None:
        """A problem goes on, and may begin so many pieces of work."""
        thinking, waits = part.thinking, None
        part.ticket += 1
        thinking.turns = turns
        self._go_on(thinking)
        try:
            waits = next(part.turns, None)
        except RequestRefusedError as error:
            thinking.fail(error)
            self._refused.append(error)
        except ModelError as error:
            thinking.fail(error)
            raise
        except Exception as error:
            if thinking.fail(error):
                raise
        except KeyboardInterrupt:
            thinking.stopped_by = "interrupted"
            raise
        finally:
            part.begun += turns - int(thinking.turns)
            self._count(part, ended=waits is None)
        if waits == "turn":
            self._wait_for_turn(part)
        elif waits == "room":
            self._short.append(part)

    def _go_on(self, thinking: Thinking) -> None:
        """It is another one's turn; the time in which nothing was to be done is that of the one that had waited."""
        if self._last is not thinking:
            if self._last is not None:
                self._spent, self._now = self._last.others + self._last.spent, self._last.left_off()
            thinking.go_on(self._now, self._spent - thinking.spent)
            self._last = thinking

    def _count(self, part: _Part, ended: bool) -> None:
        """What a turn has brought."""
        thinking = part.thinking
        part.better += thinking.value > part.value
        part.value = thinking.value
        if ended:
            part.answer = answer_of(thinking, self._method, self._options)
            self._solved += part.answer.correct

    def _end(self, why: str, error: Exception | None = None) -> None:
        """End what has not ended: what was asked is waited for, until Ctrl-C comes again."""
        interrupt, patient = KeyboardInterrupt(), True
        for part in self._parts:
            if part.answer is None:
                self._go_on(part.thinking)
                try:
                    if patient:
                        part.turns.throw(interrupt)
                    part.turns.close()
                except KeyboardInterrupt as again:
                    patient = again is interrupt
                except Exception as other:  # of its verifier, about an answer that had come
                    part.thinking.fail(other)
                part.thinking.stopped_by = why
                part.thinking.error = part.thinking.error or error
                self._count(part, ended=True)
