"""`Registry`: the names of one sort of things that can be added: games, tasks, models, methods, kinds, tools.

An entry is an object, or its place "package.module:attribute", which is imported when the name is first used. A package
outside adds entries by entry points of the registry's group. The package is not imported before a name of it is used:

    [project.entry-points."longthink.tools"]
    my_tool = "my_package.tools:MyTool"

A name that ends in a colon is a family: "openspiel:" is called with what follows the colon. A name that begins with a
dot is a file suffix: ".gguf" is called with the path of the file. All other names may be followed by options, as in
"hex(board_size=5)".

This module imports only `longthink.errors` and `longthink.validation`: every room may use it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import PurePath
from typing import Any, Generic, TypeVar, overload

from longthink.errors import LongthinkError, MissingExtraError, ParameterError, RegistryError, UnknownNameError
from longthink.validation import shown

T = TypeVar("T")
E = TypeVar("E", bound=Any)


class Registry(Mapping[str, T]):
    """A mapping from names to entries of one sort. `registry[name]` imports the entry.

    Iteration yields the plain names, sorted; `families` returns the family and suffix names. If a name occurs twice, an
    entry of `register` replaces an entry of this package, and both come before entry points.
    """

    def __init__(self, what: str, group: str, places: Mapping[str, str] | None = None) -> None:
        """what: one entry in words, as "method". group: the entry-point group. places: name to "module:attribute"."""
        self.what, self.group = what, group
        self._entries: dict[str, T] = {}
        self._places = dict(places or {})
        self._points: dict[str, str] | None = None

    @overload
    def register(self, name: str, entry: None = None) -> Callable[[E], E]: ...
    @overload
    def register(self, name: str, entry: E) -> E: ...
    def register(self, name: str, entry: E | None = None) -> E | Callable[[E], E]:
        """Add an entry, or replace the entry of this name: `register("name", entry)`, or `@register("name")` above it.

        An entry that is a text is a place, "module:attribute". Raises `ParameterError` for an empty name or one with
        brackets.
        """
        if not isinstance(name, str) or not name.strip() or "(" in name:
            raise ParameterError(f"the name of a {self.what} is a text without brackets, got {shown(name)}")
        if entry is None:
            return lambda decorated: self.register(name, decorated)
        self.unregister(name)
        if isinstance(entry, str):
            self._places[name] = entry
        else:
            self._entries[name] = entry
        return entry

    def unregister(self, name: str) -> None:
        """Remove an entry of `register` or of this package. Does nothing if there is none."""
        self._entries.pop(name, None)
        self._places.pop(name, None)

    def __getitem__(self, name: str) -> T:
        """The entry of a name. Raises `UnknownNameError` with near matches, `RegistryError` if its import fails."""
        if name not in self._entries:
            place = self._places.get(name) or self._outside().get(name)
            if place is None:
                raise UnknownNameError.of(self.what, name, self._names())
            self._entries[name] = self._load(name, place)
        return self._entries[name]

    def _load(self, name: str, place: str) -> T:
        module, _, attribute = place.partition(":")
        try:
            found: Any = import_module(module)
            for part in filter(None, attribute.split(".")):
                found = getattr(found, part)
        except LongthinkError:  # for example a missing extra
            raise
        except (ImportError, AttributeError) as error:
            raise RegistryError(f"the {self.what} {name!r} is registered as {place}, which fails: {error}") from error
        entry: T = found
        return entry

    def _outside(self) -> Mapping[str, str]:
        """The entry points of installed packages, read once."""
        if self._points is None:
            self._points = {point.name: point.value for point in entry_points(group=self.group)}
        return self._points

    def _names(self) -> set[str]:
        return {*self._entries, *self._places, *self._outside()}

    @property
    def families(self) -> list[str]:
        """The names of families and file suffixes, as "openspiel:" and ".gguf", sorted."""
        return sorted(filter(_is_open, self._names()))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name in self._names() if not _is_open(name)))

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{self.what}: {', '.join([*self, *self.families])}>"

    def names(self) -> list[str]:
        """The plain names, and the members of every family that lists them and whose library is installed; sorted."""
        found = list(self)
        for family in self.families:
            with suppress(MissingExtraError):
                entry = self[family]
                if isinstance(entry, Family):
                    found += [f"{family}{member}" for member in entry.members()]
        return sorted(found)

    def find(self, written: str | os.PathLike[str]) -> Found[T]:
        """The entry that a text stands for: "NAME", "NAME(option=value, ...)", "FAMILY:REST", or a path with a suffix.

        Raises `UnknownNameError` with near matches, `RegistryError`, `ParameterError` if it is not a text or its
        options cannot be read.
        """
        if isinstance(written, os.PathLike):
            written = os.fsdecode(written)
        if not isinstance(written, str):
            raise ParameterError(f"the name of a {self.what} is a text, got {shown(written)}")
        if written.isidentifier():  # without a family, a suffix or options; sessions look such names up all the time
            return Found(written, self[written], (), {})
        before, colon, rest = written.partition(":")
        family, suffix = before.strip() + colon, PurePath(written).suffix.lower()
        if colon and family in self:
            entry = self[family]
            member, options = parse(rest) if isinstance(entry, Family) else (rest, {})
            return Found(family + member, entry, (member,), options)
        if suffix and suffix in self:
            return Found(written, self[suffix], (written,), {})
        name, options = parse(written)
        return Found(name, self[name], (), options)

    def describe(self, name: str) -> tuple[str, dict[str, Any]]:
        """One sentence about an entry, and its options with their defaults (None if an option has no default)."""
        found = Found(name, self[name], (), {}) if name in self else self.find(name)
        entry = found.entry
        if isinstance(entry, Family) and found.arguments:
            return entry.describe(*found.arguments)
        summary = getattr(entry, "summary", None)
        if not isinstance(summary, str):
            first = " ".join((inspect.getdoc(entry) or "").partition("\n\n")[0].split())
            summary = first.partition(". ")[0].rstrip(".") + "." if first else ""
        declared = getattr(entry, "parameters", None)
        if declared is None:
            declared = _options_of(entry, bool(found.arguments) or _is_open(name))
        empty = inspect.Parameter.empty
        return summary, {key: None if each.default is empty else each.default for key, each in declared.items()}


@dataclass(frozen=True)
class Found(Generic[T]):
    """What a text stands for: the name without options, the entry, and what the entry is called with."""

    name: str
    entry: T
    arguments: tuple[str, ...]
    options: Mapping[str, Any]

    def takes(self, option: str) -> bool:
        """Whether the entry has this option."""
        return option in self._known()

    def _known(self, more: int = 0) -> list[str]:
        """The names of the entry's options. more: arguments before the options."""
        return [*_options_of(self.entry, len(self.arguments) + more)]

    def make(self, /, *more: Any, **options: Any) -> Any:
        """Call the entry with more arguments, and with the options of the text and these; these come first.

        Raises `UnknownNameError` for an option that the entry does not have, `ParameterError` if one is missing.
        """
        call: Any = self.entry
        options = {**self.options, **options}
        parameters = _signature(call).parameters.values() if options else ()
        if all(each.kind != each.VAR_KEYWORD for each in parameters):
            for name in options:
                if name not in self._known(len(more)):
                    raise UnknownNameError.of(f"parameter of {self.name}", name, self._known(len(more)))
        try:
            return call(*self.arguments, *more, **options)
        except TypeError:
            try:
                _signature(call).bind(*self.arguments, *more, **options)
            except TypeError as error:
                raise ParameterError(f"{self.name}: {error}") from error
            raise  # the arguments fit; the error is one of the entry's own


