"""A model behind any OpenAI-compatible server: llama.cpp's, vLLM's, a hosted one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from longthink.bridge.model import Completion, Model, Request, Token
from longthink.errors import ModelError, ParameterError, require


class _Retry(Exception):
    """An answer worth asking for again."""


class OpenAIModel(Model):
    """The model `name` of the server at `base_url`, as in "http://localhost:8080/v1".

    base_url: default the environment's OPENAI_BASE_URL, else OpenAI's own. endpoint: "completions", which continues
    text and is what thinking in steps needs, or "chat". timeout: seconds for one answer. retries: how often a request
    that failed (no connection, timeout, 408, 409, 425, 429, 5xx, an answer that cannot be read) is made again, after
    growing pauses of about `pause` seconds at first. api_key_env: the environment variable with the key; the key is
    never shown. prices: money for a million tokens, `{"prompt": 0.15, "generated": 0.6}`.

    Raises `ModelError` with the address and what happened last.
    """

    logprobs = True

    def __init__(
        self,
        name: str,
        base_url: str | None = None,
        *,
        endpoint: str = "completions",
        timeout: float = 60.0,
        retries: int = 4,
        pause: float = 0.5,
        api_key_env: str = "OPENAI_API_KEY",
        prices: Mapping[str, float] | None = None,
    ) -> None:
        if not name:
            raise ParameterError('expected the name of a model, as in "openai:gpt-4o-mini"')
        base_url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        if not base_url.startswith(("http://", "https://")):
            raise ParameterError(f"base_url expects http://... or https://..., got {base_url!r}")
        if endpoint not in ("completions", "chat"):
            raise ParameterError(f'endpoint expects "completions" or "chat", got {endpoint!r}')
        httpx = require("httpx", "lm")
        self.name, self.endpoint = f"openai:{name}", endpoint
        self._model, self._retries, self._pause, self._prices = name, retries, pause, dict(prices or {})
        key = os.environ.get(api_key_env)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._several = True  # whether the server gives several completions at once
        self._client = httpx.Client(base_url=base_url.rstrip("/") + "/", headers=headers, timeout=timeout)

    def answer(self, request: Request) -> list[Completion]:
        found: list[Completion] = []
        while len(found) < request.n:  # some servers give one at a time, whatever they are asked for
            wanted = request.n - len(found) if self._several else 1
            path, body = self._body(replace(request, n=wanted, seed=request.seed + len(found)))
            try:
                found += self._ask(path, body)[:wanted]
            except ModelError:
                if wanted == 1:
                    raise
                self._several = False
        return found

    def _body(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The path and the body of a request."""
        body: dict[str, Any] = {
            "model": self._model,
            "n": request.n,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if self.endpoint == "completions":
            return "completions", body | {"prompt": request.prompt, "logprobs": max(1, request.top)}
        body |= {"messages": [{"role": "user", "content": request.prompt}], "logprobs": True}
        if request.top:
            body["top_logprobs"] = min(request.top, 20)
        return "chat/completions", body

    def _ask(self, path: str, body: dict[str, Any]) -> list[Completion]:
        """Post until there is a readable answer or the retries are used up."""
        tenacity = require("tenacity", "lm")
        asked = 0

        def attempt() -> list[Completion]:
            nonlocal asked
            asked += 1
            return self._read(self._post(path, body))

        try:
            found: list[Completion] = tenacity.Retrying(
                stop=tenacity.stop_after_attempt(self._retries + 1),
                wait=tenacity.wait_random_exponential(multiplier=self._pause, max=20.0),
                retry=tenacity.retry_if_exception_type(_Retry),
                reraise=True,
            )(attempt)
        except _Retry as error:
            raise ModelError(
                f"{self.name} at {self._client.base_url}{path} did not answer after {asked} attempts: {error}"
            ) from error
        return found

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        httpx = require("httpx", "lm")
        try:
            response = self._client.post(path, json=body)
        except httpx.TimeoutException as error:
            raise _Retry(f"no answer within {self._client.timeout.read} s") from error
        except (httpx.HTTPError, OSError) as error:
            raise _Retry(f"{type(error).__name__}: {error}") from error
        if response.status_code in (408, 409, 425, 429) or response.status_code >= 500:
            raise _Retry(f"status {response.status_code}: {response.text[:200]}")
        if response.status_code >= 400:
            raise ModelError(
                f"{self.name} at {self._client.base_url}{path} refuses the request with status {response.status_code}: "
                f"{response.text[:300]}"
            )
        try:
            return response.json()
        except ValueError as error:
            raise _Retry(f"an answer that is not JSON: {response.text[:100]!r}") from error

    def _read(self, answer: Any) -> list[Completion]:
        """The completions in an answer. The first carries the prompt's tokens."""
        try:
            usage = answer.get("usage") or {}
            cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
            prompt_tokens = int(usage.get("prompt_tokens") or 0) - cached
            choices = answer["choices"]
            generated = int(usage.get("completion_tokens") or 0)
            found = []
            for i, choice in enumerate(choices):
                text = choice["message"]["content"] if "message" in choice else choice["text"]
                if not isinstance(text, str):
                    raise TypeError(f"a text that is {text!r}")
                tokens = _tokens(choice.get("logprobs"))
                own = (
                    len(tokens)
                    if tokens and len(choices) > 1
                    else generated // len(choices) + (i < generated % len(choices))
                )
                found.append(
                    Completion(
                        text=text,
                        logprob=sum(token.logprob for token in tokens) if tokens else None,
                        tokens=tokens,
                        finish=choice.get("finish_reason") or "stop",
                        prompt_tokens=prompt_tokens if i == 0 else 0,
                        cached_tokens=cached if i == 0 else 0,
                        generated_tokens=own,
                        calls=1 if i == 0 else 0,
                        money=self._money(prompt_tokens if i == 0 else 0, own),
                    )
                )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _Retry(f"an answer that cannot be read ({error!r}): {str(answer)[:100]!r}") from error
        if not found:
            raise _Retry(f"an answer without choices: {str(answer)[:100]!r}")
        return found

    def _money(self, prompt: int, generated: int) -> float:
        return (prompt * self._prices.get("prompt", 0.0) + generated * self._prices.get("generated", 0.0)) / 1e6


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """Tokens in either of the two forms that servers use."""
    if not logprobs:
        return ()
    if "content" in logprobs:
        return tuple(
            Token(
                t["token"], float(t["logprob"]), {o["token"]: float(o["logprob"]) for o in t.get("top_logprobs") or []}
            )
            for t in logprobs["content"] or []
        )
    tops = logprobs.get("top_logprobs") or [{}] * len(logprobs["tokens"])
    return tuple(
        Token(text, float(logprob or 0.0), {key: float(value) for key, value in (top or {}).items()})
        for text, logprob, top in zip(logprobs["tokens"], logprobs["token_logprobs"], tops, strict=True)
    )
