"""The cage: runs a Python program that nobody trusts, by bubblewrap, with nothing of the host but Python itself.

Three walls stand one behind the other, so that none has to be perfect.
Namespaces (bubblewrap): no network, no host processes, no host files but the interpreter and its standard library, a
read-only root, an empty environment, no capabilities, no terminal; only /tmp can be written, in memory and bounded.
System calls (seccomp): the program is one process for good, and cannot reach namespaces, mounts, other processes, the
kernel's keys, sockets, or memory that no limit counts.
Limits: memory, processor time, open files, size of files, output, and time on the clock, after which all is killed.
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
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from pathlib import Path

from longthink.errors import ParameterError, ToolError

INSTALL = "install bubblewrap, 0.7 or newer (apt-get install bubblewrap, dnf install bubblewrap)"


@dataclass(frozen=True)
class Limits:
    """What a program may use.

    seconds: on the clock, and of processor time. memory: bytes of address space. disk: bytes in /tmp. output: bytes
    of what it prints. files: open at once.
    """

    seconds: float = 5.0
    memory: int = 512 << 20
    disk: int = 16 << 20
    output: int = 64 << 10
    files: int = 64

    def __post_init__(self) -> None:
        for name, low in (("seconds", 0.1), ("memory", 64 << 20), ("disk", 1 << 16), ("output", 1), ("files", 16)):
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)  # NumPy's are numbers, too
            if not number or not low <= value < math.inf:
                raise ParameterError(f"{name} expects a number from {low:g}, got {value!r}")
            object.__setattr__(self, name, float(value) if name == "seconds" else int(value))


@dataclass(frozen=True)
class Ran:
    """What a program did.

    output: what it printed, errors included, cut at the limit. exit_code: 0 where all went well, 128 and a signal's
    number where that ended it. ended_by: "exit", "seconds" or "output". seconds: on the clock.
    """

    output: str
    exit_code: int
    ended_by: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.ended_by == "exit" and self.exit_code == 0


def run(program: str, stdin: str = "", limits: Limits | None = None) -> Ran:
    """Run a Python program in a cage of its own, and say what it printed.

    Raises `ToolError` that says what to install or to allow where no cage can be made: then nothing is run.
    """
    _checked()
    return _run(program, stdin, limits or Limits())


@lru_cache(maxsize=1)
def _checked() -> None:
    """See once that a cage holds together here. Raises `ToolError`."""
    if sys.platform != "linux":
        raise ToolError(f"programs run in a sandbox of Linux, which {platform.system()} does not have; use Linux")
    asks = "import os; print(os.getuid(), os.listdir('/tmp'), sorted(os.listdir('/')))"
    ran = _run(asks, "", Limits(seconds=30))
    wanted = "65534 [] ['dev', 'lib64', 'program.py', 'python', 'tmp']"
    if re.sub("'lib(32|64|)'", "'lib64'", ran.output.strip()) != wanted:
        raise ToolError(f"the cage expects to find itself alone with Python ({wanted}), got {ran.output[-500:]!r}")


def _run(program: str, stdin: str, limits: Limits) -> Ran:
    started = time.monotonic()
    deadline = started + limits.seconds
    with contextlib.ExitStack() as stack:
        source = _sealed(stack, program.encode("utf-8", "replace"))
        given = _sealed(stack, stdin.encode("utf-8", "replace"))
        seccomp = _sealed(stack, _filter())
        status, told = os.pipe()
        stack.callback(os.close, status)
        try:
            process = subprocess.Popen(
                _command(limits, source, seccomp, told),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(source, seccomp, told),
                env={},
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(told)
        try:
            output, ended_by = _read(process, deadline, limits.output)
            if ended_by == "exit":
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    ended_by = "seconds"
        finally:
            process.kill()  # bubblewrap gone, the kernel kills all that was in the cage
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        report = _report(status)
        _reap(report.get("child-pid"))
    text = output.decode("utf-8", "replace")
    if "child-pid" not in report:
        raise ToolError(
            f"the cage cannot be made: {text.strip()[-300:] or 'bubblewrap said nothing'}; the system must let "
            "bubblewrap make user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0; in Docker --security-opt seccomp=unconfined)"
        )
    exit_code = int(report.get("exit-code", 128 + signal.SIGKILL))
    if ended_by == "exit" and exit_code == 128 + signal.SIGKILL:
        ended_by = "seconds"  # nothing else kills it so: its processor time was up
    return Ran(text, exit_code, ended_by, time.monotonic() - started)


def _read(process: subprocess.Popen[bytes], deadline: float, most: int) -> tuple[bytes, str]:
    """What the program prints until it ends, its time is up, or it has printed too much."""
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
        if len(output) > most:
            return bytes(output[:most]), "output"


def _report(status: int) -> dict[str, int]:
    """What bubblewrap wrote about the program: its process, and how it ended."""
    report: dict[str, int] = {}
    with open(status, "rb", closefd=False) as pipe:
        for line in pipe:
            report.update(json.loads(line))
    return report


def _reap(child: int | None) -> None:
    """Reap the process that bubblewrap started and does not wait for, if it is ours now.

    The kernel gives orphans to process 1, which Python is in many containers; there they would stay as zombies.
    """
    if child is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _sealed(stack: contextlib.ExitStack, content: bytes) -> int:
    """A file in memory with this content, which nobody can change or make longer."""
    import fcntl

    file = os.memfd_create("cage", os.MFD_ALLOW_SEALING)
    stack.callback(os.close, file)
    with open(file, "wb", closefd=False) as writer:
        writer.write(content)
    os.lseek(file, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file


# ---- What is in it ----

# Sets the limits from within, where they cannot be raised again, and becomes the program. A core limit of 1 and not 0:
# only 1 also keeps the kernel from waking a handler of crashes outside the cage (core(5)).
_LAUNCHER = """
import os, resource as r
for name, value in {limits!r}:
    r.setrlimit(getattr(r, "RLIMIT_" + name), (value, value))
