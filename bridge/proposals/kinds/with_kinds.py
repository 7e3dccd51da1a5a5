"""Any task with other kinds of proposals than steps: `WithKinds`, and the proposer that has a search choose among them.

Where several kinds are offered, the first thing to come is a choice, "<tool>", and then the proposals of that kind
alone. So a search chooses between kinds as it does between proposals, and pays for none that it does not look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds import find_kind
from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.kinds.subproblem import combined
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.runtime.scheduler import Work, do
from longthink.bridge.tasks.task import Solved, Task, Transcript
from longthink.bridge.tools.registry import load_tool
from longthink.bridge.tools.tool import Tool, ToolResult
from longthink.errors import ParameterError, ToolError
from longthink.validation import real_number, whole_number

Kinds = Sequence[str] | Mapping[str, float]
"""Names of kinds, or how likely each is chosen at first, beside the others."""
_LONGEST = 1024  # proposals and choices of a transcript, where there are more than steps


class WithKinds(Task):
    """A task whose transcript holds proposals of several kinds, which the task itself never sees: it sees steps.

    kinds: their names, or their weights by name. tools: for the kind "tool", which is called up to `calls` times in a
    transcript. revisions: at most so many in a transcript; a model reads the last `remember` answers.

    Raises `UnknownNameError` for a kind that does not exist, `ParameterError`.
    """

    def __init__(
        self,
        task: Task,
        kinds: Kinds,
        tools: Sequence[Tool] = (),
        calls: int = 8,
        revisions: int = 3,
        remember: int = 3,
    ) -> None:
        self.task, self.calls = task, whole_number("calls", calls, 1)
        self.revisions, self.remember = whole_number("revisions", revisions, 0), whole_number("remember", remember, 1)
        self.weights = weights_of(kinds)
        self.kinds: tuple[str, ...] = tuple(self.weights)
        if "tool" in self.weights and not tools:
            tools = [load_tool("calculator")]
        if tools and "tool" not in self.weights:
            raise ParameterError(f'tools are given, but the kind "tool" is not among {", ".join(self.weights)}')
        self.tools = {tool.name: tool for tool in tools}
        if len(self.tools) < len(tools):
            raise ParameterError(f"tools of different names are expected, got {', '.join(tool.name for tool in tools)}")
        self.name = f"{task.name} with {', '.join(self.tools)}" if self.tools else task.name
        self.prompt, self.initial, self.free_text = task.prompt, task.initial, task.free_text
        self.strategies = task.strategies
        self.max_steps = self._most_steps()
        self._called: dict[str, ToolResult] = {}
        self._values: dict[Transcript, float] = {}
        self._states = {task.initial: State(task, task.initial)}

    def _most_steps(self) -> int:
        """Proposals and choices in a longest transcript."""
        most = 2 * (self.task.max_steps + (self.calls if self.tools else 0))
        return most if self.weights.keys() <= {"step", "tool"} else max(_LONGEST, 4 * most)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_states": {self.task.initial: State(self.task, self.task.initial)}}

    # ---- States ----

    def state(self, transcript: Transcript) -> State:
        """What a transcript has come to."""
        known = len(transcript)
        while known and transcript[:known] not in self._states:
            known -= 1
        for length in range(known + 1, len(transcript) + 1):
            self._states[transcript[:length]] = self.after(
                self._states[transcript[: length - 1]], transcript[length - 1]
            )
        return self._states[transcript]

    def after(self, state: State, step: str) -> State:
        """The state after one more proposal, or a choice."""
        name = self.kind_of(step)
        if name == "choice":
            return replace(state, chosen=step[1:-1])
        state = find_kind(name).apply(self, replace(state, chosen="", made=(*state.made, name)), step)
        while state.whole is not None and state.task.done(state.own) and not state.dead:
            state = combined(state)
        return state

    def value(self, state: State) -> float:
        """How right the answer of a state is."""
        if state.own not in self._values:
            self._values[state.own] = self.task.verify(state.own)
        return self._values[state.own]

    def kind_of(self, step: str) -> str:
        """Which kind of proposal a step is, or "choice" where it chooses one."""
        name, closed, _ = step.removeprefix("<").partition(">")
        if not step.startswith("<") or not closed:
            return "step"
        if name in self.tools:
            return "tool"
        if name not in self.weights:
            return "step"
        if step == f"<{name}>" and not find_kind(name).bare:
            return "choice"
        return name

    def room(self, transcript: Transcript) -> bool:
        """Whether a choice and a proposal may follow."""
        return len(transcript) + 2 <= self.max_steps

    def offered(self, asking: Asking) -> list[Kind]:
        """The kinds that may come next."""
        state = asking.state
        if state.dead or not self.room(asking.transcript):
            return []
        if state.partial:
            return [find_kind("token")]
        answered, found = self.answered(asking.transcript), map(find_kind, self.weights)
        return [kind for kind in found if kind.follows_answer == answered and kind.offered(asking)]

    # ---- Tools ----

    def call(self, call: str) -> ToolResult:
        """What a tool gives for "<NAME> TEXT", the first time or as it did then.

        An exception of the tool is a call that it can make no sense of; a `ToolError` is raised.
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

    def failed(self, step: str) -> bool:
        """Whether the tool made no sense of a call that was made."""
        return self._called[step.partition("\n")[0]].error is not None

    # ---- The task ----

    def context(self, transcript: Transcript) -> str:
        state, told = self.state(transcript), [line for name in self.weights for line in find_kind(name).told(self)]
        own = state.own
        if state.task.free_text:
            for place, note in reversed(state.notes):
                own = (*own[:place], note, *own[place:])
        else:
            told += [note for _, note in state.notes]
        if state.strategy:
            told.append(f"Strategy: {state.strategy}")
        before = "\n".join([*told, "", ""]) if told else ""
        earlier = self.task.revision(state.earlier[-self.remember :]) if state.earlier else ""
        return before + earlier + state.task.context(own) + state.partial

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        state, name = self.state(transcript), self.kind_of(text.strip())
        if state.dead or name == "choice":
            return None
        return find_kind(name).parse(self, state, text)

    def legal_steps(self, transcript: Transcript) -> Sequence[str] | None:
        state = self.state(transcript)
        return state.task.legal_steps(state.own)

    def answered(self, transcript: Transcript) -> bool:
        state = self.state(transcript)
        pending = state.whole is not None or state.partial or state.dead
        return not pending and self.task.done(state.own)

    def done(self, transcript: Transcript) -> bool:
        if not self.answered(transcript):
            return False
        asking = Asking(self, transcript, self.state(transcript), None, 0)
        return self.value(asking.state) >= 1.0 or not self.offered(asking)

    def answer(self, transcript: Transcript) -> str:
        return self.task.answer(self.state(transcript).own)

    def verify(self, transcript: Transcript) -> float:
        return self.value(self.state(transcript)) if self.answered(transcript) else 0.0

    def check(self, answer: str) -> float:
        return self.task.check(answer)

    def canonical(self, answer: str) -> str:
        return self.task.canonical(answer)

    def value_context(self, transcript: Transcript) -> str:
        return self.task.value_context(self.state(transcript).own)

    def revision(self, earlier: Sequence[tuple[str, float]]) -> str:
        return self.task.revision(earlier)

    def solve(self) -> Solved | None:
        return self.task.solve()

    def picture(self, transcript: Transcript) -> bytes | None:
        return self.task.picture(self.state(transcript).own)


