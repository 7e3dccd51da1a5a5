"""The run log: one JSON line for each `Record` (record.py), appended so that no finished case is lost.

Each line is written in one piece and synced to disk before `append` returns. If a kill leaves an incomplete last line,
the next run moves it to another file. Only one process at a time may write; anyone may read while it does. Records are
checked against their classes (by pydantic) when they are written and when they are read; docs/run_log.md says what each
field is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from longthink.benchmarks.harness.record import JSON, SCHEMA, Outcome, Record
from longthink.errors import ParameterError, RunLogError, require
from longthink.validation import shown

NAME = "log.jsonl"
"""The name of the log in the folder of a run."""


@cache
def adapter() -> Any:
    """The `pydantic.TypeAdapter` of `Record`: it reads a record, and `adapter().json_schema()` is the schema."""
    return require("pydantic", "compare").TypeAdapter(Record)


def wrong(error: Exception) -> str:
    """An error in words; of a pydantic `ValidationError`, each wrong field with what is wrong."""
    if not isinstance(error, require("pydantic", "compare").ValidationError):
        return str(error)
    each_error: Any = error
    found = [(".".join(map(str, each["loc"])), each["msg"]) for each in each_error.errors(include_url=False)[:3]]
    return "; ".join(f"{field}: {what}" if field else what for field, what in found)


# ---- Reading ----


def find_log(run: str | os.PathLike[str]) -> Path:
    """The log of a run: of a folder, its log.jsonl; of a file, itself. Raises `RunLogError` if there is none."""
    path = Path(run) / NAME if Path(run).is_dir() else Path(run)
    if not path.is_file():
        raise RunLogError(f"there is no run log {path}; a run of `longthink compare` writes one to its --run-dir")
    return path


def read(path: Path) -> list[Record]:
    """The records of a log, without an incomplete last line; none if there is no file.

    Raises `RunLogError` for a line that is not a record, and for a record of another schema.
    """
    records, _ = _read(path)
    return records


def _read(path: Path) -> tuple[list[Record], int]:
    """The records of a log, and how many bytes of the file they take."""
    if not path.exists():
        return [], 0
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunLogError(f"the run log {path} cannot be read: {error}") from error
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")[:-1]
    return [_record(line, f"line {number} of {path}") for number, line in enumerate(lines, start=1)], whole


def _record(line: bytes, where: str) -> Record:
    found: JSON = None
    try:
        try:
            record: Record = adapter().validate_json(line)  # four times as fast, but refuses values in 100 others
        except ValueError:
            found = json.loads(line)
            record = adapter().validate_python(found)
        schema: object = record.schema
    except (ValueError, RecursionError) as error:
        # Schema 1 called itself "format".
        schema = found.get("schema", found.get("format", SCHEMA)) if isinstance(found, dict) else SCHEMA
        if schema == SCHEMA:
            raise RunLogError(
                f"{where} is not a record of a run ({wrong(error)}); repair or remove that line, "
                "or start again with --fresh, which keeps the old run in another folder"
            ) from error
    if schema != SCHEMA:
        raise RunLogError(
            f"{where} has schema {shown(schema)}, this longthink reads {SCHEMA}; use the longthink that wrote it, "
            "or start again with --fresh, which keeps the old run in another folder"
        )
    return record


# ---- Writing ----


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
    """A log open for appending, from one thread: `with RunLog(path) as log: log.append(record)`.

    records: the records in the log. Raises `RunLogError` if another process writes to the log, if it is damaged, or if
    it cannot be written; earlier records stay complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
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

    def append(self, record: Record) -> Record:
        """Add a record, sync it to disk, and return it as it is in the log.

        Raises `ParameterError` if the record is not plain JSON or a field has another type: then nothing is written.
        """
        if self._file is None:
            raise RunLogError("the run log is not open; use it as `with RunLog(path) as log:`")
        line, written = _written(record)
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


def checked(outcome: Outcome) -> Outcome:
    """The outcome as a log would return it. Raises `ParameterError` if it is not plain JSON of the right types."""
    found = _written(Record("", "", 0, {}, outcome))[1].outcome
    assert found is not None
    return found


def _written(record: Record) -> tuple[bytes, Record]:
    """The line of a record, and the record that is read from it."""
    try:
        line = json.dumps(record.as_dict(), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"a record has only plain JSON values (finite numbers, texts, lists): {error}") from error
    try:
        return line, adapter().validate_python(json.loads(line))
    except ValueError as error:
        raise ParameterError(f"a field of a record has a wrong value: {wrong(error)}") from error


# ---- Several records of one case, several logs ----


def latest(records: Iterable[Record]) -> list[Record]:
    """One record for each key, in their order: the last finished one, or the last failure if none finished."""
    found: dict[str, Record] = {}
    for record in records:
        if record.outcome is not None or record.key not in found or found[record.key].outcome is None:
            found[record.key] = record
    return list(found.values())


def merge(paths: Iterable[str | os.PathLike[str]]) -> list[Record]:
    """The latest record of each case in the logs of several runs; later runs come last. Raises `RunLogError`."""
    return latest(record for path in paths for record in read(find_log(path)))


def same_outcomes(one: Sequence[Record], other: Sequence[Record]) -> list[str]:
    """How two logs differ in the latest record of each case, timings and environments aside; empty if they do not.

    A timing is every value whose name contains "seconds".
    """
    first, second = ({record.key: record for record in latest(records)} for records in (one, other))
    differences = []
    for key in [*first, *(key for key in second if key not in first)]:
        here, there = first.get(key), second.get(key)
        if here is None or there is None:
            found = here or there
            assert found is not None
            differences.append(f"{found.study} {dict(found.facts)}: only in the {'first' if here else 'second'} log")
        elif (left := _outcome(here)) != (right := _outcome(there)):
            differs = [name for name in left if left[name] != right[name]]
            differences.append(f"{here.study} {dict(here.facts)}: {', '.join(differs)} differ")
    return differences


def _outcome(record: Record) -> dict[str, JSON]:
    """What decides whether two records of a case are equal."""
    outcome, failure = record.outcome, record.failure
    return {
        "facts": dict(record.facts),
        "failures": failure and (failure.kind, failure.message),
        "scores": outcome and _without_timings(outcome.scores),
        "costs": outcome and _without_timings(outcome.spent),
        "curves": outcome and _without_timings(outcome.curve),
        "artifacts": outcome and _without_timings(outcome.artifacts),
    }


def _without_timings(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        return {name: _without_timings(each) for name, each in value.items() if "seconds" not in name}
    if isinstance(value, (list, tuple)):
        return [_without_timings(each) for each in value]
    return value
