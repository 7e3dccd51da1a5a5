"""Small program synthesis: write a Python function from examples; hidden tests in the sandbox determine its value.

The hidden function is composed of a few primitives. The first of the shortest functions that fit the examples also
passes the hidden tests, so the examples determine the function. A step is one line of the body; a `return` of the
function ends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import accumulate, product
from random import Random
from typing import Any

from longthink.bridge.tasks.task import Solved, Task, Transcript
from longthink.bridge.tools.sandbox import SandboxLimits, run
from longthink.errors import ParameterError
from longthink.validation import seed_number, whole_number

Primitive = tuple[str, Callable[[Any], Any]]
"""What it is in Python, as an expression of x, and what it does."""

_LISTS: list[Primitive] = [
    ("sorted(x)", sorted),
    ("x[::-1]", lambda x: x[::-1]),
    ("x[1:]", lambda x: x[1:]),
    ("x[:-1]", lambda x: x[:-1]),
    ("x[:3]", lambda x: x[:3]),
    ("x[::2]", lambda x: x[::2]),
    ("x + x", lambda x: x + x),
    ("[n for n in x if n % 2 == 0]", lambda x: [n for n in x if n % 2 == 0]),
    ("[n for n in x if n > 0]", lambda x: [n for n in x if n > 0]),
    ("[n + 1 for n in x]", lambda x: [n + 1 for n in x]),
    ("[n * 2 for n in x]", lambda x: [n * 2 for n in x]),
    ("[n * n for n in x]", lambda x: [n * n for n in x]),
    ("list(dict.fromkeys(x))", lambda x: list(dict.fromkeys(x))),
    ("[sum(x[: i + 1]) for i in range(len(x))]", lambda x: list(accumulate(x))),
]
_TEXTS: list[Primitive] = [
    ("x.upper()", str.upper),
    ("x[::-1]", lambda x: x[::-1]),
    ("x[1:]", lambda x: x[1:]),
    ("x[:-1]", lambda x: x[:-1]),
    ("x[::2]", lambda x: x[::2]),
    ("x + x", lambda x: x + x),
    ("x.replace(' ', '')", lambda x: x.replace(" ", "")),
    ("x.replace('a', 'o')", lambda x: x.replace("a", "o")),
    ("x.title()", str.title),
    ("''.join(sorted(x))", lambda x: "".join(sorted(x))),
    ("' '.join(x.split()[::-1])", lambda x: " ".join(x.split()[::-1])),
    ("' '.join(w[::-1] for w in x.split())", lambda x: " ".join(w[::-1] for w in x.split())),
    ("''.join(c for c in x if c not in 'aeiou')", lambda x: "".join(c for c in x if c not in "aeiou")),
]
_KINDS = {"list": _LISTS, "text": _TEXTS}
_TESTS = 12
_LIMITS = SandboxLimits(seconds=2.0, memory=256 << 20)

# Runs the function on every input. What the program prints is discarded; an input for which it raises has no result.
_HARNESS = """
import contextlib, io, json
found = []
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    for given in {inputs!r}:
        try:
            names = {{}}
            exec({program!r}, names)
            found.append([names["f"](given)])
        except BaseException:
            found.append([])
