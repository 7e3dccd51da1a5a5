"""The environment of a record: revision, packages and machine, without names of people, hosts or paths."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from longthink.benchmarks.harness.record import Environment

PACKAGES = (
    "longthink", "numpy", "numba", "scipy", "statsmodels", "open_spiel", "xllamacpp", "onnxruntime",
    "reasoning-gym", "textarena", "mctx", "treequest", "ray",
)  # fmt: skip
PROGRAMS = ("gnugo",)


@cache
def environment() -> Environment:
    """The environment of this process, measured once. Its revision is that of the source when it was first called."""
    found = {name: number for name, number in {**versions(), **programs()}.items() if number != "-"}
    return Environment(revision(), found, machine())


def revision() -> str:
    """The git revision of the source, with "+" if one of its files was changed; "" if the source is not a checkout."""
    source = Path(__file__).resolve()

    def git(*words: str) -> str:
        command = ["git", "-C", str(source.parent), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", source.name)  # not a folder of packages in a checkout of something else
        return git("rev-parse", "--short=12", "HEAD") + (
            "+" if git("status", "--porcelain", "--untracked-files=no") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return ""


def versions() -> dict[str, str]:
    """Versions of longthink, its peers and their dependencies; "-" if not installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "-"
    return found


def programs() -> dict[str, str]:
    """Versions of the programs of `PROGRAMS` that are installed."""
    found = {}
    for name in PROGRAMS:
        if path := shutil.which(name) or shutil.which(name, path="/usr/games"):  # where Debian has it
            try:
                said = subprocess.run(
                    [path, "--version"], capture_output=True, text=True, check=True, timeout=10
                ).stdout
            except (OSError, subprocess.SubprocessError):
                continue
            found[name] = said.partition("\n")[0].split(" ")[-1]
    return found


def machine() -> dict[str, str | int | float]:
    """Processor, cores, memory in GiB, and operating system."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(_memory_bytes() / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0