os.execv("/python/bin/python3", ["/python/bin/python3", "-I", "-S", "-B", "-u", "-X", "utf8", "/program.py"])
"""


def _command(limits: Limits, source: int, seccomp: int, told: int) -> list[str]:
    cpu = math.ceil(limits.seconds)
    launcher = _LAUNCHER.format(
        limits=[("AS", limits.memory), ("CPU", cpu), ("FSIZE", limits.disk), ("NOFILE", limits.files), ("CORE", 1)]
    )
    return [
        _bubblewrap(),
        "--unshare-user", "--unshare-all", "--uid", "65534", "--gid", "65534", "--hostname", "cage",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--clearenv", "--setenv", "LD_LIBRARY_PATH", "/python/libraries", "--setenv", "HOME", "/tmp",
        *_python(),
        *(word for name in ("null", "zero", "urandom") for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        "--ro-bind-data", str(source), "/program.py",
        "--perms", "0700", "--size", str(int(limits.disk)), "--tmpfs", "/tmp", "--chdir", "/tmp",
        "--remount-ro", "/",
        "--seccomp", str(seccomp), "--json-status-fd", str(told),
        "--", "/python/bin/python3", "-I", "-S", "-B", "-c", launcher,
    ]  # fmt: skip


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise ToolError(f"running Python in a cage needs bubblewrap, which is not installed; {INSTALL}")
    return found


@lru_cache(maxsize=1)
def _python() -> Sequence[str]:
    """The interpreter as binds: its program, the standard library, and the shared libraries both need. No packages."""
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
    """The shared libraries, and the loader, that programs and modules need, as the loader itself finds them."""
    ldd = shutil.which("ldd")
    if ldd is None:
        raise ToolError("the cage needs ldd, to find the libraries of Python; install it with the system's C library")
    told = subprocess.run([ldd, *programs], capture_output=True, text=True, check=False).stdout
    return {path for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", told, flags=re.MULTILINE)}


# ---- Which system calls it may not make ----

# Name: the numbers on x86-64 and on 64-bit ARM, None where the machine has no such call.
_FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    # more processes (threads are made by `clone`, which is looked at more closely)
    "fork": (57, None), "vfork": (58, None),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    # keys of the kernel, and the kernel itself
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116), "personality": (135, 92),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    # sockets, and memory that no limit counts
    "socket": (41, 198), "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
}  # fmt: skip
_CLONE, _CLONE3, _IOCTL = (56, 220), (435, 435), (16, 29)
_CLONE_THREAD, _TIOCSTI, _TIOCLINUX = 0x10000, 0x5412, 0x541C
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # place in the pairs above, AUDIT_ARCH_*
_X32_CALLS = 0x40000000

# Instructions of classic BPF (linux/bpf_common.h) and answers of seccomp (linux/seccomp.h).
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_SET, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38


@lru_cache(maxsize=1)
def _filter() -> bytes:
    """The program that looks at every system call, as the kernel takes it.

    Raises `ToolError` on a machine whose system calls are not in the table.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        raise ToolError(f"the cage knows Linux on {' and '.join(_MACHINES)}, not {sys.platform} {platform.machine()}")
    machine, architecture = _MACHINES[platform.machine()]
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, _X32_CALLS),
        (_ANSWER, 0, 0, _KILL),
    ]
    for numbers in _FORBIDDEN.values():
        if numbers[machine] is not None:
            code += [(_IF_EQUAL, 0, 1, numbers[machine] or 0), (_ANSWER, 0, 0, _REFUSE | _EPERM)]
    code += [(_IF_EQUAL, 0, 1, _CLONE3[machine]), (_ANSWER, 0, 0, _REFUSE | _ENOSYS)]  # the C library then uses clone
    code += [
        (_IF_EQUAL, 0, 3, _CLONE[machine]),
        (_LOAD, 0, 0, _ARGUMENTS),  # its flags
        (_IF_SET, 1, 0, _CLONE_THREAD),
        (_ANSWER, 0, 0, _REFUSE | _EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_EQUAL, 0, 4, _IOCTL[machine]),
        (_LOAD, 0, 0, _ARGUMENTS + 8),  # its request: may not type into a terminal
        (_IF_EQUAL, 1, 0, _TIOCSTI),
        (_IF_EQUAL, 0, 1, _TIOCLINUX),
        (_ANSWER, 0, 0, _REFUSE | _EPERM),
        (_ANSWER, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
