"""What `longthink serve` gives to one request, and to all requests together."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from longthink.validation import real_number, whole_number

ANSWER_TOKENS = 512  # the longest answer of a chat, if the request does not say
GRACE = 5.0  # seconds after the time limit in which thinking must end
BODY_SECONDS = 20.0  # in which the body of a request must arrive


@dataclass(frozen=True)
class ServerLimits:
    """The limits of a server.

    body: bytes in the body of a request. seconds, tokens: of thinking; a request that asks for more gets this much.
    concurrency: requests that think at the same time, at most the slots of the model. queue: requests that wait for
    their turn; the server refuses further ones. connections: open at the same time, silent ones included; the server
    closes further ones.

    Raises `ParameterError` if a limit is not a positive number; `queue` may be 0.
    """

    body: int = 256 << 10
    seconds: float = 120.0
    tokens: int = 100_000
    concurrency: int = 1
    queue: int = 16
    connections: int = 256

    def __post_init__(self) -> None:
        for name, limit in asdict(self).items():
            words = f"ServerLimits({name}=...)"
            if name == "seconds":
                real_number(words, limit, 0, above=True)
            else:
                whole_number(words, limit, 0 if name == "queue" else 1)
