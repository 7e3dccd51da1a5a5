"""A model in this process: any GGUF file, run by llama.cpp through xllamacpp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longthink.bridge.model import Completion, Model, Request, Token
from longthink.errors import ModelError, ParameterError, require


class LlamaModel(Model):
    """A GGUF file on llama.cpp.

    threads: of the processor. context: tokens of prompt and answer together. One sequence runs at a time, so that
    prompts that begin alike find what they share in the cache. The same request may differ in the last digits of its
    log-probabilities by what was cached before, and a near tie may then fall the other way.

    Raises `ModelError` where the file is missing or is no model.
    """

    grammars = True
    logprobs = True

    def __init__(self, path: str, threads: int = 2, context: int = 4096) -> None:
        xllamacpp = require("xllamacpp", "lm")
        if not Path(path).is_file():
            raise ModelError(f"there is no model file at {path!r}; give the path of a GGUF file")
        with open(path, "rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path!r} is not a GGUF file; convert the model with llama.cpp first")
        for name, value, low in (("threads", threads, 1), ("context", context, 64)):
            if not isinstance(value, int) or value < low:
                raise ParameterError(f"{name} expects a whole number from {low}, got {value!r}")
        self.name = Path(path).stem
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = context
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.cache_ram_mib = 0
        parameters.verbosity = -1
        parameters.warmup = False
        try:
            self._server = xllamacpp.Server(parameters)
        except Exception as error:  # xllamacpp raises bare kinds
            raise ModelError(f"llama.cpp could not load {path!r}: {error}") from error

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
        return [self._one({**options, "seed": (request.seed + i) % 2**31}) for i in range(request.n)]

    def _one(self, options: dict[str, Any]) -> Completion:
        try:
            answer = self._server.handle_completions(options)
            if "error" in answer:
                raise ModelError(f"llama.cpp refuses the request: {answer['error'].get('message', answer['error'])}")
            choice, usage = answer["choices"][0], answer["usage"]
            tokens = tuple(
                Token(t["token"], t["logprob"], {o["token"]: o["logprob"] for o in t["top_logprobs"]})
                for t in (choice.get("logprobs") or {}).get("content", [])
            )
            cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        except (KeyError, IndexError, TypeError, RuntimeError, ValueError) as error:
            raise ModelError(f"llama.cpp gave an answer that cannot be read: {error!r}") from error
        return Completion(
            text=choice["text"],
            logprob=sum(token.logprob for token in tokens),
            tokens=tokens,
            finish=choice.get("finish_reason") or "stop",
            prompt_tokens=usage["prompt_tokens"] - cached,
            cached_tokens=cached,
            generated_tokens=usage["completion_tokens"],
            calls=1,
        )
