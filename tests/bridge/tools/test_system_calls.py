"""The system calls of the sandbox: those that Python needs work, all others are refused."""

from __future__ import annotations

import pyseccomp
import pytest

from longthink.bridge.tools.sandbox import SandboxLimits, run
from longthink.bridge.tools.system_calls import ALLOWED

# A program for each part of the standard library.
LIBRARY = {
    "data": """
import array, bisect, collections, csv, decimal, fractions, io, json, math, pickle, random, re, statistics, struct
assert json.loads(json.dumps({"a": [1.5, None]})) == {"a": [1.5, None]}
assert decimal.Decimal(2).sqrt() ** 2 - 2 < 1 and fractions.Fraction(1, 3) * 3 == 1
assert pickle.loads(pickle.dumps(array.array("d", [1.0])))[0] == 1.0
random.Random(0).shuffle(list(range(100))); random.SystemRandom().random(); statistics.stdev([1.0, 2.0])""",
    "digests and archives": """
import bz2, gzip, hashlib, hmac, io, lzma, secrets, shutil, tarfile, uuid, zipfile, zlib
for name in ("md5", "sha256", "sha3_256", "blake2b"): hashlib.new(name, b"x").hexdigest()
hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10); hashlib.scrypt(b"a", salt=b"b", n=16, r=1, p=1)
for module in (bz2, gzip, lzma, zlib): assert module.decompress(module.compress(b"x" * 100)) == b"x" * 100
secrets.token_hex(); uuid.uuid1(); uuid.uuid4()
open("/tmp/a", "w").write("text")
for kind in ("zip", "gztar", "xztar"):
    shutil.unpack_archive(shutil.make_archive("/tmp/b", kind, "/tmp", "a"), "/tmp/c")
assert open("/tmp/c/a").read() == "text"
""",
    "files and folders": """
import fcntl, fileinput, glob, mmap, os, pathlib, shutil, tempfile
folder = pathlib.Path(tempfile.mkdtemp())
a, b = folder / "a", folder / "b"
a.write_text("x" * 9000); shutil.copy2(a, b); shutil.move(b, folder / "c"); b.symlink_to(a); os.link(a, folder / "d")
assert b.readlink() == a and b.resolve() == a and sorted(os.listdir(folder)) == ["a", "b", "c", "d"]
os.chmod(a, 0o600); os.utime(a); os.rename(a, folder / "e"); os.truncate(folder / "e", 10); os.access(b, os.R_OK)
with open(folder / "e", "r+b") as file:
    file.seek(0, 2); file.write(b"y" * 9000); file.flush(); os.fsync(file.fileno())
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_UN); os.posix_fallocate(file.fileno(), 0, 20000)
    with mmap.mmap(file.fileno(), 0) as memory: memory[:3] = b"abc"; memory.flush()
assert (folder / "e").read_bytes()[:3] == b"abc"
for entry in os.scandir(folder): entry.stat(follow_symlinks=False)
os.chdir(folder); assert os.getcwd() == str(folder); os.umask(0o22); shutil.disk_usage("/tmp"); shutil.rmtree(folder)
with tempfile.TemporaryFile() as one, tempfile.SpooledTemporaryFile() as two: one.write(b"x"); two.write(b"x")""",
    "databases": """
import contextlib, dbm.dumb, shelve, sqlite3
with contextlib.closing(sqlite3.connect("/tmp/x.db")) as db:
    db.execute("pragma journal_mode=wal"); db.execute("create table t(a)")
    db.executemany("insert into t values(?)", [(n,) for n in range(1000)]); db.commit()
    assert db.execute("select sum(a) from t").fetchone() == (499500,)
with shelve.open("/tmp/shelf") as shelf: shelf["a"] = [1]
with shelve.open("/tmp/shelf") as shelf: assert shelf["a"] == [1]""",
    "threads": """
import concurrent.futures, queue, threading, time
with concurrent.futures.ThreadPoolExecutor(8) as pool: assert sum(pool.map(abs, range(-99, 1))) == 4950
q, done = queue.Queue(), threading.Event()
threading.Timer(0.01, q.put, (1,)).start(); assert q.get(timeout=5) == 1
threading.Thread(target=done.set, daemon=True).start(); assert done.wait(5)
barrier = threading.Barrier(2); threading.Thread(target=barrier.wait).start(); barrier.wait(5)""",
    "asyncio": """
import asyncio, time
async def main():
    await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(5)), asyncio.to_thread(time.sleep, 0.01))
    async with asyncio.timeout(5), asyncio.Lock(): pass
    asyncio.get_running_loop().add_signal_handler(10, print); asyncio.get_running_loop().call_later(0.01, int)
asyncio.run(main())""",
    "time and signals": """
import datetime, os, sched, select, selectors, signal, threading, time, timeit, zoneinfo
time.sleep(0.001); time.process_time(); time.thread_time(); time.clock_getres(time.CLOCK_MONOTONIC); os.times()
datetime.datetime.now().astimezone(); timeit.timeit("1 + 1", number=10); time.localtime()
rung = []
for number in (signal.SIGALRM, signal.SIGUSR1): signal.signal(number, lambda *_: rung.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.05); signal.raise_signal(signal.SIGALRM)
os.kill(os.getpid(), signal.SIGUSR1); signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
assert len(rung) == 4 and signal.sigtimedwait([signal.SIGUSR2], 0.01) is None
reading, writing = os.pipe(); os.write(writing, b"x"); os.set_blocking(reading, False)
for kind in (selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector):
    with kind() as selector: selector.register(reading, selectors.EVENT_READ); assert len(selector.select(1)) == 1""",
    "the interpreter": """
import ctypes, faulthandler, gc, getpass, inspect, io, locale, logging, os, platform, resource, sys, tracemalloc
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(2) == 3
faulthandler.enable(open("/tmp/f", "w")); faulthandler.dump_traceback_later(60)
faulthandler.cancel_dump_traceback_later()
tracemalloc.start(); gc.collect(); locale.setlocale(locale.LC_ALL, ""); logging.warning("x"); sys.stdout.isatty()
platform.platform(); os.cpu_count(); os.sched_getaffinity(0); os.uname(); os.getpriority(0, 0); os.getgroups()
resource.getrusage(0); resource.getrlimit(resource.RLIMIT_AS); os.getrandom(8); os.urandom(8)
os.environ["X"] = "1"; import doctest, unittest, cProfile; cProfile.run("sum(range(10))")
try: os.get_terminal_size()
except OSError: pass""",
}


