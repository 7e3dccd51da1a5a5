"""A language model in ONNX, run by onnxruntime: `OnnxModel`.

The file has the inputs tokens `[B, T]` int64, positions `[B, T]` int64 and sees `[B, T, T]` bool, the attention mask,
and the output logits `[B, T, V]` of the token after each. With this mask, texts with a common beginning run as a tree,
each token once. The metadata of the file has:

vocabulary: a JSON list of the text of each token; the first token ends the text.
context: the largest number of tokens, prompt and answer together.
prompt_lines: how many of the last lines of a prompt the model reads; all lines if it is missing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.bridge.models.model import Completion, Model, Request, Token
from longthink.concurrency import PerProcess
from longthink.errors import ModelError, RequestRefusedError, require
from longthink.files import file_digest
from longthink.validation import shown, whole_number


class OnnxModel(Model):
    """A language model in an ONNX file of the format above; it writes `n` answers at once, and scores choices.

    threads: threads of onnxruntime. The model keeps no state between tokens, which suits short contexts. The cost is
    each token of the prompt once, and each token written or scored after it.

    Raises `ModelError` if the file is missing or is not such a model, `MissingExtraError` without onnxruntime.
    """

    logprobs = True
    scores = True

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        require("onnxruntime", "onnx")
        self._path, self._workers = str(path), whole_number("threads", threads, 1)
        if not Path(path).is_file():
            raise ModelError(f"there is no model file at {str(path)!r}; give the path of an ONNX file")
        self._sessions = PerProcess[Any]()
        try:
            session = self._sessions.get(self._start)
            self.metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
            """The metadata of the file."""
            self._texts: list[str] = json.loads(self.metadata["vocabulary"])
            self._context = int(self.metadata["context"])
            self._lines = int(self.metadata.get("prompt_lines", 0))
        except Exception as error:  # onnxruntime has its own exceptions
            raise ModelError(
                f"{str(path)!r} is not an ONNX language model with vocabulary and context in its metadata: {error}"
            ) from error
        self.name = Path(path).stem
        self._index = {text: token for token, text in enumerate(self._texts)}
        self._piece = re.compile("|".join(map(re.escape, sorted(self._texts, key=len, reverse=True))))

    def __reduce__(self) -> Any:
        return functools.partial(type(self), self._path, self._workers), ()

    @cached_property
    def identity(self) -> str:
        return f"{self.name} (sha256 {file_digest(self._path)})"

    def _start(self) -> Any:
        runtime = require("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self._workers
        return runtime.InferenceSession(self._path, options, providers=["CPUExecutionProvider"])

    def answer(self, request: Request) -> list[Completion]:
        lines = request.prompt.split("\n")[-self._lines :]
        prompt = self._tokens("\n".join(lines))
        if not prompt:
            raise RequestRefusedError(
                f"{self.name} needs a prompt that does not end with an empty line, got {shown(request.prompt)}"
            )
        return self._score(prompt, request.choices) if request.choices else self._write(prompt, request)

    def _tokens(self, text: str) -> tuple[int, ...]:
        """The tokens of a text; at each position the longest token that fits."""
        pieces = self._piece.findall(text)
        if sum(map(len, pieces)) != len(text):
            unknown = sorted(set(text) - set("".join(self._texts)))
            missing = ", ".join(map(repr, unknown))
            raise RequestRefusedError(f"{self.name} cannot read {shown(text)}: it has no {missing}")
        return tuple(self._index[piece] for piece in pieces)

    def _expected(
        self, tokens: NDArray[np.int64], positions: NDArray[np.int64], sees: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Log-probabilities `[B, T, V]` of the token after each token."""
        if positions.max() >= self._context:
            raise RequestRefusedError(
                f"{self.name} takes {self._context} tokens, prompt and answer together; give it less"
            )
        (logits,) = self._sessions.get(self._start).run(None, {"tokens": tokens, "positions": positions, "sees": sees})
        logits = logits.astype(np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))

    def _write(self, prompt: tuple[int, ...], request: Request) -> list[Completion]:
        answers = [_Writing(request, np.random.default_rng([request.seed, i])) for i in range(request.n)]
        for _ in range(min(request.max_tokens, max(1, self._context - len(prompt) + 1))):
            going = [answer for answer in answers if answer.finish == "length"]
            if not going:
                break
            tokens = np.array([[*prompt, *answer.written] for answer in going])
            places = np.arange(tokens.shape[1])
            sees = np.broadcast_to(places[:, None] >= places, (len(going), len(places), len(places)))
            expected = self._expected(tokens, np.broadcast_to(places, tokens.shape), sees)
            for answer, after in zip(going, expected[:, -1], strict=True):
                answer.go_on(after, self._texts)
        return [
            Completion(
                answer.text,
                sum(token.logprob for token in answer.tokens),
                tuple(answer.tokens),
                answer.finish,
                prompt_tokens=0 if i else len(prompt),
                generated_tokens=len(answer.tokens),
                calls=0 if i else 1,
            )
            for i, answer in enumerate(answers)
        ]

    def _score(self, prompt: tuple[int, ...], choices: Sequence[str]) -> list[Completion]:
        """Score choices: they form a tree of tokens after the prompt, which runs once, down to its last branch."""
        texts = [(*self._tokens(choice), 0) for choice in choices]
        after: dict[tuple[int, ...], set[int]] = {}
        for text in texts:
            for i, token in enumerate(text):
                after.setdefault(text[:i], set()).add(token)
        branches = [start for start, tokens in after.items() if len(tokens) > 1]
        needed = {start[:i] for start in branches for i in range(1, len(start) + 1)}
        place = {(): len(prompt) - 1} | {start: len(prompt) + i for i, start in enumerate(sorted(needed))}
        tokens = np.array([[*prompt, *(start[-1] for start in sorted(needed))]])
        positions = np.arange(tokens.size)[None].copy()
        sees = np.tri(tokens.size, dtype=bool)
        for start in needed:
            positions[0, place[start]] = len(prompt) - 1 + len(start)
            sees[place[start], len(prompt) :] = False
            sees[place[start], [place[start[:i]] for i in range(1, len(start) + 1)]] = True
        expected = self._expected(tokens, positions, sees[None])[0] if branches else np.zeros((0, 0))
        shares: dict[tuple[int, ...], float] = {}
        for start in branches:
            among = expected[place[start], sorted(after[start])]
            shares |= {
                (*start, token): float(share)
                for token, share in zip(sorted(after[start]), among - np.logaddexp.reduce(among), strict=True)
            }
        return [
            Completion(
                choice,
                sum(shares.get(text[: i + 1], 0.0) for i in range(len(text))),
                prompt_tokens=0 if number else tokens.size,
                calls=0 if number else 1,
            )
            for number, (choice, text) in enumerate(zip(choices, texts, strict=True))
        ]


class _Writing:
    """An answer in progress."""

    def __init__(self, request: Request, random: np.random.Generator) -> None:
        self._request, self._random = request, random
        self.written: list[int] = []
        self.tokens: list[Token] = []
        self.text, self.finish = "", "length"

    def go_on(self, expected: NDArray[np.float64], texts: Sequence[str]) -> None:
        """Write the next token, given log-probabilities `[V]`."""
        if self._request.temperature == 0:
            token = int(expected.argmax())
        else:  # Gumbel-max trick: the largest value is a sample
            token = int((expected / self._request.temperature + self._random.gumbel(size=len(expected))).argmax())
        likeliest = np.argsort(-expected, kind="stable")[: self._request.top]
        top = {texts[other]: float(expected[other]) for other in likeliest}
        self.written.append(token)
        self.tokens.append(Token(texts[token], float(expected[token]), top))
        self.text += texts[token]
        ends = [end for end in (self.text.find(stop) for stop in self._request.stop) if end >= 0]
        if ends or token == 0:
            self.finish = "stop"
            self.text = self.text[: min(ends)] if ends else self.text.removesuffix(texts[0])
