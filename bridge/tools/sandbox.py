"""The sandbox: runs an untrusted Python program under bubblewrap. The program sees nothing of the host but Python.

Three layers of protection stand behind each other, so that no single one has to be perfect.
Namespaces (bubblewrap): no network, no host processes, no host files except the interpreter and its standard library,
a read-only root, an empty environment, no capabilities, no terminal. Only /tmp is writable, in memory and limited.
System calls (seccomp, `system_calls`): only the calls that Python needs are allowed. The program cannot start another
process and cannot reach namespaces, mounts, other processes, kernel keys, sockets, or memory that no limit counts.
Limits: memory, processor time, open files, file size, output, and wall-clock time, after which everything is killed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from pathlib import Path

from longthink.bridge.tools.system_calls import system_call_filter
from longthink.errors import ParameterError, ToolError

INSTALL = "install bubblewrap 0.7 or newer (apt-get install bubblewrap, dnf install bubblewrap)"


@dataclass(frozen=True)
class SandboxLimits:
    """What a program may use.

    seconds: wall-clock time, and processor time. memory: bytes of address space. disk: bytes in /tmp. output: bytes
    that it prints. files: files open at once.

    Raises `ParameterError` for a value that is not a number or is too low.
    """

    seconds: float = 5.0
    memory: int = 512 << 20
    disk: int = 16 << 20
    output: int = 64 << 10
    files: int = 64

    def __post_init__(self) -> None:
        for name, low in (("seconds", 0.1), ("memory", 64 << 20), ("disk", 1 << 16), ("output", 1), ("files", 16)):
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)  # NumPy's numbers are fine, too
            if not number or not low <= value < math.inf:
                raise ParameterError(f"{name} expects a number from {low:g}, got {value!r}")
            object.__setattr__(self, name, float(value) if name == "seconds" else int(value))


@dataclass(frozen=True)
class ProgramResult:
    """What a program did.

    output: what it printed, errors included, cut at the limit. exit_code: 0 for success; 128 plus the signal's number
    if a signal ended it. ended_by: "exit", "seconds" or "output". seconds: wall-clock time.
    """

    output: str
    exit_code: int
    ended_by: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.ended_by == "exit" and self.exit_code == 0


def run(program: str, stdin: str = "", limits: SandboxLimits | None = None) -> ProgramResult:
    """Run a Python program in a new sandbox and return what it printed.

    Raises `ToolError` if no sandbox can be made here; the text says what to install or to allow. Nothing is run then.
    """
    _check_sandbox()
    return _run(program, stdin, limits or SandboxLimits())


@lru_cache(maxsize=1)
def _check_sandbox() -> None:
    """Check once that a sandbox on this machine is closed. Raises `ToolError`."""
    if sys.platform != "linux":
        raise ToolError(f"the sandbox for programs needs Linux; this system is {platform.system()}")
    probe = "import os; print(os.getuid(), os.listdir('/tmp'), sorted(os.listdir('/')))"
    result = _run(probe, "", SandboxLimits(seconds=30))
    expected = "65534 [] ['dev', 'lib64', 'program.py', 'python', 'tmp']"
    if re.sub("'lib(32|64|)'", "'lib64'", result.output.strip()) != expected:
        raise ToolError(
            f"the sandbox is not closed: a program in it expects to see Python alone ({expected}), "
            f"got {result.output[-500:]!r}"
        )


def _run(program: str, stdin: str, limits: SandboxLimits) -> ProgramResult:
    started = time.monotonic()
    deadline = started + limits.seconds
    bubblewrap = _bubblewrap()
    with contextlib.ExitStack() as stack:
        source = _sealed_file(stack, program.encode("utf-8", "replace"))
        standard_input = _sealed_file(stack, stdin.encode("utf-8", "replace"))
        seccomp = _sealed_file(stack, system_call_filter())
        status, status_writer = os.pipe()
        stack.callback(os.close, status)
        try:
            process = subprocess.Popen(
                [bubblewrap, *_arguments(limits, source, seccomp, status_writer)],
                stdin=standard_input,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(source, seccomp, status_writer),
                env={},
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(status_writer)
        try:
            output, ended_by = _read_output(process, deadline, limits.output)
            if ended_by == "exit":
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    ended_by = "seconds"
        finally:
            process.kill()  # when bubblewrap ends, the kernel kills everything in the sandbox
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        report = _read_status(status)
        _reap(report.get("child-pid"))
    text = output.decode("utf-8", "replace")
    if "child-pid" not in report:
        raise ToolError(
            f"the sandbox cannot be made: {text.strip()[-300:] or 'bubblewrap printed nothing'}; the system must let "
            "bubblewrap make user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0; in Docker --security-opt seccomp=unconfined)"
        )
    exit_code = int(report.get("exit-code", 128 + signal.SIGKILL))
    if ended_by == "exit" and exit_code == 128 + signal.SIGKILL:
        ended_by = "seconds"  # only the limit of processor time kills a program like this
    return ProgramResult(text, exit_code, ended_by, time.monotonic() - started)


def _read_output(process: subprocess.Popen[bytes], deadline: float, limit: int) -> tuple[bytes, str]:
    """What the program prints until it ends, its time is up, or it has printed too much; and which of these."""
    assert process.stdout is not None
    pipe, output = process.stdout.fileno(), bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return bytes(output), "seconds"
        piece = os.read(pipe, 1 << 16)
        if not piece:
            return bytes(output), "exit"
        output += piece
        if len(output) > limit:
            return bytes(output[:limit]), "output"


def _read_status(status: int) -> dict[str, int]:
    """What bubblewrap wrote about the program: its process id, and its exit code."""
    report: dict[str, int] = {}
    with open(status, "rb", closefd=False) as pipe:
        for line in pipe:
            report.update(json.loads(line))
    return report


def _reap(child: int | None) -> None:
    """Reap the process that bubblewrap started and did not wait for, if it is our child now.

    The kernel gives orphans to process 1. In many containers process 1 is Python, where they would stay as zombies.
    """
    if child is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _sealed_file(stack: contextlib.ExitStack, content: bytes) -> int:
    """A file in memory with this content, which nobody can change or extend; closed with `stack`."""
    import fcntl

    file = os.memfd_create("sandbox", os.MFD_ALLOW_SEALING)
    stack.callback(os.close, file)
    with open(file, "wb", closefd=False) as writer:
        writer.write(content)
    os.lseek(file, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file


# ---- The arguments of bubblewrap ----

# Sets the limits from inside, where they cannot be raised again, then becomes the program. The core limit is 1 and not
# 0: only 1 also keeps the kernel from starting a crash handler outside the sandbox (core(5)).
_LAUNCHER = """
import os, resource as r
for name, value in {limits!r}:
    r.setrlimit(getattr(r, "RLIMIT_" + name), (value, value))
