"""A server on loopback that returns prepared answers in order, and a model that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from longthink.bridge.models.openai import OpenAIModel

Answer = tuple[int, bytes] | Callable[[], tuple[int, bytes]]


class Server:
    """Returns its answers in order, repeats the last one, and keeps the requests.

    An answer is a status and a body, or a function that returns them. A body that begins with "data:" or ":" is a
    stream of events. hold: seconds for which the connection stays open, and the request unfinished, after a stream.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.hold = 0.0
        self.hung_up = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((self.path, body, dict(self.headers)))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                status, data = answer() if callable(answer) else answer
                stream = data.lstrip(b"\xef\xbb\xbf").startswith((b"data:", b":"))
                try:
                    self.send_response(status)
                    if stream:
                        self.send_header("Content-Type", "text/event-stream")
                        self.close_connection = True
                    else:
                        self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                    if outer.hold and stream:
                        self.connection.settimeout(outer.hold)
                        if self.connection.recv(1) == b"":
                            outer.hung_up.set()
                except (OSError, TimeoutError):
                    pass

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def model(server: Server, **options: Any) -> OpenAIModel:
    """The model "tiny" of a server, which does not wait long."""
    return OpenAIModel("tiny", base_url=server.url, pause=0.01, **{"retries": 2, "timeout": 5.0, **options})


def ok(answer: Any) -> tuple[int, bytes]:
    return 200, json.dumps(answer).encode()


def events(*parts: Any, end: bytes = b"data: [DONE]\n\n") -> tuple[int, bytes]:
    """An answer as a stream of events."""
    return 200, b"".join(b"data: " + json.dumps(part).encode() + b"\n\n" for part in parts) + end
