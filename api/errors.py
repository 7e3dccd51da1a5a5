"""Every error longthink raises, and the two ways of wording one that all rooms share.

Each error is a `LongthinkError` and also the built-in that fits, so that `except ValueError`
works as a reader would expect. This module imports nothing of longthink: every room may use it.
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
    """A known parameter has a value outside what it accepts."""


class IllegalActionError(LongthinkError, ValueError):
    """An action that the rules do not allow here; the state is as it was."""


class GameError(LongthinkError, ValueError):
    """A game's rules do not compile or break the game interface."""


class MissingExtraError(LongthinkError, ImportError):
    """An optional library is missing; the text names the line that installs it."""


class ModelError(LongthinkError, RuntimeError):
    """A language model could not be loaded or did not answer.

    answer: what `think` had found by then. spent: what the failed request cost, if it cost anything.
    """

    answer: Any = None
    spent: Any = None


class RequestRefusedError(ModelError):
    """A language model does not take a request as it is: too long for it, or with signs it does not know."""


class RegistryError(LongthinkError, ImportError):
    """What a name is registered as cannot be imported."""


class ToolError(LongthinkError, RuntimeError):
    """A tool cannot do its work on this machine; the text says what to install or to allow."""


class RunLogError(LongthinkError, RuntimeError):
    """A run log cannot be read or written."""


class CheckpointError(LongthinkError, ValueError):
    """A checkpoint cannot be read or written, or belongs to something else; what was there before stays."""


class ConcurrentUseError(LongthinkError, RuntimeError):
    """An object is used by two threads at once, or by a process forked in the middle of its work."""


class NotPicklableError(LongthinkError, TypeError):
    """An object belongs to its process; the text says how to take it to another one."""


class MemoryLimitError(LongthinkError, MemoryError):
    """The work does not fit in the memory it was given."""


def error_text(error: BaseException | None) -> str | None:
    """An error as traces and replies tell it: its kind and its text."""
    return None if error is None else f"{type(error).__name__}: {error}"


def require(module: str, extra: str) -> ModuleType:
    """Import an optional `module`, or raise `MissingExtraError` naming the `extra` that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"this needs {module.split('.')[0]!r}, which is not installed; run: pip install 'longthink[{extra}]'"
        ) from error
