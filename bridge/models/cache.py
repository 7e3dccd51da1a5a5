"""The request cache keeps answers on disk, so that none is paid for twice, and replays them without a model."""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from longthink.bridge.models.in_flight import InFlight
from longthink.bridge.models.model import Answered, Completion, Model, Request, Token, cost_of
from longthink.concurrency import PerProcess
from longthink.errors import ModelError, ParameterError
from longthink.search.budget import Spent

FILE = "answers.sqlite"
_PATIENCE = 60.0  # seconds that a process waits for another
_TABLES = (
    """CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT, request TEXT, completions TEXT, made REAL,
  prompt_tokens INTEGER, generated_tokens INTEGER, calls INTEGER, money REAL
)""",
    "CREATE TABLE IF NOT EXISTS models (model TEXT PRIMARY KEY, traits TEXT)",
)
_COSTS = ("prompt_tokens", "generated_tokens", "calls", "money")
_TRAITS = ("grammars", "logprobs", "images", "scores", "reads", "remembers")


@dataclass
class _Store:
    """What belongs to one process: a connection to the file, and the requests in progress."""

    connection: sqlite3.Connection
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: InFlight = field(default_factory=InFlight)


class CachedModel(Model):
    """A model whose answers are kept in a folder. An equal request gets the kept answer, marked `cached`.

    Requests are equal if the model, the prompt and every parameter are equal, including the seed and the number of
    completions. model: None replays the folder; a request that is not there raises `ModelError`. of: whose answers to
    replay, if the folder has answers of several models. paid: what all answers in the folder for this model cost when
    they were made, by any process.
    An answer keeps its cost, which counts in a budget each time, so that a session with a cache is the same as without
    one; but no request is made or paid for twice. Equal requests at the same time are made once.

    The folder has one SQLite file in WAL mode. Several processes on one machine may use it at once, and a process that
    is killed loses no answer that it had. A replay only reads the file.

    Raises `ModelError` if the file cannot be read or written.
    """

    def __init__(self, model: Model | None, directory: str | Path, of: str | None = None) -> None:
        self._model, self._path, self._of = model, Path(directory) / FILE, of
        if model is None and not self._path.is_file():
            raise ModelError(
                f"there are no answers to replay in {str(directory)!r}; fill it with load_model(cache=...)"
            )
        self._stores, self._writers = PerProcess[_Store](), PerProcess[ThreadPoolExecutor]()
        self._named = False  # whether the folder knows what the model can do
        self._identity = model.identity if model is not None else self._only(of)
        self.name = model.name if model is not None else f"replay of {self._identity}"
        traits = self._known_traits() if model is None else {trait: getattr(model, trait) for trait in _TRAITS}
        for trait in _TRAITS:
            setattr(self, trait, traits.get(trait, False))
        self.slots = 1 if model is None else model.slots

    def __reduce__(self) -> Any:
        return type(self), (self._model, str(self._path.parent), self._of)

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def paid(self) -> Spent:
        sums = ", ".join(f"TOTAL({cost})" for cost in _COSTS)
        (row,) = self._do(f"SELECT {sums} FROM answers WHERE model = ?", self._identity)
        return Spent(**{c: v if c == "money" else int(v) for c, v in zip(_COSTS, row, strict=True)})

    def forget(self) -> None:
        if self._model is not None:
            self._model.forget()

    def most(self, request: Request) -> Spent:
        return super().most(request) if self._model is None else self._model.most(request)

    def as_text(self, text: str) -> str:
        return super().as_text(text) if self._model is None else self._model.as_text(text)

    def in_turn(self, request: Request) -> list[Completion]:
        return self.answer(request)  # threads take turns at the model, not at the cache

    def answer(self, request: Request) -> list[Completion]:
        asked = self.submit(request)
        try:
            return asked.result()
        finally:
            asked.cancel()  # after Ctrl-C

    def submit(self, request: Request, until: float | None = None) -> Future[list[Completion]]:
        asked = _canonical(self._identity, request)
        key = hashlib.sha256(asked.encode()).hexdigest()
        in_flight = self._stores.get(self._open).in_flight
        answer, flight = in_flight.join((key, until))
        if flight is None:
            return answer
        try:
            found = self._find(key)
            if found is not None:
                in_flight.land(flight, found)
                return answer
            if self._model is None:
                missing = f"seed {request.seed}, n {request.n}, prompt ending {request.prompt[-60:]!r}"
                raise ModelError(f"{self.name}: no answer to this request is in {self._path} ({missing})")
            asking = self._model.submit(request, until)
        except BaseException as error:
            in_flight.fail(flight, error)
            if not isinstance(error, Exception):
                raise
            return answer
        in_flight.begun(flight, asking)

        def keep() -> None:
            try:
                completions = asking.result()
                if all(completion.finish != "cut off" for completion in completions):
                    self._keep(key, asked, completions)
            except Exception as error:
                in_flight.fail(flight, error)
            else:
                in_flight.land(flight, completions)

        if isinstance(asking, Answered):
            keep()
        else:  # the answer comes on the network thread, which must not wait for a disk
            writer = self._writers.get(functools.partial(ThreadPoolExecutor, 1, thread_name_prefix="longthink-cache"))
            asking.add_done_callback(lambda _: writer.submit(keep))
        return answer

    def _find(self, key: str) -> list[Completion] | None:
        rows = self._do("SELECT completions FROM answers WHERE key = ?", key)
        return [_completion(each) for each in json.loads(rows[0][0])] if rows else None

    def _known_traits(self) -> dict[str, bool]:
        """What the model of these answers can do, so that a replay gets the same requests."""
        rows = self._do("SELECT traits FROM models WHERE model = ?", self._identity)
        return dict(json.loads(rows[0][0])) if rows else {}

    def _keep(self, key: str, asked: str, completions: list[Completion]) -> None:
        spent = cost_of([completion for completion in completions if not completion.cached])
        costs = [getattr(spent, cost) for cost in _COSTS]
        text = json.dumps([asdict(completion) for completion in completions])
        self._do(
            f"INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?{', ?' * len(_COSTS)})",
            key, self._identity, asked, text, time.time(), *costs,
        )  # fmt: skip
        if not self._named:
            traits = json.dumps({trait: getattr(self, trait) for trait in _TRAITS})
            self._do("INSERT OR REPLACE INTO models VALUES (?, ?)", self._identity, traits)
            self._named = True

    def _only(self, of: str | None) -> str:
        """The model whose answers are replayed: the one named, or the only one."""
        known = [row[0] for row in self._do("SELECT DISTINCT model FROM answers")]
        fitting = [each for each in known if of in (None, each)]
        if len(fitting) != 1:
            raise ParameterError(
                f"expected the name of one of the models with answers in {str(self._path)!r}, got {of!r}; "
                f"there are: {', '.join(map(repr, known)) or 'none'}"
            )
        return str(fitting[0])

    def _do(self, statement: str, *values: Any) -> list[Any]:
        """Execute and commit a statement on the connection of this process."""
        try:
            store = self._stores.get(self._open)
            with store.lock:
                found: list[Any] = store.connection.execute(statement, values).fetchall()
                return found
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _open(self) -> _Store:
        try:
            if self._model is None:
                return _Store(_open_to_read(self._path))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return _Store(_open(self._path))
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> ModelError:
        return ModelError(
            f"the request cache {self._path} cannot be used ({error}); free or delete it, or name another folder"
        )


