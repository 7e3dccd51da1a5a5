"""The tool "search": the passages of given texts that match a question best, by Okapi BM25."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from longthink.bridge.tools.tool import Tool, ToolResult
from longthink.errors import ParameterError
from longthink.validation import whole_number

_K1, _B = 1.2, 0.75  # saturation of term counts, and normalisation by length


class Search(Tool):
    """The `best` texts for a question, each after its name, cut at `characters`.

    texts: a mapping from names to texts, or a sequence, whose names are 1, 2, 3, ... Scores: S. Robertson and H.
    Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.4, with an idf that is never
    negative.
    """

    name = "search"

    def __init__(self, texts: Mapping[str, str] | Sequence[str], best: int = 3, characters: int = 500) -> None:
        named = texts if isinstance(texts, Mapping) else {str(i): text for i, text in enumerate(texts, 1)}
        if isinstance(texts, str) or not named or not all(isinstance(text, str) for text in named.values()):
            raise ParameterError(f"search expects texts, at least one, got {texts!r:.200}")
        self._best = whole_number("search: best", best, 1)
        self._texts, self._characters = dict(named), whole_number("search: characters", characters, 1)
        self._counts = {name: Counter(_words(f"{name} {text}")) for name, text in named.items()}
        self._holders = Counter(word for counts in self._counts.values() for word in counts)
        self._mean = sum(counts.total() for counts in self._counts.values()) / len(named)
        self.description = f"the passages about some words, out of {len(named)} texts"

    def scores(self, question: str) -> dict[str, float]:
        """The score of each text for a question; texts that share no word with it are left out."""
        found: dict[str, float] = {}
        for word in dict.fromkeys(_words(question)):
            holders = self._holders[word]
            rarity = math.log(1 + (len(self._texts) - holders + 0.5) / (holders + 0.5))
            for name, counts in self._counts.items():
                if often := counts[word]:
                    length = 1 - _B + _B * counts.total() / self._mean
                    found[name] = found.get(name, 0.0) + rarity * often * (_K1 + 1) / (often + _K1 * length)
        return found

    def call(self, text: str) -> ToolResult:
        started = time.perf_counter()
        scores = self.scores(text)
        best = sorted(scores, key=lambda name: -scores[name])[: self._best]
        answer = "\n".join(f"{name}: {_cut(self._texts[name], self._characters)}" for name in best)
        error = None if best else "nothing found"
        return ToolResult(answer or "nothing found", error, time.perf_counter() - started)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[:characters].rstrip() + " ..."
