"""Tool calls: "<calculator> 37 * 41", and what comes back.

A call is run when it is proposed, and its result stands in the same proposal, under the call; so a search tree sees a
call and its result as one action, and a call is run once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Completion, Request
from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal, merged
from longthink.bridge.runtime.scheduler import Work

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Call(Kind):
    """A call that the model writes after the name of each tool: the likeliest, and, chosen again, samples.

    What a tool cannot make sense of is left out. The task itself never sees a call. A model reads calls where they were
    made if the task's steps are free text, else all of them before the rest. Yao et al., "ReAct: synergizing reasoning
    and acting in language models", ICLR 2023.
    """

    def told(self, task: WithKinds) -> list[str]:
        lines = [f"<{name}> gives {tool.description}" for name, tool in task.tools.items()]
        for name, tool in task.tools.items():
            if tool.example is not None:
                call, result = tool.example
                lines += ["As in:", f"<{name}> {call}", result]
        return ["A line of its own may call a tool, whose result then stands below it:", *lines]

    def offered(self, asking: Asking) -> bool:
        return asking.model is not None and asking.state.made.count(self.name) < asking.task.calls

    def again(self, asking: Asking) -> bool:
        return True

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        task, state, context = asking.task, asking.state, asking.task.context(asking.transcript)
        called: list[tuple[str | None, Completion]] = []
        looks = self.looks(asking)
        for name in task.tools:
            written = yield Request(
                f"{context}<{name}>", temperature=float(looks > 1), stop=("\n",), seed=asking.seed + looks
            )
            if written is None:
                break
            step = self.parse(task, state, f"<{name}> {written[0].text.strip()}")
            called.append((None if step is None or task.failed(step) else step, written[0]))
        return merged(called) if called else None

    def parse(self, task: WithKinds, state: State, text: str) -> str | None:
        call = text.strip()
        if state.made.count(self.name) >= task.calls or any(note.startswith(f"{call}\n") for _, note in state.notes):
            return None  # no more calls, or one that was made already
        return f"{call}\n{task.call(call).text}"

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        return replace(state, notes=(*state.notes, (len(state.own), step)))
