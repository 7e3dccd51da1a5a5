"""The address of a server and the key for it. Keys and passwords are never shown."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from longthink.errors import ParameterError


@dataclass(frozen=True)
class ServerAddress:
    """The address of a server, and the key for it.

    url: the base address, without a password, with a slash at the end. headers: of every request. clean: removes the
    key and the password from a text that may repeat them. holds_password: the address that was given has a password
    in it, and no key takes its place.
    """

    url: str
    headers: Mapping[str, str]
    clean: Callable[[str], str]
    holds_password: bool

    @classmethod
    def of(cls, url: str, api_key_env: str) -> ServerAddress:
        """The address of a base URL, with the key in the environment variable `api_key_env` if it is set.

        Raises `ParameterError`.
        """
        shown, login = _split(url)
        key = os.environ.get(api_key_env, "").strip()
        if not key.isascii():
            raise ParameterError(f"the key in {api_key_env} expects ASCII letters, digits and signs, and has others")
        headers = _Hidden({"Authorization": f"Bearer {key}"} if key else login)
        secrets = [part for value in headers.values() for part in (value, value.split()[-1])]
        return cls(shown, headers, _cleaner(secrets), bool(login) and not key)


class _Hidden(dict[str, str]):
    """Headers that are not shown."""

    def __repr__(self) -> str:
        return "<headers>"


def without_login(address: str) -> str:
    """An address without the name and the password in it."""
    return re.sub(r"//[^/@]*@", "//", address)


def _cleaner(secrets: list[str]) -> Callable[[str], str]:
    """A function that removes secrets from a text. The secrets are in the function only, where no repr shows them."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[key]")
        return text

    return clean


def _split(url: str) -> tuple[str, dict[str, str]]:
    """A base address that can be shown, and the header for the name and the password in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ParameterError(f"base_url expects http://... or https://..., got {without_login(url)!r}")
    if parts.query or parts.fragment:
        raise ParameterError(
            "base_url expects an address without ?... or #...; give a key in the environment (api_key_env)"
        )
    host = parts.netloc.rpartition("@")[2]
    login: dict[str, str] = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/", login
