"""A model in this process: any GGUF file, run by llama.cpp through xllamacpp."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import http.client
import json
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from longthink.bridge.models.model import Completion, Model, Request, Token, known_logprob
from longthink.bridge.models.processors import free_processors
from longthink.bridge.models.prompt_memory import common_length
from longthink.bridge.models.reasoning import separated
from longthink.bridge.models.smollm2 import FILE, smollm2
from longthink.bridge.models.special_tokens import as_text
from longthink.concurrency import PerProcess
from longthink.errors import ModelError, RequestRefusedError, error_text, require
from longthink.validation import whole_number

_WORTH_COPYING = 200  # characters that another sequence has read already
_here = os.getpid()  # the process in which llama.cpp was loaded


@functools.cache
def _mind_forks() -> None:
    """Let a process that is forked from now on end at once: llama.cpp would wait there for threads of its parent."""
    if hasattr(os, "register_at_fork") and hasattr(ctypes.CDLL(None), "on_exit"):
        libc = ctypes.CDLL(None)
        os.register_at_fork(after_in_child=lambda: libc.on_exit(libc._exit, None))


class _Engine:
    """llama.cpp at work in this process, and what its sequences remember."""

    def __init__(self, path: str, threads: int, context: int, sequences: int) -> None:
        xllamacpp = require("xllamacpp", "lm")
        self.copies = tempfile.mkdtemp(prefix="longthink-")
        weakref.finalize(self, _remove, self.copies, os.getpid())
        parameters = xllamacpp.CommonParams()
        parameters.model.path = path
        parameters.n_ctx = context * sequences
        parameters.n_parallel = sequences
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        # With flash attention the digits of an answer would depend on the number of threads.
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.cache_ram_mib = 0
        parameters.slot_save_path = self.copies + "/"
        parameters.verbosity = -1
        parameters.warmup = False
        parameters.endpoint_metrics = True
        _mind_forks()
        try:
            self.server = xllamacpp.Server(parameters)
            self.server.handle_metrics()  # one that is let go before it is at work would be waited for without end
        except Exception as error:  # xllamacpp raises bare kinds
            raise ModelError(f"llama.cpp could not load {path!r}: {error}") from error
        if os.getpid() != _here:  # it cannot be let go in a forked process
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.server))
        self.remembered = [""] * sequences  # the prompt of each sequence
        self.saved = ""  # the prompt that the file of a copy holds
        self.free = set(range(sequences))
        self.changed = threading.Condition()

    def take(self, prompt: str) -> int:
        """Wait for a free sequence, and take the one that remembers most of a prompt."""
        with self.changed:
            while not self.free:
                self.changed.wait()
            known = [common_length(prompt, remembered) for remembered in self.remembered]
            best = max(self.free, key=lambda sequence: (known[sequence], -len(self.remembered[sequence])))
            self.free.remove(best)
            source = known.index(max(known))
            if known[source] >= known[best] + _WORTH_COPYING:
                if common_length(prompt, self.saved) < known[best] + _WORTH_COPYING:
                    self.saved = self.remembered[source] if self._do("save", source) else ""
                self._do("restore", best)
            self.remembered[best] = prompt
            return best

    def forget(self) -> None:
        """Wait until no request is under way, and drop what all sequences remember. Raises `ModelError`."""
        with self.changed:
            while len(self.free) < len(self.remembered):
                self.changed.wait()
            for sequence in range(len(self.remembered)):
                if not self._do("erase", sequence):
                    raise ModelError(
                        f"llama.cpp did not drop the prompt of its sequence {sequence}; load the model anew"
                    )
                self.remembered[sequence] = ""
            self.saved = ""

    def give_back(self, sequence: int) -> None:
        with self.changed:
            self.free.add(sequence)
            self.changed.notify()

    def _do(self, action: str, sequence: int) -> bool:
        """Write what a sequence remembers to the file of copies ("save"), read it ("restore"), or drop it ("erase")."""
        return self.post(f"/slots/{sequence}?action={action}", {"filename": "copy"}) is not None

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What llama.cpp answers over HTTP, as JSON; None if it does not."""
        address = urlsplit(self.server.listening_address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == 200 else None
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def _remove(folder: str, process: int) -> None:
    """Remove a folder of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


class LlamaModel(Model):
    """A GGUF file, or the embedded default model, on llama.cpp.

    path: None: the embedded default, SmolLM2. threads: None: one for each processor that nothing else uses when it is
    loaded. context: tokens of prompt and answer together.
    sequences: requests that it works on at once; each remembers the prompt it read last. A request goes to the free
    sequence that remembers most of its prompt, and where another one remembers much more, a copy of that is made first,
    so that a beginning that all prompts share is read once. The same request may differ in the last digits of its
    log-probabilities by what was remembered (`forget` drops that), and by what else is under way; a near tie may then
    fall the other way.

    A forked process loads the file for itself when it first asks. Raises `ModelError` where the file is missing or is
    no model, `RequestRefusedError` for a prompt that is longer than the context.
    """

    grammars = True
    logprobs = True
    remembers = True

    def __init__(
        self, path: str | Path | None = None, threads: int | None = None, context: int = 4096, sequences: int = 1
    ) -> None:
        require("xllamacpp", "lm")
        path = smollm2() if path is None else str(path)
        if not Path(path).is_file():
            raise ModelError(f"there is no model file at {path!r}; give the path of a GGUF file")
        with open(path, "rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path!r} is not a GGUF file; convert the model with llama.cpp first")
        self._context = whole_number("context", context, 64)
        self._workers = None if threads is None else whole_number("threads", threads, 1)
        self.name, self.slots, self._path = Path(path).stem, whole_number("sequences", sequences, 1), path
        self.threads = self._workers or free_processors()
        self._engines = PerProcess[_Engine]()
        self._engine()

    def __reduce__(self) -> Any:
        """Its file, or its name for the default, which may lie elsewhere where the pickle is read."""
        options: dict[str, Any] = {"threads": self._workers, "context": self._context, "sequences": self.slots}
        if Path(self._path).name == FILE and self._path == smollm2():
            return functools.partial(type(self), **options), ()
        return functools.partial(type(self), self._path, **options), ()

    def _engine(self) -> _Engine:
        return self._engines.get(self._start)

    def _start(self) -> _Engine:
        return _Engine(self._path, self.threads, self._context, self.slots)

    @property
    def address(self) -> str:
        """Where this process also serves the model over HTTP, on loopback."""
        return str(self._engine().server.listening_address)

    def forget(self) -> None:
        self._engine().forget()

    @cached_property
    def identity(self) -> str:
        with open(self._path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{self.name} (sha256 {digest[:16]})"

    def as_text(self, text: str) -> str:
        return as_text(text, self._special_tokens)

    def _special_tokens(self, text: str) -> Sequence[str]:
        """The special tokens that this model's tokenizer finds in a text."""
        found = self._tokens(text, True) - self._tokens(text, False)
        return [
            piece
            for number, piece in found
            if self._tokens(piece, True) == {(number, piece)} != self._tokens(piece, False)
        ]

    def _tokens(self, text: str, special: bool) -> set[tuple[int, str]]:
        """The tokens of a text, by number and text; special: also those that no text of a user is to be."""
        asked = {"content": text, "add_special": False, "parse_special": special, "with_pieces": True}
        told = self._engine().post("/tokenize", asked)
        if told is None:
            raise ModelError(f"{self.name}: llama.cpp does not tell the tokens of a text")
        return {(each["id"], each["piece"]) for each in told["tokens"] if isinstance(each["piece"], str)}

    def answer(self, request: Request) -> list[Completion]:
        options: dict[str, Any] = {
            "prompt": request.prompt,
            "n_predict": request.max_tokens,
            "temperature": request.temperature,
            "top_k": 0,
            "top_p": 1.0,
            "min_p": 0.0,
            "stop": list(request.stop),
            "n_probs": max(1, request.top),
            "cache_prompt": True,
        }
        if request.grammar is not None:
            options["grammar"] = request.grammar
        engine = self._engine()
        sequence = engine.take(request.prompt)
        try:
            options["id_slot"] = sequence
            seeds = [(request.seed + i) % 2**31 for i in range(request.n)]
            return [_one(engine, {**options, "seed": seed}, first=i == 0) for i, seed in enumerate(seeds)]
        finally:
            engine.give_back(sequence)


def _one(engine: _Engine, options: dict[str, Any], first: bool) -> Completion:
    """One completion; the first of a request bears what its prompt costs."""
    try:
        answer = engine.server.handle_completions(options)
        if "error" in answer:
            why = answer["error"].get("message", answer["error"])
            raise RequestRefusedError(f"llama.cpp refuses the request: {why}")
        choice, usage = answer["choices"][0], answer["usage"]
        text, reasoning, tokens = separated(
            choice["text"],
            [
                Token(
                    t["token"],
                    known_logprob(t["logprob"]),
                    {o["token"]: known_logprob(o["logprob"]) for o in t["top_logprobs"]},
                )
                for t in (choice.get("logprobs") or {}).get("content", [])
            ],
        )
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
    except ModelError:
        raise
    except (KeyError, IndexError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        raise ModelError(f"llama.cpp gave an answer that cannot be read ({error_text(error)})") from error
    return Completion(
        text=text,
        logprob=sum(token.logprob for token in tokens),
        tokens=tokens,
        finish=choice.get("finish_reason") or "stop",
        prompt_tokens=usage["prompt_tokens"] if first else 0,
        cached_tokens=cached if first else 0,
        generated_tokens=usage["completion_tokens"],
        calls=1 if first else 0,
        reasoning=reasoning,
    )
