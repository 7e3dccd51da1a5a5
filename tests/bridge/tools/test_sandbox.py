"""Programs that try to leave the sandbox, harm the machine, or use too much of it: all fail."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyseccomp
import pytest

import longthink as lt
from longthink import errors
from longthink.bridge.tools import sandbox, system_calls
from longthink.bridge.tools.sandbox import ProgramResult, SandboxLimits, run

# A probe prints ESCAPED if it gets what it wants. A probe that is stopped prints what stopped it, or nothing.
_PRELUDE = """
import ctypes, errno, mmap, os, resource, signal, socket, stat, struct, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *arguments):
    found = libc.syscall(ctypes.c_long(number), *arguments)
    return found, ctypes.get_errno()
def escaped(what=""):
    print("ESCAPED", what, flush=True)
def tries(function, *arguments, **more):
    try:
        found = function(*arguments, **more)
    except BaseException as error:
        print("held:", type(error).__name__, error, flush=True)
        return None
    escaped(repr(found)[:200])
    return found
"""

PROBES = {
    # the network
    "reach a server outside": "tries(socket.create_connection, ('1.1.1.1', 53), 2)",
    "reach a server of this machine": "tries(socket.create_connection, ('127.0.0.1', {port}), 2)",
    "open a raw socket": "tries(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)",
    "talk to an abstract socket": """
s = tries(socket.socket, socket.AF_UNIX)
if s: tries(s.connect, chr(0) + '{abstract}')""",
    "ask the kernel over netlink": "tries(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    # the files of the host
    "read the users": "tries(open, '/etc/passwd')",
    "read a secret by its path": "tries(open, '{secret}')",
    "read a secret through a link": "os.symlink('{secret}', '/tmp/link'); tries(open, '/tmp/link')",
    "climb out by dots": "tries(open, '/tmp/' + '../' * 40 + '{secret}'[1:])",
    "climb out by an old root": """
for path in ('/oldroot', '/newroot', '/proc/1/root', '/proc/self/root{secret}', '/.old', '/run', '/home', '/root'):
    if os.path.exists(path): escaped(path)""",
    "find anything but Python": """
wanted = {{'dev', 'lib', 'lib32', 'lib64', 'program.py', 'python', 'tmp'}}
if set(os.listdir('/')) - wanted: escaped(os.listdir('/'))
for folder, _, files in os.walk('/'):
    for file in files:
        if not folder.startswith(('/python', '/dev', '/lib')) and file != 'program.py': escaped(folder + '/' + file)""",
    "find packages of the host": """
for entry in os.walk('/python'):
    if entry[0].endswith(('site-packages', 'dist-packages')) and entry[1] + entry[2]: escaped(entry)""",
    "look at processes": "tries(os.listdir, '/proc')",
    "read the memory of process one": "tries(open, '/proc/1/mem', 'rb')",
    "open a handle by number": "if syscall({open_by_handle_at}, -100, b'0' * 128, 0)[1] not in (1,): escaped()",
    # writing
    "write next to Python": "tries(open, '/python/lib/new', 'w')",
    "change the standard library": "tries(open, os.__file__, 'a')",
    "change the program": "tries(open, '/program.py', 'a')",
    "write at the root": "tries(open, '/new', 'w')",
    "write into devices": "tries(open, '/dev/new', 'w')",
    "make the root writable": "if libc.mount(None, b'/', None, 32, None) == 0: escaped()",
    "make a device": "tries(os.mknod, '/tmp/disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))",
    "open the memory of the machine": """
for name in ('mem', 'kmem', 'port', 'kmsg', 'sda', 'vda'): tries(open, f'/dev/{{name}}', 'rb')""",
    "open a terminal": "tries(open, '/dev/tty', 'w')",
    # privilege
    "become root": "tries(os.setuid, 0)",
    "hold any capability": """
header, data = struct.pack('=Ii', 0x20080522, 0), ctypes.create_string_buffer(24)
libc.capget(ctypes.c_char_p(header), data)
if any(struct.unpack('=6I', data.raw)[:2]): escaped(data.raw)""",
    "gain by a setuid program": """
