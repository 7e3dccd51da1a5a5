"""Using tools: any task, with tools that a step may call.

A call is a step of its own, "<calculator> 37 * 41". It is run when it is proposed, and its result stands in the same
step, under the call; so a search tree sees a call and its result as one action, and a call is run once.
"""

from __future__ import annotations

from collections.abc import Sequence

from longthink.bridge.task import Solved, Task, Transcript
from longthink.bridge.tools.tool import Tool
from longthink.errors import ParameterError


class WithTools(Task):
    """A task whose transcript may also hold calls of `tools`, up to `calls` of them.

    The calls are invisible to the task itself. A model reads them where they were made if the task's steps are free
    text (`free_text`), else all of them before the rest.
    """

    def __init__(self, task: Task, tools: Sequence[Tool], calls: int = 8) -> None:
        self.task, self.calls = task, calls
        self.tools = {tool.name: tool for tool in tools}
        if not tools or len(self.tools) < len(tools) or calls < 1:
            raise ParameterError(f"with_tools expects tools of different names and calls from 1, got {tools}, {calls}")
        self.name = f"{task.name} with {', '.join(self.tools)}"
        self.prompt = task.prompt
        self.max_steps = task.max_steps + calls
        self.initial = task.initial
        self.free_text = task.free_text
        self._results: dict[str, str] = {}

    def _called(self, step: str) -> Tool | None:
        """The tool that a step calls."""
        name, closed, _ = step.removeprefix("<").partition(">")
        return self.tools.get(name) if step.startswith("<") and closed else None

    def own(self, transcript: Transcript) -> Transcript:
        """The steps that are no calls: what the task itself sees."""
        return tuple(step for step in transcript if self._called(step) is None)

    def context(self, transcript: Transcript) -> str:
        told = ["A line of its own may call a tool, whose result then stands below it:"]
        told += [f"<{name}> gives {tool.description}" for name, tool in self.tools.items()]
        own = self.own(transcript)
        if self.free_text:
            return "\n".join([*told, "", self.task.context(transcript)])
        made = [step for step in transcript if self._called(step) is not None]
        return "\n".join([*told, *made, "", self.task.context(own)])

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        call = text.strip()
        tool = self._called(call)
        if tool is None:
            return self.task.parse_step(self.own(transcript), text)
        if len(transcript) - len(self.own(transcript)) >= self.calls or any(
            step.startswith(f"{call}\n") for step in transcript
        ):
            return None  # no more calls, or one that was made already
        if call not in self._results:
            self._results[call] = tool.call(call.partition(">")[2].strip().replace("\\n", "\n")).text
        return f"{call}\n{self._results[call]}"

    def done(self, transcript: Transcript) -> bool:
        return self.task.done(self.own(transcript))

    def answer(self, transcript: Transcript) -> str:
        return self.task.answer(self.own(transcript))

    def verify(self, transcript: Transcript) -> float:
        return self.task.verify(self.own(transcript))

    def check(self, answer: str) -> float:
        return self.task.check(answer)

    def solve(self) -> Solved | None:
        return self.task.solve()


def with_tools(task: Task, tools: Sequence[Tool], calls: int = 8) -> WithTools:
    """The task, where a step may also be a call of one of `tools`: `with_tools(task, [load_tool("calculator")])`.

    A line break inside a call is written "\\n". Raises `ParameterError`.
    """
    return WithTools(task, tools, calls)
