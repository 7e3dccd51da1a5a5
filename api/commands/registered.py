"""What is registered, for the lists of `longthink` and for the options of its commands."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import longthink as lt
from longthink.registry import Registry

EMBEDDED = "smollm2"
"""The language model that is used if none is named."""


class Described(NamedTuple):
    """One sentence about something, its options with their defaults, and texts about some of the options."""

    summary: str
    options: Mapping[str, Any]
    help: Mapping[str, str]


def registry(sort: str) -> Registry[Any]:
    """The registry of one sort, as "games"."""
    found: Registry[Any] = getattr(lt, sort)()
    return found


def describe(sort: str, name: str) -> Described:
    """What a name stands for; options in brackets may follow it. Raises `UnknownNameError` with near matches."""
    found = registry(sort).find(name)
    summary, options = registry(sort).describe(found.name)
    declared = getattr(found.entry, "parameters", None)
    if sort == "studies":  # suites set them
        settings = found.entry.Settings
        options = asdict(settings())
        texts = option_texts(inspect.getdoc(settings) or "", options)
    elif declared is not None:
        texts = {key: _accepted(parameter) for key, parameter in declared.items()}
    else:
        documented = inspect.isclass(found.entry) or inspect.isroutine(found.entry)
        texts = option_texts(inspect.getdoc(found.entry) or "" if documented else "", options)
    return Described(summary, options, {key: text for key, text in texts.items() if text})


def option_texts(doc: str, names: Iterable[str]) -> dict[str, str]:
    """The texts about options in a docstring, where they have the form "name: text" or "name, other: text"."""
    name, texts = "|".join(map(re.escape, names)), {}
    for paragraph in doc.split("\n\n") if name else ():
        _, *parts = re.split(rf"(?<![\w`.])((?:{name})(?:, (?:{name}))*): ", " ".join(paragraph.split()))
        for keys, text in zip(parts[::2], parts[1::2], strict=True):
            text = text.partition(" Raises `")[0].strip(" ;")
            texts.update(dict.fromkeys(keys.split(", "), text[:1].upper() + text[1:]))
    return texts


def _accepted(parameter: Any) -> str:
    """The values that a parameter of a game accepts."""
    if getattr(parameter, "choices", ()):
        return f"One of {', '.join(parameter.choices)}."
    if getattr(parameter, "read", None) is not None or isinstance(parameter.default, (bool, str)):
        return ""
    low, high = getattr(parameter, "low", -math.inf), getattr(parameter, "high", math.inf)
    return f"From {low:g} to {high:g}." if high < 1e9 else f"From {low:g}." if low > -1e9 else ""
