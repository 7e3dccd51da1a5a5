"""Whole answers: all steps that are left, as one proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.proposals.writing import writing
from longthink.bridge.runtime.scheduler import Work

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Answer(Kind):
    """The answer that the model finds likeliest from here, and, chosen again, one more sample each time.

    So "wider" is a choice of the search, too. Wang et al., "Self-consistency improves chain of thought reasoning in
    language models", ICLR 2023; Qi et al., "Mutual reasoning makes smaller LLMs stronger problem-solvers", 2024,
    section 3.1, action 2; Inoue et al., "Wider or deeper?", NeurIPS 2025.
    """

    writes = True

    def offered(self, asking: Asking) -> bool:
        """Not where one step is left, which the kind "step" has."""
        left = asking.state.task.max_steps - len(asking.state.own)
        return asking.model is not None and (left > 1 or "step" not in asking.task.kinds)

    def again(self, asking: Asking) -> bool:
        return True

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        start, looks = asking.transcript, self.looks(asking)
        temperature, seed = float(looks > 1), asking.seed + 7919 * looks
        written = yield from writing(asking.task, asking.the_model, temperature, seed, start)
        if written is None:
            return []
        return [Proposal(self.mark("\n".join(map(_in_line, written.transcript[len(start) :]))), 1.0)]

    def mark(self, text: str) -> str:
        return f"<{self.name}>\n{text}"

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        for line in step.split("\n")[1:]:
            state = task.after(state, _out_of_line(line))
        return state


def _in_line(step: str) -> str:
    """A step, which may have the result of a tool in it, as one line."""
    return step.replace("\\", "\\\\").replace("\n", "\\n")


def _out_of_line(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))
