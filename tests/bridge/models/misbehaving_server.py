"""A server on loopback that answers like OpenAI's and, on request, misbehaves in one of many named ways."""

from __future__ import annotations

import email.utils
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

FAULTS = [
    "refused connections",
    "reset before the answer",
    "reset in the body",
    "slow headers",
    "slow drip",
    "truncated JSON",
    "a page instead of JSON",
    "an empty body",
    "the wrong shape",
    "no choices",
    "status 429 with Retry-After",
    "status 429 without",
    "status 500",
    "status 502",
    "status 503 until a date",
    "a body without end",
    "garbage in chunks",
    "logprobs that are no numbers",
    "deep nesting",
    "a connection closed between requests",
    "a stream that ends in the middle",
    "a stream that repeats itself",
    "an error in a stream",
    "garbage in a stream",
]
"""After these a request is worth making again."""
REFUSALS = ["status 400", "status 401 that repeats the key", "a redirect loop"]
"""These mean that something has to change first."""


class MisbehavingServer:
    """Answers with the digit of the seed; `faults` are used up one request after the other, an empty one is none.

    answered: the body of each request that got a whole good answer, which is what somebody pays for. requests: all of
    them. With `fewer`, one choice comes, whatever was asked for.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.forever: str | None = None
        self.fewer = False
        self.answered: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.delay = 0.0
        self._lock = threading.Lock()
        self._closed = False
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closed = True
        self._listener.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        listener.settimeout(0.05)
        return listener

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                time.sleep(0.01)
                continue
            connection.settimeout(30)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        try:
            while self._one(connection, file):
                pass
        except (OSError, ValueError):
            pass
        finally:
            file.close()
            connection.close()

    def _one(self, connection: socket.socket, file: Any) -> bool:
        """One request; whether the connection stays open."""
        first = file.readline()
        if not first:
            return False
        headers = {}
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = json.loads(file.read(int(headers["content-length"])))
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            fault = self.forever or (self.faults.pop(0) if self.faults else None)
        time.sleep(self.delay)
        if fault:
            return self._misbehave(fault, connection, body, headers)
        data = _stream(body) if body.get("stream") else json.dumps(answer(body, self.fewer)).encode()
        kind = b"text/event-stream" if body.get("stream") else b"application/json"
        with self._lock:
            self.answered.append(body)
        connection.sendall(_response(200, data, kind))
        return True

    def _misbehave(self, fault: str, c: socket.socket, body: dict[str, Any], headers: dict[str, str]) -> bool:
        good = json.dumps(answer(body)).encode()

        def changed(change: Callable[[dict[str, Any]], Any]) -> bytes:
            value = answer(body)
            change(value["choices"][0])
            return json.dumps(value).encode()

        events = _stream(body).split(b"\n\n")
        stream = {
            "a stream that ends in the middle": events[0].replace(b'"stop"', b"null") + b"\n\n",
            "a stream that repeats itself": b"\n\n".join([events[0], *events]),
            "an error in a stream": b'data: {"error": {"message": "overloaded"}}\n\n',
            "garbage in a stream": b"data: {garbage\n\n",
        }
        whole = {
            "truncated JSON": good[: len(good) // 2],
            "an empty body": b"",
            "the wrong shape": b'[{"text": "x"}, 7]',
            "no choices": b'{"choices": []}',
            "logprobs that are no numbers": changed(
                lambda choice: choice.update(logprobs={"tokens": ["x"], "token_logprobs": [float("nan")]})
            ),
            "deep nesting": b"[" * 200_000,
        }
        statuses = {
            "status 429 with Retry-After": (429, b"Retry-After: 0.3\r\n"),
            "status 429 without": (429, b""),
            "status 500": (500, b""),
            "status 502": (502, b""),
            "status 503 until a date": (503, f"Retry-After: {email.utils.formatdate(time.time() + 1)}\r\n".encode()),
            "status 400": (400, b""),
            "status 401 that repeats the key": (401, b""),
            "a redirect loop": (307, f"Location: {self.url}/completions\r\n".encode()),
        }
        if fault in stream:
            c.sendall(_response(200, stream[fault], b"text/event-stream"))
        elif fault in whole:
            c.sendall(_response(200, whole[fault]))
        elif fault in statuses:
            status, extra = statuses[fault]
            c.sendall(_response(status, f"failed with {headers.get('authorization')}".encode(), extra=extra))
        elif fault == "a page instead of JSON":
            c.sendall(_response(200, b"<html>welcome</html>", b"text/html"))
        elif fault == "refused connections":
            self._listener.close()
            _reset(c)
            time.sleep(0.1)
            if not self._closed:
                self._listener = self._listen(self.port)
            return False
        elif fault == "reset before the answer":
            _reset(c)
            return False
        elif fault == "reset in the body":
            c.sendall(_response(200, good)[:-20])
            time.sleep(0.02)
            _reset(c)
            return False
        elif fault == "slow headers":
            time.sleep(1.0)
            return False
        elif fault == "slow drip":
            for byte in _response(200, good):
                c.sendall(bytes([byte]))
                time.sleep(0.02)
            return False
        elif fault == "a body without end":
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                c.sendall(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
        elif fault == "garbage in chunks":
            c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ngarbage")
            return False
        elif fault == "a connection closed between requests":
            c.sendall(_response(500, b""))  # and the connection is closed, though nothing said so
            return False
        else:
            raise AssertionError(fault)
        return True


def answer(body: dict[str, Any], fewer: bool = False) -> dict[str, Any]:
    """A good answer, in one piece."""
    choices = []
    for i in range(1 if fewer else body["n"]):
        text = str((body["seed"] + i) % 10)
        if "messages" in body:
            content = [{"token": text, "logprob": -0.5, "top_logprobs": []}]
            choices.append({"index": i, "message": {"content": text}, "logprobs": {"content": content}})
        else:
            tops = [{text: -0.5, "x": -1.0}]
            logprobs = {"tokens": [text], "token_logprobs": [-0.5], "top_logprobs": tops}
            choices.append({"index": i, "text": text, "finish_reason": "stop", "logprobs": logprobs})
    return {"choices": choices, "usage": {"prompt_tokens": 7, "completion_tokens": len(choices)}}


def _stream(body: dict[str, Any]) -> bytes:
    """The same as events: one for each choice, one for the costs, one for the end."""
    whole = answer(body)
    parts = []
    for choice in whole["choices"]:
        part = {key: value for key, value in choice.items() if key != "message"}
        if "message" in choice:
            part["delta"] = choice["message"]
        parts.append({"choices": [{**part, "finish_reason": "stop"}]})
    parts.append({"choices": [], "usage": whole["usage"]})
    events = [f"data: {json.dumps(part)}\n\n" for part in parts]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


def _response(status: int, data: bytes, kind: bytes = b"application/json", extra: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %d Something\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
    return head % (status, kind, len(data), extra) + data


def _reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RD)
    connection.close()
