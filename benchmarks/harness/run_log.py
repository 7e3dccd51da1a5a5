"""The run log: one JSON line for each finished job, appended so that no finished job is lost.

Every line is written in one piece and synced to disk before the next job begins. If a kill leaves an incomplete line,
the next run moves it to another file. Only one process at a time may write.
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

if TYPE_CHECKING:  # a match of Go engines has a log, too, and needs no language models
    from longthink.bridge.runtime.answer import Answer

FORMAT = 1


def read(path: Path) -> list[dict[str, Any]]:
    """The records of a log, without an incomplete last line. Raises `RunLogError` for a line that is not a record."""
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
        except (ValueError, RecursionError) as error:  # a line of many brackets raises RecursionError
            raise RunLogError(
                f"line {number} of {path} is not a record of a run ({error}); repair or remove that line, "
                "or start again with --fresh, which keeps the old run in another folder"
            ) from error
        if record.get("format") != FORMAT:
            raise RunLogError(
                f"line {number} of {path} has format {record.get('format')!r}, this longthink writes {FORMAT}; "
                "start again with --fresh, which keeps the old run in another folder"
            )
        records.append(record)
    return records, whole


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other runs from writing to the log at `path`. Raises `RunLogError` at once if one is writing to it."""
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

    records: the records in the log. Raises `RunLogError` if another process writes to the log, if it is damaged, or if
    it cannot be written; earlier records stay complete.
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
                self._move_torn_line(whole)
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            except OSError as error:
                raise RunLogError(f"the run log {self.path} cannot be opened: {error}") from error
            opening.callback(os.close, self._file)
            self._open = opening.pop_all()
        return self

    def _move_torn_line(self, whole: int) -> None:
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
        """Add a record, sync it to disk, and return it as it is in the log."""
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
                f"the run log {self.path} cannot be written: {error}; earlier records stay; make room and run again"
            ) from error
        self.records.append(written)
        return written


Record = Mapping[str, Any]
Work = Callable[[], Record]
"""Work that returns a record."""


def whole(answer: Answer) -> Answer:
    """The answer, if it is complete. Raises `KeyboardInterrupt` if Ctrl-C ended it early: then there is no record."""
    if answer.interrupted:
        raise KeyboardInterrupt
    return answer


def resumed(path: Path, works: Iterable[tuple[str, Work]]) -> list[Record]:
    """Do the work of each (key, work) that the log at `path` does not have yet, and return the records of all.

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
