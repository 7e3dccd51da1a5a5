"""The kind "tool": "<calculator> 37 * 41", and its result.

A call runs when it is proposed, and its result is in the same proposal, below the call. So a search tree has a call and
its result as one action, and a call runs once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.kinds.with_kinds import WithKinds, with_kinds
from longthink.bridge.proposals.proposer import Proposal, merged
from longthink.bridge.tools.registry import load_tool
from longthink.bridge.tools.tool import Tool, ToolResult
from longthink.errors import ParameterError, ToolError
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.tasks.task import Task


class ToolCall(Kind):
    """A call of a tool and its result: the most likely call of each tool; chosen again, samples.

    tools: or their names. calls: in a transcript. A call that the tool cannot read is no proposal. The task never sees
    a call. If the task's steps are free text, a model reads each call at its place, else all calls before the problem.
    Yao et al., "ReAct: synergizing reasoning and acting in language models", ICLR 2023. Raises `ParameterError`.
    """

    name = "tool"

    def __init__(self, tools: Sequence[Tool | str] | str = ("calculator",), calls: int = 8) -> None:
        named = (tools,) if isinstance(tools, str) else tools
        loaded = [load_tool(tool) if isinstance(tool, str) else tool for tool in named]
        self.tools = {tool.name: tool for tool in loaded}
        if not loaded or len(self.tools) < len(loaded):
            names = ", ".join(tool.name for tool in loaded) or "none"
            raise ParameterError(f"tools of different names are expected, at least one, got {names}")
        self.calls = self.most = whole_number("calls", calls, 1)
        self.title = ", ".join(self.tools)
        self._called: dict[str, ToolResult] = {}

    @property
    def marks(self) -> Sequence[str]:
        return (self.name, *self.tools)

    def instructions(self, task: WithKinds) -> list[str]:
        lines = [f"<{name}> gives {tool.description}" for name, tool in self.tools.items()]
        for name, tool in self.tools.items():
            if tool.example is not None:
                call, result = tool.example
                lines += ["As in:", f"<{name}> {call}", result]
        return ["A line of its own may call a tool, whose result then stands below it:", *lines]

    def offered(self, query: ProposalQuery) -> bool:
        return query.model is not None and query.state.made.count(self.name) < self.calls

    def again(self, query: ProposalQuery) -> bool:
        return True

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        task, state, context = query.task, query.state, query.task.context(query.transcript)
        called: list[tuple[str | None, Completion]] = []
        looks = self.looks(query)
        for name in self.tools:
            written = yield Request(
                f"{context}<{name}>", temperature=float(looks > 1), stop=("\n",), seed=query.seed + looks
            )
            if written is None:
                break
            step = self.parse(task, state, f"<{name}> {written[0].text.strip()}")
            called.append((None if step is None or self._failed(step) else step, written[0]))
        return merged(called) if called else None

    def parse(self, task: WithKinds, state: TranscriptState, text: str) -> str | None:
        call = text.strip()
        if state.made.count(self.name) >= self.calls or any(note.startswith(f"{call}\n") for _, note in state.notes):
            return None  # no more calls, or one that was made already
        return f"{call}\n{self._call(call).text}"

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        return state.note(step)

    def _call(self, call: str) -> ToolResult:
        """The result of "<NAME> TEXT"; the tool is called the first time only.

        An exception of the tool counts as a call that it cannot read; a `ToolError` is raised.
        """
        if call not in self._called:
            name, _, text = call.removeprefix("<").partition(">")
            try:
                result = self.tools[name].call(text.strip().replace("\\n", "\n"))
            except ToolError:
                raise
            except Exception as error:
                why = f"the tool failed: {type(error).__name__}"
                result = ToolResult(f"({why})", why, 0.0)
            self._called[call] = result
        return self._called[call]

    def _failed(self, step: str) -> bool:
        """Whether the tool could not read a call that was made."""
        return self._called[step.partition("\n")[0]].error is not None


def with_tools(task: Task, tools: Sequence[Tool | str], calls: int = 8) -> WithKinds:
    """The task, in which a step may also be a call of one of `tools`: `with_tools(task, ["calculator"])`.

    A line break inside a call is written "\\n". Raises `ParameterError`.
    """
    call = ToolCall(tools, calls)
    had = task.weights if isinstance(task, WithKinds) else dict.fromkeys(task.kinds, 1.0)
    made = with_kinds(task, {call if name == call.name else name: w for name, w in {**had, call.name: 1.0}.items()})
    assert isinstance(made, WithKinds)
    return made