import shutil
shutil.copy('/python/bin/python3', '/tmp/p') if os.path.getsize('/python/bin/python3') < 10 << 20 else None
if libc.prctl(39, 0, 0, 0, 0) != 1: escaped('no_new_privs is off')""",
    "make a user namespace": "if libc.unshare(0x10000000) == 0: escaped()",
    "make a mount namespace": "if libc.unshare(0x00020000) == 0: escaped()",
    "clone into a user namespace": "if syscall({clone}, 0x10000000 | 17, 0, 0, 0, 0)[0] != -1: escaped()",
    "clone by the newer call": """
if syscall(435, struct.pack('=11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)[0] != -1: escaped()""",
    "change the root": "if libc.chroot(b'/tmp') == 0: escaped()",
    "mount something": "if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0: escaped()",
    "mount by the newer calls": "if syscall(430, b'tmpfs', 0)[0] != -1: escaped()",
    "take the keys of the session": "if syscall({keyctl}, 0, -3, 0)[0] != -1: escaped()",
    "read a key": "if syscall({request_key}, b'user', b'longthink', None, 0)[0] != -1: escaped()",
    "load a program into the kernel": "if syscall({bpf}, 0, b'0' * 64, 64)[1] != 1: escaped()",
    "use the ring of system calls": "if syscall(425, 8, b'0' * 120)[0] != -1: escaped()",
    "watch page faults": "if syscall({userfaultfd}, 0)[0] != -1: escaped()",
    "call as a machine of 32 bits": "syscall(0x40000000 | 39); escaped('x32') if {x86} else None",
    "call through the gate of 32-bit x86": """
if {x86}:
    code = mmap.mmap(-1, 4096, prot=7)  # mov eax, 20 (getpid of 32-bit x86); int 0x80; ret
    code.write(bytes.fromhex('b814000000 cd80 c3'))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    escaped('i386')""",
    "push bytes into a terminal by a padded request": """
for request in (0x5412, 0x541c): # TIOCSTI and TIOCLINUX, also with bits that the kernel does not read
    for padding in (0, 1 << 32):
        if libc.ioctl(0, ctypes.c_ulong(request | padding), b'x') == 0 or ctypes.get_errno() != 1: escaped(request)""",
    "make a process by a thread's call": "if syscall({clone}, 0x10000 | 0x20000, 0, 0, 0, 0)[1] != 1: escaped()",
    "send to a socket of the host from a pair": """
if tries(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM): escaped()
a, b = socket.socketpair()
for call in (a.connect, a.bind, lambda name: a.sendto(b'x', name)): tries(call, chr(0) + '{abstract}')""",
    # other processes
    "trace the parent": "if libc.ptrace(16, os.getppid(), 0, 0) == 0: escaped()",
    "signal the processes of the host": """
for pid in (os.getppid(), {host_pid}, {host_pid} + 1):
    try:
        os.kill(pid, signal.SIGKILL if pid != os.getppid() else signal.SIGTERM)
    except OSError: continue
    if pid > 1: escaped(pid)""",
    "signal everybody": """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try: os.kill(-1, signal.SIGTERM)
except OSError as error: print(error)""",
    "fork": "if tries(os.fork) == 0: os._exit(0)",
    "start a program": "tries(subprocess.run, ['/python/bin/python3', '-c', '1'])",
    "leave a process behind": """
try:
    if os.fork() == 0:
        os.setsid(); time.sleep(60)
    escaped()
except OSError as error: print(error)""",
    "type into the terminal": """
import fcntl, termios
for fd in (0, 1, 2): tries(fcntl.ioctl, fd, termios.TIOCSTI, b'x')""",
    # what it can learn
    "read the environment": """
if set(os.environ) - {{'LD_LIBRARY_PATH', 'HOME', 'PWD', 'LC_CTYPE'}}: escaped(dict(os.environ))""",
    "learn the name of the host": "if os.uname().nodename != 'sandbox': escaped(os.uname())",
    "find files left open": """
import fcntl
for fd in range(3, 4096):
    try: fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError: continue
    escaped(fd)""",
    "change its input": "tries(os.write, 0, b'x'); tries(os.ftruncate, 0, 1 << 30)",
    # more than its share
    "raise its own limits": """
for name in ('AS', 'CPU', 'FSIZE', 'NOFILE', 'CORE'):
    tries(resource.setrlimit, getattr(resource, 'RLIMIT_' + name), (1 << 40, 1 << 40))""",
    "fill the memory": "x = tries(bytearray, 4 << 30)",
    "fill the memory bit by bit": """
parts = []
try:
    while True: parts.append(bytes(1 << 20) + b'x')
except MemoryError: print('held at', len(parts))
if len(parts) > 600: escaped(len(parts))""",
    "share memory that is not counted": """
if libc.shmget(0, 1 << 30, 0o1600) != -1: escaped('shmget')
if libc.memfd_create(b'x', 0) != -1: escaped('memfd_create')""",
    "fill the disk": """
total = 0
try:
    for i in range(100):
        with open(f'/tmp/{{i}}', 'wb') as file: total += file.write(bytes(4 << 20))
except OSError as error: print(error)
if total > 32 << 20: escaped(total)""",
    "write one huge file": """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open('/tmp/huge', 'wb') as file: tries(os.pwrite, file.fileno(), b'x', 1 << 40)""",
    "open too many files": "tries(lambda: [open('/dev/null') for _ in range(1000)])",
    "start too many threads": """
def start():
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
tries(start)
os._exit(0)""",
    "dump its core": "os.abort()",
}  # fmt: skip

_CALLS = {  # on x86-64 and on 64-bit ARM
    "open_by_handle_at": (304, 265), "clone": (56, 220), "keyctl": (250, 219), "request_key": (249, 218),
    "bpf": (321, 280), "userfaultfd": (323, 282),
}  # fmt: skip


@pytest.fixture(scope="module")
def host() -> Iterator[dict[str, object]]:
    """Targets outside the sandbox: a secret file, a server, an abstract socket, a process, a secret variable."""
    arm = os.uname().machine == "aarch64"
    with (
        tempfile.NamedTemporaryFile("w", prefix="longthink-secret-") as secret,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as victim,
    ):
        secret.write("a secret")
        secret.flush()
        name = f"longthink-{secrets.token_hex(8)}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        os.environ["LONGTHINK_TEST_SECRET"] = "a secret"
        yield {
            "secret": secret.name,
            "port": server.getsockname()[1],
            "abstract": name,
            "host_pid": victim.pid,
            "x86": not arm,
            **{call: pair[arm] for call, pair in _CALLS.items()},
        }
        del os.environ["LONGTHINK_TEST_SECRET"]
        assert victim.poll() is None, "a probe killed a process of the host"
        victim.kill()
        assert Path(secret.name).read_text() == "a secret"


@pytest.mark.parametrize("name", PROBES)
def test_no_probe_escapes(name: str, host: dict[str, object]) -> None:
    ran = run(_PRELUDE + PROBES[name].format(**host), limits=SandboxLimits(seconds=20))
    assert "ESCAPED" not in ran.output, ran.output
    assert "SyntaxError" not in ran.output, ran.output
    assert "NameError" not in ran.output, ran.output
    assert ran.seconds < 20


def test_there_are_many_probes() -> None:
    assert len(PROBES) >= 25


def children() -> set[str]:
    """The processes that run a sandbox of this test."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"/program.py" in entry.read_bytes():
                found.add(entry.parent.name)
    return found


def settles(before: set[str]) -> bool:
    """Whether all processes that are newer than `before` end within a few seconds."""
    for _ in range(100):
        if children() <= before:
            return True
        time.sleep(0.05)
    return False


NUISANCES = {
    "sleeps": "import time; time.sleep(600)",
    "spins": "while True: pass",
    "ignores every signal": """
import signal, time
for number in range(1, 64):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
time.sleep(600)""",
    "closes its output and stays": """
import os, time
os.close(1); os.close(2)
time.sleep(600)""",
    "waits for input": "import select; select.select([], [], [])",
    "spins in threads": """
import threading
for _ in range(8): threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()""",
    "holds on in destructors": """
import atexit, time
atexit.register(time.sleep, 600)""",
}


@pytest.mark.parametrize("name", NUISANCES)
def test_nothing_outlasts_its_time(name: str) -> None:
    before = children()
    started = time.monotonic()
    ran = run(NUISANCES[name], limits=SandboxLimits(seconds=1.5))
    assert ran.ended_by == "seconds"
    assert not ran.ok
    assert time.monotonic() - started < 10
    assert settles(before)


@pytest.mark.parametrize(
    "program", ["while True: print('x' * 1000)", "import os\nwhile True: os.write(2, bytes(65536))"]
)
def test_floods_are_cut(program: str) -> None:
    before = children()
    ran = run(program, limits=SandboxLimits(seconds=20, output=10_000))
    assert ran.ended_by == "output"
    assert len(ran.output) <= 10_000
    assert settles(before)


def test_what_was_printed_before_the_end_is_kept() -> None:
    ran = run("print('so far'); import time; time.sleep(60)", limits=SandboxLimits(seconds=1.5))
    assert ran.output == "so far\n"


# The text of the sandbox and of what it imports, for a process that may not be allowed to read the files here.
_PARTS = (errors, pyseccomp, system_calls, sandbox)
_ALONE = f"""
import sys, types
for name, text in {[(m.__name__, Path(str(m.__file__)).read_text()) for m in _PARTS]!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(text, module.__dict__)
sandbox = module
"""


def test_the_sandbox_ends_when_its_keeper_is_killed() -> None:
    before = children()
    script = _ALONE + "sandbox.run('import time; time.sleep(600)', limits=sandbox.SandboxLimits(seconds=500))"
    keeper = subprocess.Popen([sys.executable, "-c", script])
    for _ in range(400):
        if children() - before:
            break
        time.sleep(0.05)
    assert children() - before
    keeper.kill()
    keeper.wait()
    assert settles(before)


def test_sandboxes_run_side_by_side() -> None:
    found: list[ProgramResult | None] = [None] * 6

    def work(i: int) -> None:
        program = f"open('/tmp/x', 'x').write('{i}'); print(open('/tmp/x').read())"
        found[i] = run(program, limits=SandboxLimits(seconds=30))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ran.output for ran in found if ran] == [f"{i}\n" for i in range(6)]


def test_honest_programs_run() -> None:
    ran = run("import sys; print(sum(map(int, sys.stdin)))", stdin="1\n2\n3\n", limits=SandboxLimits(seconds=20))
    assert (ran.output, ran.exit_code, ran.ok) == ("6\n", 0, True)
    libraries = (
        "import asyncio, ctypes, decimal, fractions, hashlib, itertools, json, math, random, re, sqlite3, statistics"
    )
    ran = run(f"{libraries}, threading\nt = threading.Thread(target=print, args=('ä€😀',)); t.start(); t.join()")
    assert ran.output == "ä€😀\n"
    failed = run("def f(): return 1 / 0\nf()", limits=SandboxLimits(seconds=20))
    assert failed.exit_code == 1
    assert failed.output.startswith("Traceback")
    assert 'program.py", line 1, in f' in failed.output
    assert run("import sys; sys.exit(7)", limits=SandboxLimits(seconds=20)).exit_code == 7
    assert run("import os; os.abort()", limits=SandboxLimits(seconds=20)).exit_code == 128 + 6
    assert "numpy" in run("import numpy", limits=SandboxLimits(seconds=20)).output  # packages are not there


def test_it_works_for_users_other_than_root() -> None:
    """Run as nobody if this process is root; if it is not, all the other tests have shown it."""
    if os.geteuid() != 0:
        return
    script = (
        _ALONE
        + """
print(sandbox.run("import os; print(os.getuid(), os.listdir('/tmp'))", limits=sandbox.SandboxLimits(seconds=20)).output)
"""
    )
    said = ""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):  # one that nobody may run
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python, "-I", "-c", script], user=65534, group=65534, extra_groups=[], cwd="/", text=True,
                capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                assert done.stdout == "65534 []\n\n"
                return
            said += done.stderr
    pytest.fail(f"no Python here runs as nobody: {said}")


# ---- If no sandbox can be made ----


@pytest.fixture
def unchecked() -> Iterator[None]:
    sandbox._check_sandbox.cache_clear()
    yield
    sandbox._check_sandbox.cache_clear()


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, unchecked: None) -> None:
    monkeypatch.setenv("PATH", "")
    tool = lt.load_tool("python")
    with pytest.raises(lt.ToolError, match="install bubblewrap"):
        tool.call("print(1)")


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (ModuleNotFoundError("No module named 'pyseccomp'", name="pyseccomp"), r"pip install 'longthink\[lm\]'"),
        (RuntimeError("Unable to find libseccomp"), "apt-get install libseccomp2"),
    ],
)
def test_without_libseccomp_nothing_runs(
    missing: Exception, text: str, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    def fails(name: str) -> None:
        raise missing

    monkeypatch.setattr(errors.importlib, "import_module", fails)
    system_calls.system_call_filter.cache_clear()
    with pytest.raises(lt.ToolError, match=text):
        run("print(1)")


def test_without_linux_nothing_runs(monkeypatch: pytest.MonkeyPatch, unchecked: None) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(lt.ToolError, match="needs Linux"):
        run("print(1)")


def test_if_bubblewrap_may_not_work_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, unchecked: None, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(lt.ToolError, match=r"No permissions.*user namespaces"):
        run("print(1)")


def test_a_sandbox_with_a_hole_is_not_used(monkeypatch: pytest.MonkeyPatch, unchecked: None) -> None:
    real = sandbox._arguments

    def holed(*arguments: object) -> list[str]:
        command = real(*arguments)  # type: ignore[arg-type]
        at = command.index("--remount-ro")
        return [*command[:at], "--ro-bind", "/etc", "/etc", *command[at:]]

    monkeypatch.setattr(sandbox, "_arguments", holed)
    with pytest.raises(lt.ToolError, match="see Python alone"):
        run("print(1)")


@pytest.mark.parametrize(
    "limits", [{"seconds": 0}, {"memory": 1}, {"output": 0}, {"disk": float("inf")}, {"files": True}]
)
def test_limits_are_checked(limits: dict[str, object]) -> None:
    with pytest.raises(lt.ParameterError, match="expects a number"):
        lt.load_tool("python", **limits)
    with pytest.raises(lt.UnknownNameError, match="unknown parameter of python 'second'; did you mean 'seconds'"):
        lt.load_tool("python", second=3)


def test_process_one_keeps_no_zombies() -> None:
    """Orphans become children of process 1, or of a process that adopts them, as this one does."""
    script = """
import ctypes, pathlib
from longthink.bridge.tools.sandbox import SandboxLimits, run
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
for program in ("import time; time.sleep(600)", "while True: print(1)", "print(1)", "import os; os.abort()"):
    print(run(program, limits=SandboxLimits(seconds=1)).ended_by)
print("".join(path.read_text() for path in pathlib.Path("/proc/self/task").glob("*/children")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *ended_by, children_left = done.stdout.split("\n")[:-1]
    assert ended_by == ["seconds", "output", "exit", "exit"]
    assert children_left == ""


def test_limits_take_numbers_of_numpy() -> None:
    limits = SandboxLimits(seconds=np.float64(20), memory=np.int64(256 << 20))
    assert limits == SandboxLimits(seconds=20.0, memory=256 << 20)
    with pytest.raises(errors.ParameterError, match="memory expects a number from"):
        SandboxLimits(memory=1)
