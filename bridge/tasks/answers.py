"""Final answers: where a text states its answer, and when two answers are equal.

Votes, chats, lines of thought and verification all use this module. `stated` reads lines of thought as they grow,
`final_answer` reads a whole text, `canonical` and `Same` compare answers. All accept any text and raise no errors.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.util import find_spec

from longthink.bridge.tasks.arithmetic import evaluate, plain_operators
from longthink.bridge.tools import guard
from longthink.bridge.tools.guard import GuardError

_SECONDS, _FAILURES = 2.0, 2  # processor time of a comparison; failed comparisons of one answer in a vote
LONGEST_COMPARED = 200
"""The most characters of an answer that is compared as mathematics; longer answers are compared as texts."""

# ---- Reasoning ----

_TAGS = "think|thinking|thought|reasoning"
_REASONING = re.compile(rf"<({_TAGS})>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_REASONING = re.compile(rf"</(?:{_TAGS})>", re.IGNORECASE)


def without_reasoning(text: str) -> str:
    """`text` without `<think>` blocks and similar blocks.

    A block that is not closed extends to the end. If there is only the end of a block, all text before it is reasoning,
    because some chat templates write the start themselves.
    """
    rest = _REASONING.sub("", text)
    ends = list(_END_OF_REASONING.finditer(rest))
    return rest[ends[-1].end() :] if ends else rest


# ---- Where a text states its answer ----

_MARKUP = " \t*_`"
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_LEAD = r"[\s*_#>`~•-]*+(?:\d{1,2}[.)]\s+)?"  # Markdown: headings, bold, quotes, list items
_SO = r"(?:(?:so|thus|therefore|hence|then|and|finally)\b,?\s*)?"
_FILL = r"(?:(?:therefore|thus|then|clearly|simply|just|equal to|option|choice)\s+)*"
_KINDS = r"(?:(?:the|my|our|final|correct|right|short|numerical|full)\s+)*"
# "Answer: 42", "**Final answer:** 42", "### Answer"; the text after it is read separately
_DECLARES = re.compile(rf"{_LEAD}{_SO}{_KINDS}answer\b(?:\s+is\b)?", re.IGNORECASE)
_HASHES = re.compile(r"\s*####\s*(\S.*)")  # the end of solutions in GSM8K
# "the answer is 42", "the answer to the question would be 42"
_IS = re.compile(rf"\banswer\b[^.:=!?]{{0,60}}?\b(?:is|are|was|be|equals)\b[\s:*_`]*+{_FILL}(?=(\S.*))", re.IGNORECASE)
# "So, 42 is the answer."
_IS_THE_ANSWER = re.compile(
    rf"(?:^|[.!?:;]\s){_LEAD}{_SO}([^.!?:;\s](?:(?![.!?:;]\s).){{0,120}}?)[\s*_`]++(?:is|are)\s+{_KINDS}answer\b",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(r"(?:this|that|it|here|which|what|not|unknown|unclear)\b|\w+n't\b", re.IGNORECASE)
_DONE = re.compile(rf"{_LEAD}done\b[\s.!*_`]*", re.IGNORECASE)
_COURTESY = re.compile(
    r"\b(?:let me know|hope (?:this|that|it)|feel free|happy to help|glad to help|any (?:other|more|further) questions?"
    r"|if you(?: have|'d|'re| need| want| would)|is there anything|(?:would|do) you (?:like|want|need)"
    r"|you're welcome|you are welcome|thanks?(?: you)? for|good luck|best of luck|have a (?:great|nice|good))\b",
    re.IGNORECASE,
)
# a sentence ends after a number, a word of three letters or a bracket: not after "St." or "e.g."
_SENTENCE = re.compile(r"(?:\d|\w{3}|[)\]}$%*\"'])([.!?;])(?:\s|$)|(,?\s(?:because|since|which)\b)", re.IGNORECASE)
# the most characters or matches for patterns whose time can grow with the square of the length
_SENTENCE_LENGTH, _LINE_LENGTH, _BOX_LENGTH, _BOXES, _WRAPPERS = 500, 1000, 2000, 8, 8


@dataclass(frozen=True)
class Stated:
    """The answer that the lines state so far, and whether it is complete; `text` is "" if they state none."""

    text: str
    complete: bool


@lru_cache(maxsize=4096)
def stated(lines: tuple[str, ...], several: bool = False) -> Stated:
    """The answer in lines of thought: "Answer: 42" in its usual forms, `\\boxed{42}`, `<answer>42</answer>`.

    A line "Answer:" alone is followed by the answer on the next line. With `several`, an answer of several lines
    follows it and ends with "Done.". An answer in a sentence, "The answer is 42.", counts but is not complete, because
    a later line may correct it.
    """
    text = "\n".join(lines)
    visible = without_reasoning(text)
    if tagged := _tagged(visible):
        return Stated(tagged, True)
    shown = visible.split("\n")
    for place, line in enumerate(shown):
        if boxed := _boxed(line):
            return Stated(boxed, True)
        declared = _declared(line)
        if declared:
            return Stated(declared, True)
        if declared == "":
            below = [each for each in shown[place + 1 :] if not each.lstrip().startswith("```")]
            if several:
                end = next((i for i, each in enumerate(below) if _DONE.fullmatch(each)), len(below))
                return Stated("\n".join(below[:end]), end < len(below))
            first = next((each.strip() for each in below if each.strip()), "")
            return Stated(_boxed(first) or first, bool(first))
    said = next(filter(None, (_said(line) for line in reversed(shown))), "")
    return Stated(said, False)


def final_answer(text: str) -> str:
    """The answer of a text: the last one that it states, otherwise its last line; "" if the text is empty.

    Reasoning is ignored, and so are courtesies at the end ("Let me know if ...").
    """
    visible = without_reasoning(text)
    if tagged := _tagged(visible):
        return bare(tagged)
    lines = [line for line in visible.split("\n") if line.strip()]
    while len(lines) > 1 and not _without_courtesy(lines[-1]):
        lines.pop()
    if lines:
        lines[-1] = _without_courtesy(lines[-1]) or lines[-1]
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place]
        if found := _boxed(line) or _declared(line) or _said(line):
            return bare(_first_sentence(found))
        if _declared(line) == "" and place + 1 < len(lines):
            return bare("\n".join(lines[place + 1 :]))
    return bare(_value(lines[-1])) if lines else ""


def _tagged(text: str) -> str:
    """The text in the last pair of `<answer>` and `</answer>`, or ""."""
    ends = [match.start() for match in re.finditer("</answer>", text, re.IGNORECASE)]
    starts = [match.end() for match in re.finditer("<answer>", text, re.IGNORECASE) if ends and match.end() <= ends[-1]]
    return text[starts[-1] : ends[-1]].strip() if starts else ""


def _declared(line: str) -> str | None:
    """The answer that a line declares: "" if the answer is on the next lines, None if there is none."""
    if match := _HASHES.fullmatch(line):
        return match[1].strip()
    match = _DECLARES.match(line)
    if match is None:
        return None
    rest = line[match.end() :].lstrip(_MARKUP)
    if rest and rest[0] not in ":=":
        return None
    return _paired(rest[1:].strip())


def _paired(text: str) -> str:
    """A text without an unpaired mark at an end, which is left of "**Answer: 42**" and "**Answer:** 42"."""
    for mark in ("**", "__", "*", "_", "`"):
        if text.count(mark) % 2:
            text = text.removeprefix(mark) if text.startswith(mark) else text.removesuffix(mark)
    return text.strip()


def _said(line: str) -> str:
    """The answer that a sentence in a line states, or ""."""
    line = _without_courtesy(line[-_LINE_LENGTH:])
    for pattern in (_IS, _IS_THE_ANSWER):
        for match in reversed(list(pattern.finditer(line))):
            found = _paired(_first_sentence(match[1]))
            if found and not _NO_ANSWER.match(found):
                return found
    return ""


def _without_courtesy(line: str) -> str:
    """A line up to the sentence that offers more help."""
    match = _COURTESY.search(line)
    if match is None:
        return line
    return line[: max(line.rfind(end, 0, match.start()) for end in (". ", "! ", "? ")) + 1]


def _first_sentence(text: str) -> str:
    """A text up to the end of its first sentence, or to an explanation ("because ...")."""
    match = _SENTENCE.search(text[:_SENTENCE_LENGTH])
    if match is None:
        return text.strip()
    return text[: match.start(1) if match[1] else match.start(2)].strip()


def _value(line: str) -> str:
    """The number that a line without a stated answer ends with, as in "2 + 2 = 4" and "That makes 12."; else the line.

    A number counts only after "=", "is" and similar words: "4 dogs and 3 cats" is not 3.
    """
    match = re.search(
        r"(?:=|\b(?:is|are|equals|makes|gives|be|was))[\s*_`$]*([^\s=]*\d[^\s=]*?)[\s.!*_`$]*$", line[-200:]
    )
    return match[1] if match else line


def _boxed(text: str) -> str:
    """The contents of the `\\boxed{...}` of a text, separated by commas; "" if there is none."""
    boxes = [match.end() for match in _BOX.finditer(text)][-_BOXES:]
    return ", ".join(filter(None, (_braced(text, start) for start in boxes)))


def _braced(text: str, start: int) -> str:
    """The text from `start` to the closing brace; "" if there is none."""
    depth = 1
    for place in range(start, min(len(text), start + _BOX_LENGTH)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place].strip()
    return ""


# ---- When two answers are equal ----

_WRAPPED = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\*\*(.+)\*\*", r"__(.+)__", r"\*([^*]+)\*", r"`+([^`]+)`+", r"\$\$(.+)\$\$", r"\$([^$]+)\$", r"\\\((.+)\\\)",
        r"\\\[(.+)\\\]", r"\(?([A-Za-z])\)",
        r'"([^"]+)"', r"'([^']+)'", r"“([^”]+)”", r"\\(?:boxed|fbox|text|mathrm|textbf|mathbf)\{([^{}]+)\}",
    )
]  # fmt: skip


def bare(answer: str) -> str:
    """An answer without emphasis, quotes, dollar signs and `\\boxed{}` around it, and without a full stop."""
    for _ in range(_WRAPPERS):
        inner = answer.strip()
        if inner.endswith((".", "!", "。")) and not inner.endswith(".."):
            inner = inner[:-1].rstrip()
        for wrapped in _WRAPPED:
            if match := wrapped.fullmatch(inner):
                inner = match[1]
        match = re.fullmatch(r"\\(?:boxed|fbox)\{(.*)\}", inner, re.DOTALL)
        if match and _braced(inner, inner.index("{") + 1) == match[1].strip():
            inner = match[1]
        if inner == answer:
            break
        answer = inner
    return answer


@lru_cache(maxsize=4096)
def canonical(answer: str) -> str:
    """The form in which equal answers are equal texts: "214.0", "**214**." and "x = 214" are "214".

    A number becomes an exact fraction. In other texts extra spaces do not count; case counts only in formulas.
    """
    text = bare(answer)
    number = _number(text)
    if number is not None:
        return str(number)
    return " ".join((text if _mathematical(text) else text.casefold()).split())


_SIMPLE = re.compile(r"[-+]?[\d.]+(?:e[-+]?\d{1,3})?(?:/[\d.]+)?", re.IGNORECASE)


def _number(text: str) -> Fraction | None:
    """The number that a text is, also as a fraction of two numbers; or None."""
    if len(text) > LONGEST_COMPARED:
        return None
    text = re.sub(r"^[A-Za-z]\s*=\s*(?=\S)", "", text).lstrip("$€£").strip()
    simple = re.sub(r"\s+|[()]", "", plain_operators(text))
    if not _SIMPLE.fullmatch(simple):
        return None
    try:
        return evaluate(simple)[0]
    except ValueError:
        return None


_DATE = re.compile(r"\d+\s*[-/.:]\s*\d+\s*[-/.:]\s*\d+|\d+:\d+")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_FUNCTIONS = frozenset(["sin", "cos", "tan", "log", "exp", "sqrt"])


def _mathematical(text: str) -> bool:
    """Whether an answer may be a formula: no words, no date, and not a single letter, which is a multiple choice."""
    return (
        1 < len(text) <= LONGEST_COMPARED
        and re.search(r"\d|\\[a-zA-Z]|[-+*/^=(\[]", text) is not None
        and not _DATE.search(text)
        and all(word.lower() in _FUNCTIONS for word in _WORD.findall(text))
    )


class Same:
    """Whether two `canonical` answers are equal, as texts or as mathematics: "x^2-1" and "(x-1)(x+1)".

    Mathematics is compared by math-verify, in a separate process with limits of time and memory. Without math-verify
    (the extra `lm`) only equal texts and numbers are equal. An answer that exceeded a limit twice is not compared
    again; use one object of this class for one vote.
    """

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def __call__(self, one: str, other: str) -> bool:
        if one == other:
            return True
        if (_is_whole(one) and _is_whole(other)) or not (_mathematical(one) and _mathematical(other)):
            return False
        if not _has_mathematics() or max(self._failures[one], self._failures[other]) >= _FAILURES:
            return False
        found = _equal(*sorted((one, other)))
        if found is None:
            self._failures.update((one, other))
        return bool(found)


def same(one: str, other: str) -> bool:
    """Whether two answers are equal: `Same` of their canonical forms."""
    return Same()(canonical(one), canonical(other))


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


@lru_cache(maxsize=1)
def _has_mathematics() -> bool:
    return find_spec("math_verify") is not None


@lru_cache(maxsize=4096)
def _equal(one: str, other: str) -> bool | None:
    """The result of math-verify; None if it takes too long or fails."""
    try:
        return bool(guard.call("longthink.bridge.tasks.mathematics:equal", one, other, seconds=_SECONDS))
    except GuardError:
        return None
