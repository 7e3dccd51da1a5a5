"""Another package adds one entry of every sort: all are found by name, without importing the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parent / "outside_package"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is installed, with the entry points of its pyproject.toml."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(PACKAGE / "outside_package.py", folder)
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    info = folder / f"outside_package-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())])
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
    return folder


def python(site: Path, *arguments: str) -> str:
    """The output of Python in a process that has the package."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr  # 1: not solved
    return ran.stdout


def evaluated(site: Path, expression: str) -> Any:
    """The value of an expression with `lt`, in a process that has the package and has not imported it."""
    before = "import json, sys, longthink as lt; assert 'outside_package' not in sys.modules"
    return json.loads(python(site, "-c", f"{before}; print(json.dumps({expression}))"))


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("games", ["outside_game", "outside_games:"]),
        ("tasks", ["outside_task"]),
        ("models", ["outside_model", "outside_models:"]),
        ("kinds", ["outside_kind"]),
        ("tools", ["outside_tool"]),
        ("methods", ["outside_method"]),
        ("verifiers", ["outside_verifier"]),
        ("agents", ["outside_agent"]),
        ("studies", ["outside_study"]),
    ],
)
def test_its_names_are_listed_without_importing_it(site: Path, sort: str, names: list[str]) -> None:
    listed = f"[*lt.{sort}(), *lt.{sort}().families]"
    found = evaluated(site, f"[{listed}, 'outside_package' in sys.modules]")
    assert set(names) <= set(found[0])
    assert found[1] is False


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("str(lt.load_game('outside_game', size=4))", "hex(board_size=4)"),
        ("str(lt.load_game('outside_games:5'))", "hex(board_size=5)"),
        ("lt.load_task('outside_task(terms=3)', seed=2).prompt", "Add [2, 3, 4]."),
        ("lt.load_model('outside_model').complete('?')[0].text", "Answer: no idea"),
        ("lt.load_model('outside_models:17').complete('?')[0].text", "Answer: 17"),
        ("lt.load_tool('outside_tool').call('owl').text", "3"),
        ("lt.load_kind('outside_kind', limit=2).limit", 2),
        ("lt.kinds().describe('outside_kind')[1]", {"limit": 1}),
        ("lt.load_agent('outside_agent(resigns=True)').resigns", True),
        (
            "[dict(each.case.facts) for each in lt.load_suite('outside_study', ['outside_study.sizes=[7]']).plan()]",
            [{"method": "bisection", "size": 7}, {"method": "in order", "size": 7}],
        ),
    ],
)
def test_each_is_loaded_by_name(site: Path, expression: str, value: object) -> None:
    assert evaluated(site, expression) == value


def test_thinking_uses_its_task_model_kind_and_tool(site: Path) -> None:
    thinking = (
        "(lambda answer: [answer.text, answer.correct, dict(answer.kinds)])(lt.think(lt.load_task('outside_task'), "
        "lt.load_model('outside_model'), lt.Budget(calls=60), method='mcts', kinds={}))"
    )
    text, correct, kinds = evaluated(
        site, thinking.format("('step', 'outside_kind', \"tool(tools=('outside_tool',))\")")
    )
    assert (text, correct) == ("1", True)
    assert {"step", "outside_kind"} <= set(kinds)
    text, correct, _ = evaluated(site, thinking.format("('step',)"))
    assert (text, correct) == ("no idea", False)


def test_thinking_uses_its_method_and_its_verifier(site: Path) -> None:
    thinking = (
        "(lambda answer: [answer.value, answer.spent.calls, answer.method])(lt.think(lt.load_task('outside_task'), "
        "lt.load_model('outside_model'), lt.Budget(calls=30), {}))"
    )
    assert evaluated(site, thinking.format("method='outside_method', times=3")) == [0.0, 3, "outside_method"]
    assert evaluated(site, thinking.format("method='outside_method(times=4)'")) == [0.0, 4, "outside_method"]
    verified = "method='outside_method', verifier='outside_verifier{}'"
    assert evaluated(site, thinking.format(verified.format(""))) == [1.0, 1, "outside_method"]
    assert evaluated(site, thinking.format(verified.format("(most=1)"))) == [0.0, 2, "outside_method"]


def test_the_command_line_knows_its_names(site: Path) -> None:
    assert "outside_game" in [
        row["name"] for row in json.loads(python(site, "-m", "longthink", "games", "--json"))["games"]
    ]
    assert "outside_task(seed=0, terms=2)" in python(site, "-m", "longthink", "tasks")
    command = ["think", "outside_task", "--model", "outside_model", "--calls", "30", "--method", "best_first", "--json"]
    found = json.loads(python(site, "-m", "longthink", *command, "--kinds", "step,outside_kind"))
    assert found["answer"] == "1"
    assert found["correct"]
    found = json.loads(python(site, "-m", "longthink", *command[:5], "1", "--method", "outside_method", "--json"))
    assert not found["correct"]
    verified = [
        "--method",
        "outside_method",
        "--times",
        "1",
        "--verifier",
        "outside_verifier",
        "--calls",
        "9",
        "--json",
    ]
    assert json.loads(python(site, "-m", "longthink", *command[:4], *verified))["correct"]
    for sort in ("models", "methods", "kinds", "tools", "verifiers", "agents", "studies"):
        listed = json.loads(python(site, "-m", "longthink", sort, "--json"))[sort]
        name = "outside_study" if sort == "studies" else f"outside_{sort.removesuffix('s')}"
        assert name in [row["name"] for row in listed]
    options = ["--game", "tic_tac_toe", "--games", "2", "--run-dir", str(site / "run")]
    assert "scored 0.0%" in python(site, "-m", "longthink", "match", "outside_agent(resigns=True)", "random", *options)
    assert "outside_study(sizes=(10, 100))" in python(site, "-m", "longthink", "studies")