@pytest.mark.parametrize("part", LIBRARY)
def test_the_standard_library_works(part: str) -> None:
    result = run(LIBRARY[part] + "\nprint('worked')", limits=SandboxLimits(seconds=60))
    assert result.output.endswith("worked\n"), result.output
    assert result.ok


# Prints the result of a system call, and errno.
_CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long({}), {}), ctypes.get_errno())
"""


@pytest.mark.parametrize(
    "call",
    ["keyctl", "mount", "socket", "memfd_create", "ptrace", "fork", "setns", "io_uring_setup", 999, 5000, 1 << 20],
)
def test_a_call_on_no_list_is_refused(call: str | int) -> None:
    number = call if isinstance(call, int) else pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call)
    result = run(_CALL.format(number, "0, 0, 0, 0, 0, 0"), limits=SandboxLimits(seconds=20))
    assert result.output == ("-1 1\n" if number >= 0 else "-1 38\n")  # EPERM; ENOSYS: this machine has no such call


def test_a_newer_clone_returns_enosys() -> None:
    """The C library then starts its threads by the older call, whose flags the filter sees."""
    result = run(_CALL.format(435, "b'0' * 88, 88"), limits=SandboxLimits(seconds=20))
    assert result.output == "-1 38\n"


def test_the_filter_knows_every_name_of_its_list() -> None:
    """A misspelt name would be left out silently."""
    x86, arm = pyseccomp.Arch.X86_64, pyseccomp.Arch.AARCH64
    names = [name for names in ALLOWED.values() for name in names.split()]
    assert len(names) == len(set(names))
    assert [name for name in names if pyseccomp.resolve_syscall(x86, name) < 0] == []
    assert {"read", "openat", "futex", "rt_sigreturn"} <= {n for n in names if pyseccomp.resolve_syscall(arm, n) >= 0}