class KindProposer(Proposer):
    """A choice of the kinds that are offered, and then the proposals of the one that was chosen.

    steps: what proposes steps, in place of what fits task and model.
    """

    def __init__(self, model: Model | None, seed: int = 0, steps: Proposer | None = None) -> None:
        super().__init__()
        self._steps, self._seed = steps, seed
        self._proposed: dict[Transcript, set[str]] = {}  # by place, where a kind may be chosen again
        self.model = steps.model if steps is not None and steps.model is not None else model

    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        proposals, spent = do(self.work(task, transcript), self.model)
        self.spent += spent
        return proposals or []

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        assert isinstance(task, WithKinds)
        state = task.state(transcript)
        asking = Asking(task, transcript, state, self.model, self._seed, self._steps)
        kinds = [find_kind(state.chosen)] if state.chosen else task.offered(asking)
        if not kinds:
            return []
        if len(kinds) > 1 or (kinds[0].again(asking) and not state.chosen):
            total = sum(task.weights[kind.name] for kind in kinds)
            return [Proposal(f"<{kind.name}>", task.weights[kind.name] / total) for kind in kinds]
        kind = kinds[0]
        proposals = yield from kind.work(asking)
        if proposals is None or not kind.again(asking):
            return proposals
        known = self._proposed.setdefault((*transcript[: len(transcript) - kind.looks(asking)], kind.name), set())
        fresh = [each for each in proposals if each.text not in known]
        known.update(each.text for each in fresh)
        if not task.room(transcript):
            return fresh
        share = 1 / (len(fresh) + 1)
        return [*(Proposal(each.text, share) for each in fresh), Proposal(f"<{kind.name}>", share)]


def weights_of(kinds: Kinds) -> dict[str, float]:
    """The weights of kinds by name. Raises `UnknownNameError`, `ParameterError`."""
    if isinstance(kinds, str) or not kinds:
        raise ParameterError(f'kinds expects names as in ("step", "answer"), or weights by name, got {kinds!r}')
    weights = dict(kinds) if isinstance(kinds, Mapping) else dict.fromkeys(kinds, 1.0)
    for name, weight in weights.items():
        find_kind(name)
        weights[name] = real_number(f"kinds: the weight of {name}", weight, 0, above=True)
    if not any(find_kind(name).writes for name in weights):
        raise ParameterError(f'kinds expects one that writes, "step", "token" or "answer", got {", ".join(weights)}')
    return weights


def with_kinds(task: Task, kinds: Kinds, **options: Any) -> Task:
    """The task with these kinds of proposals in place of those it had; options: those of `WithKinds`.

    Raises `UnknownNameError`, `ParameterError`.
    """
    had: dict[str, Any] = {}
    if isinstance(task, WithKinds):
        tools = list(task.tools.values()) if "tool" in kinds else []
        had = {"tools": tools, "calls": task.calls, "revisions": task.revisions, "remember": task.remember}
        if weights_of(kinds) == task.weights and not options:
            return task
        task = task.task
    steps_alone = list(weights_of(kinds)) == ["step"] and not options
    return task if steps_alone else WithKinds(task, kinds, **{**had, **options})


def with_tools(task: Task, tools: Sequence[Tool], calls: int = 8) -> WithKinds:
    """The task, where a step may also be a call of one of `tools`: `with_tools(task, [load_tool("calculator")])`.

    A line break inside a call is written "\\n". Raises `ParameterError`.
    """
    if not tools:
        raise ParameterError("with_tools expects tools of different names, at least one, got none")
    had = task.weights if isinstance(task, WithKinds) else weights_of(task.kinds)
    task = task.task if isinstance(task, WithKinds) else task
    return WithKinds(task, {**had, "tool": 1.0}, tools, calls)
