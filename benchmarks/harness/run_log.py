"""The run log: one JSON line for each finished job, appended so that nothing finished is ever lost.

Every line is written in one piece and synced to disk before the next job begins. A line that a kill tore apart is put
aside when the log is next opened; one process at a time may write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from longthink.errors import RunLogError, require

if TYPE_CHECKING:  # a match of Go engines keeps a log, too, and needs no language
    from longthink.bridge.runtime.answer import Answer

FORMAT = 1


def read(path: Path) -> list[dict[str, Any]]:
    """The records of a log, without a torn last line. Raises `RunLogError` for a line that is not a record."""
    records, _ = _read(path)
    return records


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The records of a log, and how many bytes of the file they take."""
    if not path.exists():
        return [], 0
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunLogError(f"the run log {path} cannot be read: {error}") from error
    records: list[dict[str, Any]] = []
    whole = data.rfind(b"\n") + 1
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("key"), str):
                raise ValueError("not a record")
        except (ValueError, RecursionError) as error:  # a line of many brackets is the second
            raise RunLogError(
                f"line {number} of {path} is not a record of a run ({error}); mend or remove that line, "
                "or start again with --fresh, which keeps the old run beside"
            ) from error
        if record.get("format") != FORMAT:
            raise RunLogError(
                f"line {number} of {path} has format {record.get('format')!r}, this longthink writes {FORMAT}; "
                "start again with --fresh, which keeps the old run beside"
            )
        records.append(record)
    return records, whole


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep all other runs from the log at `path`. Raises `RunLogError` at once if one is writing to it."""
    filelock = require("filelock", "compare")
    lock = filelock.FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise RunLogError(f"another run is writing to {path}; wait for it, or use another --run-dir") from error
    except OSError as error:
        raise RunLogError(f"the run folder {path.parent} cannot be made or written: {error}") from error
    try:
        yield
    finally:
        lock.release()


class RunLog:
    """A log open for appending: `with RunLog(path) as log: log.append(record)`.

    records: what it holds. Raises `RunLogError` if another process writes to it, if it is damaged, or if the disk
    refuses; what was appended before stays whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []
        self._open = ExitStack()
        self._file: int | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(locked(self.path))
            try:
                self.records, whole = _read(self.path)
                self._put_torn_line_aside(whole)
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            except OSError as error:
                raise RunLogError(f"the run log {self.path} cannot be opened: {error}") from error
            opening.callback(os.close, self._file)
            self._open = opening.pop_all()
        return self

    def _put_torn_line_aside(self, whole: int) -> None:
        if not self.path.exists() or self.path.stat().st_size == whole:
            return
        with self.path.open("rb+") as file:
            file.seek(whole)
            with self.path.with_suffix(".torn").open("ab") as aside:
                aside.write(file.read() + b"\n")
            file.truncate(whole)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file = None
        self._open.close()

    def append(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Add a record, sync it to disk, and give it as it stands in the log."""
        if self._file is None:
            raise RunLogError("the run log is not open; use it as `with RunLog(path) as log:`")
        written = {"format": FORMAT, **record}
        line = (json.dumps(written, allow_nan=False) + "\n").encode()
        begun = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError("only a part of the line could be written; is the disk full?")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, begun)
            raise RunLogError(
                f"the run log {self.path} cannot be written: {error}; all before is whole, make room and run again"
            ) from error
        self.records.append(written)
        return written


Record = Mapping[str, Any]
Work = Callable[[], Record]
"""A piece of work that gives a record."""


def whole(answer: Answer) -> Answer:
    """The answer, of which a record is made; where Ctrl-C ended it early there is to be none, and Ctrl-C goes on."""
    if answer.interrupted:
        raise KeyboardInterrupt
    return answer


def resumed(path: Path, works: Iterable[tuple[str, Work]]) -> list[Record]:
    """Do each piece of work, whose key comes first, that the log at `path` does not have yet; give all their records.

    Raises `RunLogError`.
    """
    with RunLog(path) as log:
        by_key: dict[str, Record] = {record["key"]: record for record in log.records}
        found = []
        for key, work in works:
            if key not in by_key:
                by_key[key] = log.append({"key": key, **work()})
            found.append(by_key[key])
        return found
