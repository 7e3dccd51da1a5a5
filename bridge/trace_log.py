"""The log of a piece of thinking: a line of JSON for what was asked, answered, told and verified, without secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longthink.bridge.model import Completion, Request
from longthink.errors import ParameterError
from longthink.search.budget import Spent

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_SECRET_FORMS = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|hf|xox[abp])[-_][\w-]{16,}|(?<=//)[^/\s@]+(?=@)|(?<=Bearer )[\w.~+/=-]{8,}"
)


def without_secrets(value: Any) -> Any:
    """A plain value without what looks like a secret in any of its texts.

    Taken out are the values of environment variables that are named like secrets, texts of the forms that keys have,
    and logins in addresses.
    """
    named = [text.strip() for name, text in os.environ.items() if _SECRET_NAMES.search(name) and len(text.strip()) >= 8]
    return _clean(value, sorted(named, key=len, reverse=True))


def _clean(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[secret]")
        return _SECRET_FORMS.sub("[secret]", value)
    if isinstance(value, Mapping):
        return {_clean(key, secrets): _clean(each, secrets) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each, secrets) for each in value]
    return value if value is None or isinstance(value, (bool, int, float)) else _clean(repr(value), secrets)


class TraceLog:
    """Writes events to a file as they come, so that it is good up to the moment of any end.

    The file is open only while something is written, so that thousands of problems may be under way. Raises
    `ParameterError` where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._requests = path, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        except OSError as error:
            raise ParameterError(f"trace expects a folder to write to, got {str(path.parent)!r}: {error}") from error

    def write(self, event: str, **fields: Any) -> None:
        line = json.dumps(without_secrets({"event": event, **fields}), ensure_ascii=False) + "\n"
        with self.path.open("ab") as file:
            file.write(line.encode())

    def asked(self, request: Request) -> int:
        """Write a request; its number says which answer belongs to it."""
        self._requests += 1
        told = {name: value for name, value in vars(request).items() if value not in ((), None) and name != "images"}
        self.write("request", number=self._requests, **told, images=len(request.images))
        return self._requests

    def answered(self, number: int, answer: Sequence[Completion], cost: Spent) -> None:
        texts = [{"text": each.text, "logprob": each.logprob, "finish": each.finish} for each in answer]
        self.write("answer", number=number, completions=texts, cost=cost.as_dict())
