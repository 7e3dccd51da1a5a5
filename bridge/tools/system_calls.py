"""The system calls that a program in the sandbox may make, as a seccomp filter for the Linux kernel.

The filter is a list of what is allowed: the calls that the Python interpreter and its standard library make in one
process without a network. The kernel refuses every other call with EPERM ("operation not permitted"), also calls that
do not exist yet. libseccomp (through pyseccomp) knows the number of each call on this machine and writes the filter.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from functools import lru_cache
from types import ModuleType

from longthink.errors import MissingExtraError, ToolError, require

# A name that this machine's kernel interface does not have (arm64 has no `open`) is left out of the filter.
ALLOWED: dict[str, str] = {
    "memory": "brk mmap munmap mremap mprotect madvise msync",
    "reading and writing": "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek sendfile "
    "copy_file_range fsync fdatasync ftruncate truncate fallocate fadvise64 flock fcntl dup dup2 dup3 pipe pipe2 "
    "close close_range",
    "files and folders": "open openat openat2 creat stat fstat lstat newfstatat statx statfs fstatfs access faccessat "
    "faccessat2 getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 "
    "link linkat symlink symlinkat readlink readlinkat chmod fchmod fchmodat fchmodat2 umask utime utimes utimensat "
    "futimesat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr",
    "waiting": "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "
    "eventfd2 sendto recvfrom shutdown getsockname getpeername getsockopt wait4 waitid",
    "time": "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer",
    "signals": "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack pause "
    "kill tkill tgkill restart_syscall",
    "threads": "futex futex_waitv set_tid_address set_robust_list get_robust_list rseq gettid sched_yield "
    "sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_min sched_get_priority_max exit",
    "the process": "execve exit_group getpid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid "
    "getresgid getgroups getpriority getrlimit setrlimit getrusage getrandom getcpu sysinfo uname capget arch_prctl",
}

_MACHINES = ("x86_64", "aarch64")
_CLONE_THREAD = 0x10000
# Flags of clone(2) that make namespaces: NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
_CLONE_NAMESPACES = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
# Of ioctl(2): TCGETS and TCGETS2 (is this a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. Not TIOCSTI
# and TIOCLINUX, which type into a terminal.
_IOCTL_REQUESTS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Of prctl(2): PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS, PR_SET_VMA (names of memory regions).
_PRCTL_OPTIONS = (15, 16, 39, 0x53564D41)


@lru_cache(maxsize=1)
def system_call_filter() -> bytes:
    """The filter as the kernel and bubblewrap take it: a program in classic BPF.

    Raises `ToolError` if libseccomp or pyseccomp is missing, or on a machine other than 64-bit x86 and ARM.
    """
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        raise ToolError(f"the sandbox works on Linux on {' and '.join(_MACHINES)} only, not on this machine")
    seccomp = _library()
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    # Calls by the tables of other machines (32-bit x86, x32), which number the calls differently, end the program.
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)

    def add(name: str, *conditions: tuple[int, int, int], action: int = seccomp.ALLOW) -> None:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        if number >= 0:
            arguments = (seccomp.Arg(at, seccomp.MASKED_EQ, mask, value) for at, mask, value in conditions)
            rules.add_rule(action, number, *arguments)

    for names in ALLOWED.values():
        for name in names.split():
            add(name)
    # Conditions: position of the argument, mask, value under the mask. The kernel reads 32 bits of these arguments.
    word = 0xFFFFFFFF
    add("clone", (0, _CLONE_THREAD | _CLONE_NAMESPACES, _CLONE_THREAD))  # threads, no processes
    add("clone3", action=seccomp.ERRNO(errno.ENOSYS))  # its flags are out of a filter's sight; libc falls back to clone
    for request in _IOCTL_REQUESTS:
        add("ioctl", (1, word, request))
    for option in _PRCTL_OPTIONS:
        add("prctl", (0, word, option))
    add("prlimit64", (0, word, 0))  # of this process alone
    add("socketpair", (0, word, socket.AF_UNIX), (1, 0xF, socket.SOCK_STREAM))  # asyncio wakes its loop by a pair
    with open(os.memfd_create("filter"), "w+b", buffering=0) as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _library() -> ModuleType:
    try:
        return require("pyseccomp", "lm")
    except MissingExtraError as error:
        raise ToolError(f"the sandbox filters system calls by libseccomp: {error}") from error
    except RuntimeError as error:  # pyseccomp is there, libseccomp is not
        raise ToolError(
            f"the sandbox needs libseccomp, which is not installed ({error}); install it "
            "(apt-get install libseccomp2, dnf install libseccomp)"
        ) from error
