"""All errors of longthink.

Each error is a subclass of `LongthinkError` and of the built-in error that fits, so that `except ValueError` also
works. This module imports nothing of longthink: every room may use it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import Any


class LongthinkError(Exception):
    """Base of every error longthink raises on purpose."""


class UnknownNameError(LongthinkError, ValueError):
    """No game, task, model, method or parameter has this name; the text lists near matches."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """The error for an unknown `name` among `known` names of one `kind` ("game", "task", ...)."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=4, cutoff=0.5) if len(name) <= 100 else []
        if not near:
            near = [known_name for known_name in names if name and name in known_name][:4]
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(names) or 'none'}."
        shown = name if len(name) <= 100 else f"{name[:97]}..."
        return cls(f"unknown {kind} {shown!r}; {hint}")


class ParameterError(LongthinkError, ValueError):
    """A parameter has a value that it does not accept."""


class IllegalActionError(LongthinkError, ValueError):
    """An action is not legal in this state; the state is unchanged."""


class GameError(LongthinkError, ValueError):
    """A game's rules do not compile or break the game interface."""


class MissingExtraError(LongthinkError, ImportError):
    """An optional library is missing; the text names the line that installs it."""


class ModelError(LongthinkError, RuntimeError):
    """A language model cannot be loaded or does not answer.

    answer: the best answer of `think` before the error. spent: the cost of the failed request, if any.
    """

    answer: Any = None
    spent: Any = None


class RequestRefusedError(ModelError):
    """A language model refuses a request: it is too long, or it has characters that the model does not know."""


class RegistryError(LongthinkError, ImportError):
    """The object that is registered under a name cannot be imported."""


class ToolError(LongthinkError, RuntimeError):
    """A tool cannot do its work on this machine; the text says what to install or to allow."""


class RunLogError(LongthinkError, RuntimeError):
    """A run log cannot be read or written."""


class CheckpointError(LongthinkError, ValueError):
    """A checkpoint cannot be read or written, or belongs to another game or solver; nothing is changed."""


class ConcurrentUseError(LongthinkError, RuntimeError):
    """Two threads use an object at the same time, or a process was forked while a thread was using it."""


class NotPicklableError(LongthinkError, TypeError):
    """An object cannot be pickled, because it belongs to its process; the text says what to do instead."""


class MemoryLimitError(LongthinkError, MemoryError):
    """The work does not fit in its memory limit."""


def error_text(error: BaseException | None) -> str | None:
    """The type and the text of an error, as traces and replies show it; None without an error."""
    return None if error is None else f"{type(error).__name__}: {error}"


def require(module: str, extra: str) -> ModuleType:
    """Import an optional `module`, or raise `MissingExtraError` naming the `extra` that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"this needs {module.split('.')[0]!r}, which is not installed; run: pip install 'longthink[{extra}]'"
        ) from error
