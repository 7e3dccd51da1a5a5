"""Constrained writing: one fluent sentence of an exact number of words, with given words in it.

A model alone rarely meets the constraints, and a search without a model meets them with word salad, so the task needs
both. The constraints are checked exactly here. Fluency needs a model: the verifier "fluency" (verifier.py) compares
the mean log-probability of the sentence, given the context of the task, with a floor.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from random import Random

from longthink.bridge.tasks.task import Part, Task, Transcript
from longthink.errors import ParameterError
from longthink.validation import real_number, shown, whole_number

_NOUNS = """
apple baker bear bell bird boat book bottle boy bread bridge brother candle captain castle cat chair child church
clock cloud coat cow daughter desk doctor dog door dress farmer field fire fish flower forest fox friend garden gift
girl glass grandmother hat hill horse hospital hotel house island key king kitchen knife lake lamp letter library lion
market milk mirror morning mountain mouse neighbor ocean painter paper queen rain ring river road rock roof rose
sailor school shoe sister snow soldier song soup star station stone storm street sun table teacher tower town
tree uncle village wall wind window winter woman wood
"""
_VERBS = """
asked bought broke brought built called carried caught climbed closed crossed danced dropped fell followed forgot
found gave heard helped hid jumped kept knew laughed left lost loved met opened painted played ran remembered sang saw
slept smiled sold stole stopped taught told took waited walked wanted watched wore wrote
"""
NOUNS, VERBS = tuple(_NOUNS.split()), tuple(_VERBS.split())

FLOOR = -2.25
"""The floor of the mean log-probability, in nats per token; docs/tasks.md says how it was chosen."""

# Solved problems that show a model the form of a problem and its sentence.
_EXAMPLES = """Words: bee, nose, stung. Sentence of 11 words: When I was six, a bee stung me on my nose.
Words: ship, moon, sailed. Sentence of 11 words: A ship with no flag sailed away below the full moon.
Words: aunt, coffee, spilled. Sentence of 11 words: My aunt was so angry that she spilled her coffee twice.
Words: train, actor, missed. Sentence of 11 words: Nobody knew why the actor had missed his train that evening.
"""
_SENTENCE = re.compile(r"[A-Z][A-Za-z]*(?:,? [A-Za-z]+)*\.")
_PART = re.compile(r" ?(?:[A-Z][A-Za-z]*(?:,? [A-Za-z]+)*(?:,? ?|\.))?")
_LONGEST = 20  # letters of a word


class ConstrainedWriting(Task):
    """Write one sentence of exactly `words` words that has each of the given words exactly once.

    A given word must stand as it is given, in upper or lower case: no other form of it counts. A sentence begins with a
    capital letter, ends with a full stop, and has only letters, single spaces and commas between them; no word follows
    itself. floor: the least mean log-probability of a fluent sentence, for the verifier.

    The transcript has one step, the sentence. A search writes it token by token.
    """

    max_steps = 1
    kinds: Sequence[str] = ("token",)

    def __init__(self, given: Sequence[str], words: int, floor: float, name: str) -> None:
        self.given, self.words, self.floor, self.name = tuple(given), words, floor, name
        self.verified_by = f"fluency(floor={floor!r})"
        self.prompt = (
            f"Write one fluent sentence of exactly {words} words with these words, each exactly once and as it is: "
            f"{', '.join(given)}. Only letters, spaces and commas, then a full stop."
        )

    def context(self, transcript: Transcript) -> str:
        return f"{_EXAMPLES}Words: {', '.join(self.given)}. Sentence of {self.words} words:"

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) > 0

    def answer(self, transcript: Transcript) -> str:
        return transcript[0]

    def check(self, answer: str) -> float:
        if not _SENTENCE.fullmatch(answer):
            return 0.0
        found = answer[:-1].replace(",", "").lower().split(" ")
        exact = len(found) == self.words and all(found.count(each) == 1 for each in self.given)
        return float(exact and all(a != b for a, b in itertools.pairwise(found)))

    def part(self, transcript: Transcript, text: str) -> Part | None:
        """What may follow the beginning of a sentence: None if too few words are left for the missing given ones."""
        if not _PART.fullmatch(text):
            return None
        if text.endswith("."):
            return Part(complete=True) if self.check(text.strip()) else None
        *before, last = text.replace(",", "").strip().lower().split(" ")
        if len(last) > _LONGEST:
            return None
        if text.endswith((" ", ",")) and last:
            before, last = [*before, last], ""
        if any(before.count(each) > 1 for each in self.given) or any(a == b for a, b in itertools.pairwise(before)):
            return None
        missing = [each for each in self.given if each not in before]
        left = self.words - len(before) - bool(last)  # words that may follow the last one
        needed = [each for each in missing if each != last]
        may_grow = bool(last) and any(each.startswith(last) for each in needed)
        if left < len(needed) - may_grow or (left == 0 and text.endswith((" ", ",")) and not last):
            return None
        if left == 0 and not needed and last:
            return Part(wanted=(".",))
        space = "" if text.endswith(" ") else " "
        return Part(wanted=tuple(space + each for each in needed) if before or last else (), missing=len(needed))


def writing(
    seed: int = 0, given: Sequence[str] | None = None, words: int = 11, floor: float = FLOOR
) -> ConstrainedWriting:
    """One fluent sentence of exactly `words` words with given words: two nouns and a verb, drawn by `seed`.

    floor: the least mean log-probability under the model, in nats per token.
    """
    words = whole_number("writing: words", words, 4, 40)
    floor = real_number("writing: floor", floor, -100.0, 0.0)
    if given is None:
        random = Random(f"writing {whole_number('writing: seed', seed, 0)}")
        given = (*random.sample(NOUNS, 2), random.choice(VERBS))
        name = f"writing(seed={seed}, words={words}"
    else:
        given = _checked(given, words)
        name = f"writing(given={given!r}, words={words}"
    return ConstrainedWriting(given, words, floor, name + (f", floor={floor!r})" if floor != FLOOR else ")"))


def _checked(given: Sequence[str], words: int) -> tuple[str, ...]:
    """Given words, each different and in lower case. Raises `ParameterError`."""
    one_text = isinstance(given, str) or not isinstance(given, Sequence)
    if one_text or not all(isinstance(each, str) and re.fullmatch("[a-z]{1,20}", each) for each in given):
        raise ParameterError(f'writing: given expects words in lower case, as in ("dog", "bridge"), got {shown(given)}')
    if not 1 <= len(set(given)) == len(given) < words:
        raise ParameterError(f"writing: given expects different words, fewer than {words}, got {shown(given)}")
    return tuple(given)