def replay(folder: str, of: str | None = None) -> CachedModel:
    """A model that replays the answers in a folder; of: whose, if the folder has answers of several models."""
    return CachedModel(None, folder, of)


def _open(path: Path) -> sqlite3.Connection:
    """A connection with the tables made. SQLite does not wait for the lock of the first switch to WAL, so this does."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        store = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            store.execute("PRAGMA journal_mode = WAL")
            store.execute("PRAGMA synchronous = NORMAL")
            for table in _TABLES:
                store.execute(table)
            return store
        except sqlite3.Error as error:
            store.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, not even the extra files of WAL mode: the folder may be read-only."""
    log = path.with_name(path.name + "-wal")
    complete = not log.exists() or log.stat().st_size == 0
    for how in ("mode=ro", "immutable=1") if complete else ("mode=ro",):
        address = f"file:{quote(str(path.resolve()))}?{how}"
        store = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            store.execute("SELECT 1 FROM answers LIMIT 1")
            return store
        except sqlite3.OperationalError as error:
            store.close()
            failure = error
    raise failure


def _canonical(identity: str, request: Request) -> str:
    """Everything that an answer depends on, in a canonical form."""
    asked = {**asdict(replace(request, images=())), "model": identity}
    if request.given is None:  # so that the keys of answers kept before this field existed stay the same
        del asked["given"]
    asked["images"] = [hashlib.sha256(image.data).hexdigest() for image in request.images]
    return json.dumps(asked, sort_keys=True, ensure_ascii=True)


def _completion(kept: dict[str, Any]) -> Completion:
    tokens = tuple(Token(**token) for token in kept.pop("tokens"))
    return Completion(**{**kept, "tokens": tokens, "cached": True})