@dataclass(frozen=True)
class Family:
    """An entry for many names, "family:MEMBER", that lists its members. Members may be followed by options in brackets.

    summary: one sentence about all of them. load: called with the member and the options. members: their names; may
    raise `MissingExtraError`. describe: one sentence about a member, and its options with their defaults.
    """

    summary: str
    load: Callable[..., Any]
    members: Callable[[], Iterable[str]]
    describe: Callable[[str], tuple[str, dict[str, Any]]]

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.load)

    def __call__(self, member: str, /, **options: Any) -> Any:
        return self.load(member, **options)


def _is_open(name: str) -> bool:
    """Whether a name is a family or a file suffix, so that it stands for many names."""
    return name.endswith(":") or name.startswith(".")


def _signature(call: Any) -> inspect.Signature:
    """`inspect.signature`, computed once for each entry: it is slow, and thinking makes entries again and again."""
    try:
        return _cached_signature(call)
    except TypeError:  # it cannot be hashed
        return inspect.signature(call)


_cached_signature = functools.lru_cache(maxsize=1024)(inspect.signature)


def _options_of(call: Any, arguments: int) -> dict[str, inspect.Parameter]:
    """The named parameters of something that is called with this many arguments in addition."""
    every = _signature(call).parameters
    taken = [name for name, each in every.items() if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    named = {name: each for name, each in every.items() if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)}
    return {name: each for name, each in named.items() if name not in taken[:arguments]}


_PAIR = re.compile(r"""\s*(\w+)\s*=\s*('[^']*'|"[^"]*"|\([^()]*\)|\[[^][]*\]|[^\s,()'"=]+)\s*(?:,|$)""")


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Split "name(key=value, ...)" into its name and options; words need no quotes. Raises `ParameterError`."""
    name, bracket, inside = (part.strip() for part in text.partition("("))
    if not bracket:
        return name, {}
    readable, at, values = bool(name) and inside.endswith(")"), 0, dict[str, Any]()
    inside = inside[:-1].strip()
    while readable and at < len(inside):
        pair = _PAIR.match(inside, at)
        if pair is None or pair[1] in values:
            readable = False
        else:
            values[pair[1]], at = _plain(pair[2]), pair.end()
    if not readable:
        raise ParameterError(f"expected name(parameter=value, ...) with plain values, got {shown(text)}")
    return name, values


def _plain(written: str) -> Any:
    """A number, a truth value or a quoted text as Python writes them, else the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in texts
            return ast.literal_eval(written)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return {"true": True, "false": False}.get(written, written)  # OpenSpiel takes these too
