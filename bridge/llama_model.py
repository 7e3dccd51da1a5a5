"""A model in this process: any GGUF file, run by llama.cpp through xllamacpp."""

from __future__ import annotations

import hashlib
import http.client
import tempfile
import threading
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from longthink.bridge.model import Completion, Model, Request, Token
from longthink.bridge.processors import free_processors
from longthink.bridge.prompt_memory import common_length
from longthink.errors import ModelError, ParameterError, RequestRefusedError, require

_WORTH_COPYING = 200  # characters that another sequence has read already


class LlamaModel(Model):
    """A GGUF file on llama.cpp.

    threads: None: one for each processor that nothing else uses when it is loaded. context: tokens of prompt and answer
    together.
    sequences: requests that it works on at once; each remembers the prompt it read last. A request goes to the free
    sequence that remembers most of its prompt, and where another one remembers much more, a copy of that is made first,
    so that a beginning that all prompts share is read once. The same request may differ in the last digits of its
    log-probabilities by what was remembered, and by what else is under way; a near tie may then fall the other way.

    Raises `ModelError` where the file is missing or is no model.
    """

    grammars = True
    logprobs = True
    remembers = True

    def __init__(self, path: str, threads: int | None = None, context: int = 4096, sequences: int = 1) -> None:
        xllamacpp = require("xllamacpp", "lm")
        if not Path(path).is_file():
            raise ModelError(f"there is no model file at {path!r}; give the path of a GGUF file")
        with open(path, "rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path!r} is not a GGUF file; convert the model with llama.cpp first")
        threads = free_processors() if threads is None else threads
        for name, value, low in (("threads", threads, 1), ("context", context, 64), ("sequences", sequences, 1)):
            if not isinstance(value, int) or value < low:
                raise ParameterError(f"{name} expects a whole number from {low}, got {value!r}")
        self.name, self.slots, self.threads, self._path = Path(path).stem, sequences, threads, path
        self._copies = tempfile.TemporaryDirectory(prefix="longthink-")
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = context * sequences
        parameters.n_parallel = sequences
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.cache_ram_mib = 0
        parameters.slot_save_path = self._copies.name + "/"
        parameters.verbosity = -1
        parameters.warmup = False
        parameters.endpoint_metrics = True
        try:
            self._server = xllamacpp.Server(parameters)
            self._server.handle_metrics()  # one that is let go before it is at work would be waited for without end
        except Exception as error:  # xllamacpp raises bare kinds
            raise ModelError(f"llama.cpp could not load {path!r}: {error}") from error
        self._remembered = [""] * sequences  # the prompt of each sequence
        self._saved = ""  # the prompt that the file of a copy holds
        self._free = set(range(sequences))
        self._changed = threading.Condition()

    @cached_property
    def identity(self) -> str:
        with open(self._path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{self.name} (sha256 {digest[:16]})"

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
        sequence = self._take(request.prompt)
        try:
            options["id_slot"] = sequence
            return [self._one({**options, "seed": (request.seed + i) % 2**31}, first=i == 0) for i in range(request.n)]
        finally:
            with self._changed:
                self._free.add(sequence)
                self._changed.notify()

    def _take(self, prompt: str) -> int:
        """Wait for a free sequence, and take the one that remembers most of a prompt."""
        with self._changed:
            while not self._free:
                self._changed.wait()
            known = [common_length(prompt, remembered) for remembered in self._remembered]
            best = max(self._free, key=lambda sequence: (known[sequence], -len(self._remembered[sequence])))
            self._free.remove(best)
            source = known.index(max(known))
            if known[source] >= known[best] + _WORTH_COPYING:
                if common_length(prompt, self._saved) < known[best] + _WORTH_COPYING:
                    self._saved = self._remembered[source] if self._do("save", source) else ""
                self._do("restore", best)
            self._remembered[best] = prompt
            return best

    def _do(self, action: str, sequence: int) -> bool:
        """Write what a sequence remembers to the file of copies, or read it; where that fails, it is only slower."""
        address = urlsplit(self._server.listening_address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/slots/{sequence}?action={action}", '{"filename": "copy"}', headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _one(self, options: dict[str, Any], first: bool) -> Completion:
        try:
            answer = self._server.handle_completions(options)
            if "error" in answer:
                why = answer["error"].get("message", answer["error"])
                raise RequestRefusedError(f"llama.cpp refuses the request: {why}")
            choice, usage = answer["choices"][0], answer["usage"]
            tokens = tuple(
                Token(t["token"], t["logprob"], {o["token"]: o["logprob"] for o in t["top_logprobs"]})
                for t in (choice.get("logprobs") or {}).get("content", [])
            )
            cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        except ModelError:
            raise
        except (KeyError, IndexError, TypeError, AttributeError, RuntimeError, ValueError) as error:
            raise ModelError(
                f"llama.cpp gave an answer that cannot be read ({type(error).__name__}: {error})"
            ) from error
        return Completion(
            text=choice["text"],
            logprob=sum(token.logprob for token in tokens),
            tokens=tokens,
            finish=choice.get("finish_reason") or "stop",
            prompt_tokens=usage["prompt_tokens"] if first else 0,
            cached_tokens=cached if first else 0,
            generated_tokens=usage["completion_tokens"],
            calls=1 if first else 0,
        )
