"""`Registry`: the names of everything that can be added: games, tasks, models, methods, kinds, tools.

An entry is an object, or its place "package.module:attribute", which is imported when the name is first asked for. A
package outside adds entries without being imported, by entry points of the group of the registry:

    [project.entry-points."longthink.methods"]
    my_method = "my_package.search:MyMethod"

This module imports only `longthink.errors`: every room may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar, overload

from longthink.errors import LongthinkError, ParameterError, RegistryError, UnknownNameError

T = TypeVar("T")
E = TypeVar("E", bound=Any)


class Registry(Mapping[str, T]):
    """A mapping from names to entries of one sort; iteration gives the names, sorted.

    Own entries come first, then those of `register`, then entry points. `registry[name]` imports the entry.
    """

    def __init__(self, what: str, group: str, places: Mapping[str, str] | None = None) -> None:
        """what: an entry in words, as "method"; group: of the entry points; places: name to "module:attribute"."""
        self.what, self.group = what, group
        self._entries: dict[str, T] = {}
        self._places = dict(places or {})
        self._points: dict[str, str] | None = None

    @overload
    def register(self, name: str, entry: None = None) -> Callable[[E], E]: ...
    @overload
    def register(self, name: str, entry: E) -> E: ...
    def register(self, name: str, entry: E | None = None) -> E | Callable[[E], E]:
        """Add an entry, or replace the one of this name: `register("name", entry)`, or `@register("name")` above it.

        An entry that is a text is a place, "module:attribute". Raises `ParameterError` for a name that is none.
        """
        if not isinstance(name, str) or not name.strip() or "(" in name:
            raise ParameterError(f"the name of a {self.what} is a text without brackets, got {name!r}")
        if entry is None:
            return lambda decorated: self.register(name, decorated)
        if isinstance(entry, str):
            self._entries.pop(name, None)
            self._places[name] = entry
        else:
            self._entries[name] = entry
        return entry

    def __getitem__(self, name: str) -> T:
        """The entry of a name. Raises `UnknownNameError` with near matches, `RegistryError` if its place has none."""
        if name not in self._entries:
            place = self._places.get(name) or self._outside().get(name)
            if place is None:
                raise UnknownNameError.of(self.what, name, list(self))
            self._entries[name] = self._load(name, place)
        return self._entries[name]

    def _load(self, name: str, place: str) -> T:
        module, _, attribute = place.partition(":")
        try:
            found: Any = import_module(module)
            for part in filter(None, attribute.split(".")):
                found = getattr(found, part)
        except LongthinkError:  # an extra that is missing, say
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

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._entries, *self._places, *self._outside()}))

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._places or name in self._outside()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{self.what}s: {', '.join(self)}>"