os.execv("/python/bin/python3", ["/python/bin/python3", "-I", "-S", "-B", "-u", "-X", "utf8", "/program.py"])
"""


def _arguments(limits: SandboxLimits, source: int, seccomp: int, status: int) -> list[str]:
    """What bubblewrap is to do, given the open files of the program, the filter and the status."""
    cpu = math.ceil(limits.seconds)
    launcher = _LAUNCHER.format(
        limits=[("AS", limits.memory), ("CPU", cpu), ("FSIZE", limits.disk), ("NOFILE", limits.files), ("CORE", 1)]
    )
    return [
        "--unshare-user", "--unshare-all", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--clearenv", "--setenv", "LD_LIBRARY_PATH", "/python/libraries", "--setenv", "HOME", "/tmp",
        *_python(),
        *(word for name in ("null", "zero", "urandom") for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        "--ro-bind-data", str(source), "/program.py",
        "--perms", "0700", "--size", str(int(limits.disk)), "--tmpfs", "/tmp", "--chdir", "/tmp",
        "--remount-ro", "/",
        "--seccomp", str(seccomp), "--json-status-fd", str(status),
        "--", "/python/bin/python3", "-I", "-S", "-B", "-c", launcher,
    ]  # fmt: skip


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise ToolError(f"the sandbox needs bubblewrap, which is not installed; {INSTALL}")
    return found


@lru_cache(maxsize=1)
def _python() -> Sequence[str]:
    """Binds of the interpreter: its program, the standard library, and the shared libraries that both need.

    Installed packages are not bound.
    """
    executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    library = Path(os.__file__).resolve().parent
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    compiled = Path(sys.base_exec_prefix, sys.platlibdir, version)
    inside = {library: f"/python/lib/{version}"}
    if sys.platlibdir != "lib" and compiled.is_dir():
        inside[compiled.resolve()] = f"/python/{sys.platlibdir}/{version}"
    binds = ["--ro-bind", executable, "/python/bin/python3"]
    modules = []
    for folder, place in inside.items():
        binds += ["--ro-bind", str(folder), place]
        modules += [str(module) for module in folder.glob("lib-dynload/*.so") if "tkinter" not in module.name]
        for packages in ("site-packages", "dist-packages"):
            if (folder / packages).is_dir():
                binds += ["--tmpfs", f"{place}/{packages}", "--remount-ro", f"{place}/{packages}"]
    for library_path in sorted(_shared_libraries([executable, *modules])):
        name = os.path.basename(library_path)
        place = library_path if name.startswith("ld-") else f"/python/libraries/{name}"
        binds += ["--ro-bind", os.path.realpath(library_path), place]
    return binds


def _shared_libraries(programs: Sequence[str]) -> set[str]:
    """Paths of the shared libraries, and of the loader, that programs and modules need, as the loader finds them."""
    ldd = shutil.which("ldd")
    if ldd is None:
        raise ToolError("the sandbox needs ldd to find the libraries of Python; install it with the system's C library")
    listed = subprocess.run([ldd, *programs], capture_output=True, text=True, check=False).stdout
    return {path for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", listed, flags=re.MULTILINE)}
