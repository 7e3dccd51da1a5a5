"""The package itself: its public names, and what `import longthink` loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import longthink as lt


def test_every_public_name_is_there() -> None:
    for name in lt.__all__:
        assert getattr(lt, name) is not None
    assert set(lt.__all__) <= set(dir(lt))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lt.nothing  # noqa: B018


def test_type_checkers_see_the_names_that_are_imported_lazily() -> None:
    source = Path(lt.__file__).read_text("utf-8")
    (block,) = (node for node in ast.parse(source).body if isinstance(node, ast.If))
    typed = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {name: f"longthink.{home}.{name}" for name, home in lt._HOME.items()}


def test_import_is_light() -> None:
    """Numba, OpenSpiel, model runtimes, plotting and the command line are imported only by what needs them."""
    program = (
        "import sys, longthink as lt; g = lt.load_game('kuhn_poker'); lt.CFR(g); lt.MCTS; lt.load_task\n"
        "heavy = ['numba', 'pyspiel', 'xllamacpp', 'altair', 'scipy', 'httpx', 'reasoning_gym', 'cyclopts']\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
