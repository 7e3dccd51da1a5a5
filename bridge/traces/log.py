"""The log of a session: a JSON line for each request, answer and verified answer, without secrets."""

from __future__ import annotations

import json
import math
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from longthink.bridge.models.model import Completion, Request
from longthink.errors import ParameterError
from longthink.pages.render import check_pages
from longthink.search.budget import Spent
from longthink.validation import shown

# Whole words of a name such as OPENAI_API_KEY or GITHUB_TOKEN: not those of GIT_AUTHOR_NAME or TOKENIZERS_PARALLELISM.
_SECRET_NAMES = re.compile(
    r"(?:API_?KEY|(?<![A-Z])KEY|TOKEN|SECRET|PASSWD|PASSWORD|PASSPHRASE|CREDENTIAL)S?(?![A-Z])"
    r"|(?<![A-Z])AUTH(?:ORIZATION)?$",
    re.IGNORECASE,
)
_SECRET_FORMS = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|ghu|ghs|github_pat|glpat|hf|xox[abprs])[-_][\w-]{16,}"  # keys of services
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # of clouds, and web tokens
    r"|(?<=//)[^/\s@]+(?=@)"  # the login of an address
    r"|(?<=Bearer )[\w.~+/=-]{8,}|(?<=Basic )[\w+/=-]{8,}"
)
_SECRET_FIELDS = re.compile(
    r"""((?:authorization|api[-_]?key)["']?\s*[:=]\s*["']?)(?:(?:Bearer|Basic) )?[^\s"',;]{8,}""",
    re.IGNORECASE,
)


def without_secrets(value: Any) -> Any:
    """A plain value without anything in its texts that looks like a secret.

    It removes the values of environment variables that are named like secrets, texts in the form of keys, the contents
    of an Authorization header or a field named api_key, and logins in addresses.
    """
    named = [text.strip() for name, text in os.environ.items() if _SECRET_NAMES.search(name) and len(text.strip()) >= 8]
    return _clean(value, sorted(named, key=len, reverse=True))


def _clean(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[secret]")
        return _SECRET_FORMS.sub("[secret]", _SECRET_FIELDS.sub(r"\1[secret]", value))
    if isinstance(value, Mapping):
        return {_clean(key, secrets): _clean(each, secrets) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each, secrets) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value if value is None or isinstance(value, (bool, int, float)) else _clean(shown(value, 10_000), secrets)


class TraceLog:
    """Writes events to a file as they come, so that the file is complete up to any moment at which the program ends.

    The file is open only while something is written, so that thousands of problems can be in progress. If it cannot be
    written later, for example because the disk is full, a warning says so and nothing more is written: a failing trace
    does not stop the thinking. broken: whether that has happened.

    Raises `ParameterError` if the file cannot be made, `MissingExtraError` if no page could be made of the trace.
    """

    def __init__(self, path: Path) -> None:
        check_pages()
        self.path, self.broken, self._requests = path, False, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        except OSError as error:
            raise ParameterError(f"trace expects a folder to write to, got {str(path.parent)!r}: {error}") from error

    def write(self, event: str, **fields: Any) -> None:
        line = json.dumps(without_secrets({"event": event, **fields}), ensure_ascii=False) + "\n"
        self.attempt(lambda: self._append(line.encode("utf-8", "backslashreplace")))

    def attempt(self, write: Callable[[], object]) -> None:
        """Write a part of the trace, unless that has failed before."""
        if not self.broken:
            try:
                write()
            except OSError as error:
                self.broken = True
                warnings.warn(f"the trace {self.path} cannot be written and ends here: {error}", stacklevel=2)

    def _append(self, data: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            begun = file.tell()
            if file.write(data) != len(data):
                file.truncate(begun)
                raise OSError("only a part could be written; is the disk full?")

    def asked(self, request: Request) -> int:
        """Write a request, and return its number, which its answer gets, too."""
        self._requests += 1
        fields = {name: value for name, value in vars(request).items() if value not in ((), None) and name != "images"}
        self.write("request", number=self._requests, **fields, images=len(request.images))
        return self._requests

    def answered(self, number: int, answer: Sequence[Completion], cost: Spent) -> None:
        texts = [
            {
                "text": each.text,
                **({"reasoning": each.reasoning} if each.reasoning else {}),
                "logprob": each.logprob,
                "finish": each.finish,
            }
            for each in answer
        ]
        self.write("answer", number=number, completions=texts, cost=cost.as_dict())
