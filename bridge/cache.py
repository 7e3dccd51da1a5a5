"""The request cache: answers of a model on disk, so that nothing is paid for twice, and replay without a model."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from longthink.bridge.model import Answered, Completion, Model, Request, Token
from longthink.errors import ModelError, ParameterError
from longthink.search.budget import Spent

FILE = "answers.sqlite"
_PATIENCE = 60.0  # seconds for which a process waits for another
_TABLES = (
    """CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT, request TEXT, completions TEXT, made REAL,
  prompt_tokens INTEGER, generated_tokens INTEGER, calls INTEGER, money REAL
)""",
    "CREATE TABLE IF NOT EXISTS models (model TEXT PRIMARY KEY, traits TEXT)",
)
_COSTS = ("prompt_tokens", "generated_tokens", "calls", "money")
_TRAITS = ("grammars", "logprobs", "images", "scores", "remembers")


class CachedModel(Model):
    """A model whose answers are kept in a folder, and given again, marked `cached`, to an equal request.

    Equal are the model, the prompt, and every parameter, the seed and the number of completions among them. model: None
    replays what is there, and every other request is a `ModelError`; `of` says which model's answers where the folder
    has several. paid: what all answers in the folder for this model cost when they were made, by whatever process.
    What an answer cost stands in it and counts in a budget whenever it is given again, so that thinking with a cache
    is the same as without one; nothing is asked or paid for a second time.

    The folder holds one SQLite file in WAL mode: several processes may use it at once, on one machine, and one that is
    killed loses no answer that it had. Raises `ModelError` where it cannot be read or written.
    """

    def __init__(self, model: Model | None, directory: str | Path, of: str | None = None) -> None:
        self._model, self._path = model, Path(directory) / FILE
        if model is None and not self._path.is_file():
            raise ModelError(
                f"there are no answers to replay in {str(directory)!r}; fill it with load_model(cache=...)"
            )
        self._store: sqlite3.Connection | None = None
        self._named = False  # whether the folder has been told what the model can do
        self._lock, self._process = threading.Lock(), 0
        self._identity = model.identity if model is not None else self._only(of)
        self.name = model.name if model is not None else f"replay of {self._identity}"
        traits = self._known_traits() if model is None else {trait: getattr(model, trait) for trait in _TRAITS}
        for trait in _TRAITS:
            setattr(self, trait, traits.get(trait, False))
        self.slots = 1 if model is None else model.slots

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def paid(self) -> Spent:
        sums = ", ".join(f"TOTAL({cost})" for cost in _COSTS)
        (row,) = self._do(f"SELECT {sums} FROM answers WHERE model = ?", self._identity)
        return Spent(**{c: v if c == "money" else int(v) for c, v in zip(_COSTS, row, strict=True)})

    def most(self, request: Request) -> Spent:
        return super().most(request) if self._model is None else self._model.most(request)

    def answer(self, request: Request) -> list[Completion]:
        return self.submit(request).result()

    def submit(self, request: Request, until: float | None = None) -> Future[list[Completion]]:
        asked = _canonical(self._identity, request)
        key = hashlib.sha256(asked.encode()).hexdigest()
        found = self._find(key)
        if found is not None:
            return Answered(found)
        if self._model is None:
            missing = f"seed {request.seed}, n {request.n}, prompt ending {request.prompt[-60:]!r}"
            return Answered(error=ModelError(f"{self.name}: no answer to this request is in {self._path} ({missing})"))
        answered: Future[list[Completion]] = Future()

        def keep(asking: Future[list[Completion]]) -> None:
            try:
                completions = asking.result()
                if all(completion.finish != "cut off" for completion in completions):
                    self._keep(key, asked, completions)
                answered.set_result(completions)
            except Exception as error:
                answered.set_exception(error)

        self._model.submit(request, until).add_done_callback(keep)
        return answered

    def _find(self, key: str) -> list[Completion] | None:
        rows = self._do("SELECT completions FROM answers WHERE key = ?", key)
        return [_completion(each) for each in json.loads(rows[0][0])] if rows else None

    def _known_traits(self) -> dict[str, bool]:
        """What the model could do whose answers are here, so that the same is asked of them."""
        rows = self._do("SELECT traits FROM models WHERE model = ?", self._identity)
        return dict(json.loads(rows[0][0])) if rows else {}

    def _keep(self, key: str, asked: str, completions: list[Completion]) -> None:
        costs = [sum(getattr(c, cost) for c in completions if not c.cached) for cost in _COSTS]
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
        """The one model with answers here, or the one that is named."""
        known = [row[0] for row in self._do("SELECT DISTINCT model FROM answers")]
        fitting = [each for each in known if of in (None, each)]
        if len(fitting) != 1:
            raise ParameterError(
                f"expected the name of one of the models with answers in {str(self._path)!r}, got {of!r}; "
                f"there are: {', '.join(map(repr, known)) or 'none'}"
            )
        return str(fitting[0])

    def _do(self, statement: str, *values: Any) -> list[Any]:
        """Execute and commit, on a connection of this process."""
        try:
            with self._lock:
                if self._store is None or self._process != os.getpid():
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    self._process = os.getpid()
                    self._store = _open(self._path)
                found: list[Any] = self._store.execute(statement, values).fetchall()
                return found
        except (sqlite3.Error, OSError) as error:
            raise ModelError(
                f"the request cache {self._path} cannot be used ({error}); free or delete it, or name another folder"
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    """A connection with the table made. SQLite does not wait for the lock that the first switch to WAL takes: we do."""
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


def _canonical(identity: str, request: Request) -> str:
    """All that an answer depends on, written in one way."""
    asked = {**asdict(replace(request, images=())), "model": identity}
    asked["images"] = [hashlib.sha256(image.data).hexdigest() for image in request.images]
    return json.dumps(asked, sort_keys=True, ensure_ascii=True)


def _completion(kept: dict[str, Any]) -> Completion:
    tokens = tuple(Token(**token) for token in kept.pop("tokens"))
    return Completion(**{**kept, "tokens": tokens, "cached": True})
