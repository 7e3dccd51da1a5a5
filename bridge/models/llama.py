"""A language model in this process: a GGUF file, run by llama.cpp through xllamacpp."""

from __future__ import annotations

import ctypes
import functools
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
from longthink.files import file_digest
from longthink.validation import shown, whole_number

_COPY_FROM = 200  # copy the memory of a sequence if that saves at least this many characters
_here = os.getpid()  # the process in which llama.cpp was loaded


@functools.cache
def _let_forks_end() -> None:
    """Let processes that are forked from now on end at once; llama.cpp would wait in them for threads of the parent."""
    if hasattr(os, "register_at_fork") and hasattr(ctypes.CDLL(None), "on_exit"):
        libc = ctypes.CDLL(None)
        os.register_at_fork(after_in_child=lambda: libc.on_exit(libc._exit, None))


class _Engine:
    """A llama.cpp server in this process, and what its sequences remember."""

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
        # With flash attention, the last digits of an answer would depend on the number of threads.
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.cache_ram_mib = 0
        parameters.slot_save_path = self.copies + "/"
        parameters.verbosity = -1
        parameters.warmup = False
        parameters.endpoint_metrics = True
        _let_forks_end()
        try:
            self.server = xllamacpp.Server(parameters)
            self.server.handle_metrics()  # a server that is deleted before it works would block forever
        except Exception as error:  # xllamacpp raises plain exceptions
            raise ModelError(f"llama.cpp could not load {path!r}: {error}") from error
        if os.getpid() != _here:  # it cannot be deleted in a forked process
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.server))
        self.remembered = [""] * sequences  # the prompt of each sequence
        self.saved = ""  # the prompt in the file of the last copy
        self.free = set(range(sequences))
        self.changed = threading.Condition()

    def take(self, prompt: str) -> int:
        """Wait for a free sequence and take the one that remembers most of a prompt."""
        with self.changed:
            while not self.free:
                self.changed.wait()
            known = [common_length(prompt, remembered) for remembered in self.remembered]
            best = max(self.free, key=lambda sequence: (known[sequence], -len(self.remembered[sequence])))
            self.free.remove(best)
            source = known.index(max(known))
            if known[source] >= known[best] + _COPY_FROM:
                if common_length(prompt, self.saved) < known[best] + _COPY_FROM:
                    self.saved = self.remembered[source] if self._do("save", source) else ""
                self._do("restore", best)
            self.remembered[best] = prompt
            return best

    def forget(self) -> None:
        """Wait until no request is in progress and drop what all sequences remember. Raises `ModelError`."""
        with self.changed:
            while len(self.free) < len(self.remembered):
                self.changed.wait()
            for sequence in range(len(self.remembered)):
                if not self._do("erase", sequence):
                    raise ModelError(
                        f"llama.cpp did not drop the prompt of its sequence {sequence}; load the model again"
                    )
                self.remembered[sequence] = ""
            self.saved = ""

    def give_back(self, sequence: int) -> None:
        with self.changed:
            self.free.add(sequence)
            self.changed.notify()

    def _do(self, action: str, sequence: int) -> bool:
        """Write what a sequence remembers to a file ("save"), read it back ("restore"), or drop it ("erase")."""
        return self.post(f"/slots/{sequence}?action={action}", {"filename": "copy"}) is not None

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer of llama.cpp over HTTP, as JSON; None if there is none."""
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
    """Remove a folder, in the process that made it only."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


class LlamaModel(Model):
    """A GGUF file, or the embedded default model, on llama.cpp.

    path: by default the embedded model, SmolLM2. threads: by default one for each processor that is idle when the model
    is loaded. context: tokens of prompt and answer together.
    sequences: requests that it works on at once. Each sequence remembers the last prompt that it read. A request goes
    to the free sequence that remembers most of its prompt; if another sequence remembers much more, its memory is
    copied first, so that a common beginning of all prompts is read once. The log-probabilities of a request may differ
    in the last digits, depending on what was remembered (`forget` drops it) and on other requests in progress; so a
    near tie may be decided differently.

    A forked process loads the file again at its first request.

    Raises `ModelError` if the file is missing or is not a model, `RequestRefusedError` for a prompt that is longer than
    the context.
    """

    grammars = True
    logprobs = True
    reads = True
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
        """The path of the file; not for the default model, whose path may differ where the pickle is read."""
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
        """The address on loopback at which this process also serves the model over HTTP."""
        return str(self._engine().server.listening_address)

    def forget(self) -> None:
        self._engine().forget()

    @cached_property
    def identity(self) -> str:
        return f"{self.name} (sha256 {file_digest(self._path)})"

    def as_text(self, text: str) -> str:
        return as_text(text, self._special_tokens)

    def _special_tokens(self, text: str) -> Sequence[str]:
        """The special tokens that this model's tokenizer finds in a text."""
        found = {*self._tokens(text, True)} - {*self._tokens(text, False)}
        return [
            piece
            for number, piece in found
            if piece and self._tokens(piece, True) == [(number, piece)] != self._tokens(piece, False)
        ]

    def _tokens(self, text: str, special: bool) -> list[tuple[int, str]]:
        """The tokens of a text, as pairs of number and text, which is "" if a token is a part of a character.

        special: special tokens are found, too.
        """
        asked = {"content": text, "add_special": False, "parse_special": special, "with_pieces": True}
        answer = self._engine().post("/tokenize", asked)
        if answer is None:
            raise ModelError(f"{self.name}: llama.cpp does not give the tokens of a text")
        return [(each["id"], each["piece"] if isinstance(each["piece"], str) else "") for each in answer["tokens"]]

    def _forced(self, text: str) -> dict[str, Any]:
        """The options with which llama.cpp writes exactly the tokens of a text.

        The grammar names the tokens. A grammar of the characters would allow other tokens of the same text, too.
        """
        tokens = self._tokens(text, False)
        if any(not piece for _, piece in tokens):
            raise RequestRefusedError(
                f"{self.name} cannot read {shown(text)}: llama.cpp cannot be made to write tokens that are parts of "
                "characters; use characters that are whole tokens"
            )
        grammar = "root ::= " + " ".join(f"<[{number}]>" for number, _ in tokens)
        return {"grammar": grammar, "n_predict": len(tokens), "temperature": 0.0}

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
        if request.given is not None:
            options |= self._forced(request.given)
        engine = self._engine()
        sequence = engine.take(request.prompt)
        try:
            options["id_slot"] = sequence
            seeds = [(request.seed + i) % 2**31 for i in range(request.n)]
            return [_one(engine, {**options, "seed": seed}, first=i == 0) for i, seed in enumerate(seeds)]
        finally:
            engine.give_back(sequence)


def _one(engine: _Engine, options: dict[str, Any], first: bool) -> Completion:
    """One completion; the first of a request has the cost of the prompt."""
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
