"""A new machine: the messages and installations of `make test` and `make compare` before they begin (.ci/needs)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS = Path(__file__).parents[1] / ".ci" / "needs"
PYTHON = f"python3.{sys.version_info.minor}"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it puts a machine together from programs of Linux")


class Machine:
    """A machine whose only programs are in one folder: all that are needed, without those in `without`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in ("sh", "uname", "tail", "touch", "chmod"):
            (folder / name).symlink_to(shutil.which(name) or "")
        self.program("id", "echo 1000")
        self.program("python3", f'exec {sys.executable} "$@"')
        self.program("gcc", "exit 0")
        self.program("bwrap", "exit 0")

    def program(self, name: str, does: str) -> None:
        (self.folder / name).write_text(f"#!{self.folder}/sh\n{does}\n")
        (self.folder / name).chmod(0o755)

    def without(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink()

    def lacks_of_python(self, *words: str) -> None:
        """Python fails, or prints no folder, if its command has one of these words."""
        cases = "".join(f'*"{word}"*) echo /nowhere; exit 1 ;;\n' for word in words)
        self.program("python3", f'case "$*" in\n{cases}*) exec {sys.executable} "$@" ;;\nesac')

    def apt_get(self, does: str) -> None:
        self.program("apt-get", f'echo "$*" >> {self.folder}/asked\n[ "$1" = update ] || {{ {does}\n}}')

    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def needs(self, *arguments: str) -> tuple[int, str]:
        command = [str(self.folder / "sh"), str(NEEDS), "python3", *arguments]
        path = {"PATH": str(self.folder)}
        done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == ""
        return done.returncode, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "bin")


def test_nothing_is_said_if_all_is_there(machine: Machine) -> None:
    assert machine.needs("sandbox") == (0, "")
    machine.without("bwrap")
    assert machine.needs() == (0, "")  # only the tests need it


def test_a_user_gets_the_command_to_type(machine: Machine) -> None:
    machine.apt_get("exit 1")
    machine.without("bwrap")
    status, said = machine.needs("sandbox")
    assert (status, said.count("\n")) == (1, 1)
    assert said.endswith("bubblewrap; type: sudo apt-get install bubblewrap\n")
    machine.lacks_of_python("ensurepip", "include")
    machine.without("gcc")
    assert machine.needs("sandbox")[1].endswith(
        f"type: sudo apt-get install {PYTHON}-venv {PYTHON}-dev gcc libc6-dev bubblewrap\n"
    )
    machine.without("python3")
    assert "install python3 python3-venv python3-dev gcc libc6-dev\n" in machine.needs()[1]
    machine.without("apt-get")
    assert "with the package manager of this system (in Debian: python3 " in machine.needs()[1]
    assert not (machine.folder / "asked").exists()


def test_the_library_of_the_sandbox_is_looked_for(machine: Machine) -> None:
    machine.apt_get("exit 1")
    machine.lacks_of_python("find_library")
    assert machine.needs("sandbox")[1].endswith("libseccomp; type: sudo apt-get install libseccomp2\n")
    assert machine.needs() == (0, "")


def test_root_gets_it_installed(machine: Machine) -> None:
    machine.program("id", "echo 0")
    machine.without("bwrap", "gcc")
    machine.apt_get(f"cd {machine.folder}; for name in bwrap gcc; do echo 'exit 0' > $name; chmod +x $name; done")
    assert machine.needs("sandbox") == (0, "installing gcc libc6-dev bubblewrap\n")
    assert machine.asked()[-1].endswith("gcc libc6-dev bubblewrap")


def test_what_could_not_be_installed_is_said(machine: Machine) -> None:
    machine.program("id", "echo 0")
    machine.without("bwrap")
    machine.apt_get("echo 'E: no network' >&2; exit 100")
    assert machine.needs("sandbox")[1].endswith("apt-get could not install bubblewrap: E: no network\n")
    machine.apt_get("exit 0")
    machine.lacks_of_python("ensurepip")
    assert "if python3 is not Debian's" in machine.needs()[1]


def test_an_old_python(machine: Machine) -> None:
    machine.lacks_of_python("(3, 11)")
    status, said = machine.needs()
    assert (status, "install Python 3.11 or newer and name it" in said) == (1, True)


def test_a_sandbox_that_the_kernel_does_not_allow(machine: Machine) -> None:
    machine.program("bwrap", "echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
    status, said = machine.needs("sandbox")
    assert (status, said.count("\n")) == (1, 1)
    assert "No permissions to create new namespace" in said
    assert "sysctl -w kernel.unprivileged_userns_clone=1" in said
