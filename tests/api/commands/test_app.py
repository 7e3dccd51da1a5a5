"""What all commands have in common: help, errors in one line, exit codes, output that fails (docs/command_line.md)."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest

from longthink.commands.command import COMMANDS, Command
from longthink.options import whole

Run = Callable[..., tuple[int, str, str]]


def test_help_lists_the_commands(run: Run) -> None:
    for words in ((), ("--help",)):
        status, out, _ = run(*words)
        assert status == 0
        assert all(f" {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_examples(command: str, run: Run) -> None:
    status, out, _ = run(command, "--help")
    assert status == 0
    examples = out.partition("Examples:")[2]
    assert f"longthink {command}" in examples
    assert "MAPPING" not in out  # no parameter of the function that is not an option


def test_a_command_of_another_package(run: Run) -> None:
    def double(number: Annotated[int, whole("A number.", 1)], /) -> None:
        """Double a number."""
        print(2 * number)

    COMMANDS.register("double", Command(double, "  longthink double 21"))
    try:
        assert run("double", "21") == (0, "42\n", "")
        assert "Double a number." in run("--help")[1]
        assert "unknown command 'dubble'; did you mean 'double'" in run("dubble", "21")[2]
    finally:
        COMMANDS._entries.pop("double")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["solv"], "unknown command 'solv'; did you mean 'solve'?"),
        (["solve"], "requires an argument; see: longthink solve --help"),
        (["solve", "conect_four"], "did you mean 'connect_four'"),
        (["solve", "kuhn_poker", "--variant", "cfr--"], "did you mean"),
        (["solve", "kuhn_poker", "--itrations", "3"], "unknown option '--itrations'; did you mean '--iterations'"),
        (["solve", "kuhn_poker", "--history", "1"], "unknown option '--history'"),
        (["solve", "kuhn_poker", "--rows", "3"], "unknown option '--rows'"),
        (["solve", "kuhn_poker", "--players", "99"], "kuhn_poker: players expects a whole number from"),
        (["solve", "kuhn_poker", "--players", "three"], "players expects a whole number"),
        (
            ["solve", "tic_tac_toe", "--method", "lp", "--iterations", "20"],
            "--iterations does not belong to the method",
        ),
        (["solve", "leduc_poker", "--seed", "2"], "--seed does not belong to the variant cfr+"),
        (["solve", "leduc_poker", "--variant", "outcome", "--threads", "2"], "to the sampling variant outcome"),
        (["solve", "leduc_poker", "--every", "2"], "does not belong to a run without --checkpoint"),
        (["solve", "leduc_poker", "--policy", "no folder/policy.json"], "there is no folder"),
        (["solve", "kuhn_poker(players=3)", "--method", "lp"], "3 players"),
        (["solve", "efg:nothing.efg"], "nothing.efg"),
        (["solve", "leduc_poker", "--seconds", "nan"], "--seconds expects a number above 0, got nan"),
        (["solve", "leduc_poker", "--variant", "external", "--seed", "1e19"], "--seed expects a whole number from 0"),
        (["search", "connect_four", "--history", "9"], "not legal"),
        (["search", "tic_tac_toe", "--iterations", "20"], "unknown option '--iterations'"),
        (["search", "kuhn_poker"], "use: longthink solve kuhn_poker"),
        (["play", "kuhn_poker", "--seconds", "2"], "--seconds and --simulations do not belong to kuhn_poker"),
        (["play", "tic_tac_toe", "--player", "5"], "expects 0..1"),
        (["play", "tic_tac_toe", "--player", "one"], "--player expects a whole number from 0, got 'one'"),
        (["think", "contdown"], "did you mean 'countdown'"),
        (["think", "countdown", "--method", "exhaustive", "--model", "tiny"], "exhaustive, which uses no model"),
        (["think", "countdown", "--base-url", "http://localhost"], "unknown option '--base-url'"),
        (["think", "countdown", "--width", "3"], "unknown option '--width'"),
        (["think", "synthesis", "--target", "3"], "unknown option '--target'"),
        (["think", "synthesis", "3"], "Unused Tokens: ['3']"),
        (["think", "countdown", "--target", "x", "3", "4"], "countdown: target expects a whole number"),
        (["think", "countdown", "3", "4", "--target", "7", "--problems", "2"], "generates its problems from --seed"),
        (["think", "countdown", "--problems", "0"], "--problems expects a whole number from 1, got 0"),
        (["think", "countdown", "--method", "mtcs", "--model", "missing.gguf"], "did you mean 'mcts'"),
        (["think", "countdown", "--kinds", "stop", "--model", "missing.gguf"], "did you mean 'step'"),
        (["think", "countdown", "--rules", "uct", "--model", "missing.gguf"], "did you mean '--rule'"),
        (["think", "game24", "1", "2", "3", "--model", "missing.gguf"], "no model file"),
        (["think", "countdown", "--model", "smolm2"], "did you mean 'smollm2'"),
        (["serve", "--base-url", "http://localhost"], "unknown option '--base-url'"),
        (["serve", "--sequences", "2"], "--sequences does not belong to serve, where --concurrency sets it"),
        (["serve", "--task", "contdown", "--model", "missing.gguf"], "did you mean 'countdown'"),
        (["serve", "--port", "99999"], "--port expects a whole number from 0 to 65535, got 99999"),
        (["compare", "matc"], "did you mean 'match'"),
        (["match", "--opponent", "/no/such/program", "--run-dir", "/dev/null/run"], "cannot be made"),
        (["match", "--opponent", "x", "--games", "1.5"], "--games expects a whole number from 1, got '1.5'"),
        (["gtp", "--resign", "2"], "--resign expects a number from 0 to 1, got 2"),
        (["gtp", "--rules", "chess"], '"chess" for --rules'),
        (["perf", "--json", "no folder/speeds.json"], "there is no folder"),
        (["games", "conect_four"], "did you mean 'connect_four'"),
        (["methods", "bem"], "did you mean 'beam'"),
        (["completion", "powershell"], '"powershell"'),
    ],
)
def test_errors_are_one_line(words: list[str], error: str, run: Run) -> None:
    status, out, err = run(*words)
    assert status == 2
    assert error in err
    assert err.startswith("longthink: ")
    assert err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["solve", "kuhn_poker", "--iterations", "1e1", "--until", "1e-9"], "10 iterations"),
        (["solve", "leduc_poker", "--method", "lp", "--seconds", "1e-9"], "not enough"),
        (["think", "countdown", "3", "5", "--target", "7", "--method", "exhaustive"], "no answer"),
        (["think", "countdown", "3", "5", "--target", "7", "--method", "greedy", "--model", "tiny"], "tokens"),
    ],
)
def test_a_problem_that_is_not_solved_ends_with_1(words: list[str], text: str, run: Run) -> None:
    status, out, err = run(*words)
    assert (status, text in out + err) == (1, True)


TINY = ["--model", "tiny", "--calls", "1e9"]


@pytest.mark.parametrize(
    "words",
    [
        ["solve", "leduc_poker", "--iterations", "1e12"],
        ["solve", "leduc_poker", "--iterations", "1e12", "--variant", "external"],
        ["search", "connect_four", "--simulations", "1e12"],
        ["think", "countdown", "3", "6", "9", "--target", "200", "--method", "best_of_n", *TINY],
        ["think", "countdown", "--problems", "1e4", "--method", "best_first", *TINY],
    ],
)
def test_ctrl_c_ends_with_130(words: list[str]) -> None:
    # In a process of its own: Ctrl-C may come during an import, and a half imported module would fail later tests.
    program = (
        "import signal, sys, threading\n"
        "from longthink.commands import main\n"
        "threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 130, done.stderr


def shell(line: str) -> tuple[int, str]:
    """Run a line of shell in which `longthink` is this one; returns its exit code and its error output."""
    line = line.replace("longthink", f"{sys.executable} -m longthink")
    done = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


def test_output_that_nobody_reads_is_no_error() -> None:
    assert shell("set -o pipefail; longthink games | true") == (0, "")
    assert shell("longthink games >&-") == (0, "")
    assert shell("longthink gtp <&- >&-") == (0, "")
    assert shell("longthink solve nothing 2>&-") == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written() -> None:
    for command in ("games", "solve kuhn_poker --json"):
        status, error = shell(f"longthink {command} > /dev/full")
        assert (status, error.count("\n")) == (2, 1)
        assert "No space left on device" in error
    assert shell("longthink solve nothing 2> /dev/full") == (2, "")


def test_python_m_longthink() -> None:
    done = subprocess.run([sys.executable, "-m", "longthink", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout[:1].isdecimal()


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['cyclopts'] = None\n"
        "from longthink.commands import main; raise SystemExit(main(['games']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("run: pip install 'longthink[cli]'\n")


@pytest.mark.parametrize("extra", ["cli", "compare", "lm", "go", "serve", "perf", "train", "test"])
def test_extras_with_commands_bring_the_command_line(extra: str) -> None:
    extras = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]

    def needs(name: str) -> set[str]:
        inner = {each for line in extras[name] for each in re.findall(r"longthink\[(.*)\]", line)}
        return {*extras[name]}.union(*(needs(each) for group in inner for each in group.split(",")))

    assert any(line.startswith("cyclopts") for line in needs(extra))


def test_completion_knows_commands_and_options(run: Run) -> None:
    status, script, _ = run("completion", "bash")
    assert status == 0
    assert all(word in script for word in (*COMMANDS, "--simulations", "--checkpoint"))
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