print("\\n" + json.dumps(found, default=repr))
"""


class Synthesis(Task):
    """Write `f` from examples. The value is the share of hidden tests that the program passes, in a sandbox.

    Raises `ToolError` from `check` if no sandbox can be made.
    """

    max_steps = 12

    def __init__(
        self, name: str, kind: str, examples: Sequence[tuple[Any, Any]], tests: Sequence[tuple[Any, Any]]
    ) -> None:
        self.name, self.kind, self.examples, self.tests = name, kind, list(examples), list(tests)
        shown = "\n".join(f"f({given!r}) == {wanted!r}" for given, wanted in self.examples)
        self.prompt = f"Write a Python function f of one {kind}, so that\n{shown}"
        self._checked: dict[str, float] = {}

    def context(self, transcript: Transcript) -> str:
        comment = "\n".join(f"# {line}" for line in self.prompt.splitlines())
        return "\n".join([comment, "", "def f(x):", *transcript, ""])

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        line = text.rstrip()
        if not line.strip():
            return None
        return line if line.startswith("    ") else f"    {line.lstrip()}"

    def done(self, transcript: Transcript) -> bool:
        returned = bool(transcript) and transcript[-1].startswith("    return")
        return returned or len(transcript) >= self.max_steps

    def answer(self, transcript: Transcript) -> str:
        return "\n".join(["def f(x):", *transcript])

    def check(self, answer: str) -> float:
        if answer not in self._checked:
            inputs = [given for given, _ in self.tests]
            ran = run(_HARNESS.format(inputs=inputs, program=answer), limits=_LIMITS)
            try:
                found = json.loads(ran.output.rstrip().rpartition("\n")[2]) if ran.ok else []
                passed = sum(got == [wanted] for got, (_, wanted) in zip(found, self.tests, strict=True))
            except (ValueError, TypeError, RecursionError):  # it exceeded its time, or printed no results
                passed = 0
            self._checked[answer] = passed / len(self.tests)
        return self._checked[answer]

    def solve(self) -> Solved:
        """Try all programs of the primitives on the examples, the shortest first."""
        program, tried = _first(self.kind, self.examples)
        return Solved(None if program is None else _written(program), tried)


def synthesis(seed: int = 0, kind: str = "list", size: int = 2, examples: int = 3) -> Synthesis:
    """Write a Python function of a list or a text from examples. `seed` draws the function from `size` primitives.

    kind: "list" or "text". size: 1 to 3. examples: how many are shown, 1 to 8; twelve other ones are hidden tests.
    """
    if kind not in _KINDS:
        raise ParameterError(f"synthesis: kind expects one of {', '.join(_KINDS)}, got {kind!r}")
    size = whole_number("synthesis: size", size, 1, 3)
    examples = whole_number("synthesis: examples", examples, 1, 8)
    seed = seed_number(seed)
    rng = Random(f"{kind} {size} {seed}")
    while True:
        program = rng.choices(_KINDS[kind], k=size)
        inputs = _inputs(rng, kind, examples + _TESTS)
        pairs = [(given, _apply(program, given)) for given in inputs]
        first, _ = _first(kind, pairs[:examples], size)
        if first is not None and len(first) == size and _fits(first, pairs):
            name = f"synthesis(seed={seed}, kind={kind!r}, size={size}, examples={examples})"
            return Synthesis(name, kind, pairs[:examples], pairs[examples:])


def _first(kind: str, pairs: Sequence[tuple[Any, Any]], longest: int = 3) -> tuple[Sequence[Primitive] | None, int]:
    """The shortest program that fits pairs of input and output, and how many programs were tried."""
    tried = 0
    for size in range(longest + 1):
        for program in product(_KINDS[kind], repeat=size):
            tried += 1
            if _fits(program, pairs):
                return program, tried
    return None, tried


def _fits(program: Sequence[Primitive], pairs: Sequence[tuple[Any, Any]]) -> bool:
    return all(_apply(program, given) == wanted for given, wanted in pairs)


def _inputs(rng: Random, kind: str, count: int) -> list[Any]:
    """Different inputs; they contain repeated items, signs and spaces."""
    found: list[Any] = []
    while len(found) < count:
        if kind == "list":
            given: Any = [rng.randint(-5, 9) for _ in range(rng.randint(3, 7))]
        else:
            given = " ".join("".join(rng.choices("abcdeorst", k=rng.randint(2, 5))) for _ in range(rng.randint(1, 3)))
        if given not in found:
            found.append(given)
    return found


def _apply(program: Sequence[Primitive], value: Any) -> Any:
    for _, function in program:
        value = function(value)
    return value


def _written(program: Sequence[Primitive]) -> str:
    lines = [f"    x = {expression}" for expression, _ in program[:-1]]
    return "\n".join(["def f(x):", *lines, f"    return {program[-1][0]}"])
