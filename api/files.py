"""Files: `replace_file` writes one completely or not at all, and `file_digest` tells two contents apart.

This module imports nothing of longthink: every room may use it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def replace_file(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    mode: "w" for text (UTF-8, line ends as written) or "wb" for bytes. The old file stays until the new file is on the
    disk, so after an error or a crash it is unchanged. A link is followed, and its target is replaced. Anything that is
    not a regular file (/dev/stdout, a pipe) is written directly.

    Raises `OSError` if the file cannot be written.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f'mode expects "w" or "wb", got {mode!r}')
    if "\0" in os.fspath(path):
        raise OSError(errno.EINVAL, "the name of a file cannot contain the character of code 0")
    encoding = {"encoding": "utf-8", "newline": ""} if mode == "w" else {}
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with open(target, mode, **encoding) as file:  # type: ignore[call-overload]
            yield file
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "x" + mode[1:], **encoding) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_file(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write `content` to `path` by `replace_file`. Raises `OSError`."""
    with replace_file(path, "w" if isinstance(content, str) else "wb") as file:
        file.write(content)


def file_digest(path: str | os.PathLike[str]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the file's content. Raises `OSError`."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _sync_folder(folder: Path) -> None:
    """Write the new name to the disk, too, on systems that can open a folder."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
