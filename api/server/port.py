"""`longthink serve` on a port: how many connections are open, and how long each may take to send its request.

uvicorn serves the application. Usually a proxy in front of uvicorn limits connections; for a server without a proxy,
this module adds a limit of connections below that of open files, and a deadline for the head of each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
import os
import socket
import time
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from longthink.errors import ParameterError
from longthink.server.service import Service
from longthink.validation import whole_number

log = logging.getLogger("longthink.server")

HEAD_SECONDS = 10.0  # in which the head of a request must arrive
BACKLOG = 16  # connections that are accepted in one go, before any of them is counted
SPARE_FILES = 32 + 4 * BACKLOG  # open files that are not for connections
QUIET_SECONDS = 10.0  # between two lines of the log about the same error


class Server(uvicorn.Server):
    """A service on a port. It listens from the moment it is made; `run` answers requests until Ctrl-C.

    After Ctrl-C, running jobs end with their best so far; a second Ctrl-C does not wait for them. url: its address.

    Raises `ParameterError` if it cannot listen there.
    """

    def __init__(self, service: Service, host: str = "127.0.0.1", port: int = 8000) -> None:
        self._service, self._socket = service, listening(host, port)
        shown_host = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown_host}:{self._socket.getsockname()[1]}"
        super().__init__(
            uvicorn.Config(
                service.application,
                http=functools.partial(_Connection, most=_most_connections(service.limits.connections)),  # type: ignore[arg-type]
                ws="none",
                backlog=BACKLOG,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_keep_alive=5,
                timeout_graceful_shutdown=30,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has handled it and raises it again at its end
            super().run(sockets or [self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_LoopErrors())
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.drain()
        super().handle_exit(sig, frame)


def serve(service: Service, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until Ctrl-C. Raises `ParameterError` if it cannot listen there."""
    Server(service, host, port).run()


class _Connection(H11Protocol):
    """A connection that is closed if there are too many, or if it sends no request within the deadline."""

    def __init__(self, *arguments: Any, most: int, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._most = most
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Set a deadline while no request is being answered; data that arrives slowly does not move it."""
        if self.cycle is not None and not self.cycle.response_complete:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)


class _LoopErrors:
    """Logs errors of the event loop: one line for too many open files, now and then; all others as asyncio does."""

    def __init__(self) -> None:
        self._logged = -QUIET_SECONDS

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS)):
            loop.default_exception_handler(context)
        elif time.monotonic() >= self._logged + QUIET_SECONDS:
            self._logged = time.monotonic()
            log.warning("a connection could not be accepted: %s", error.strerror)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `ParameterError` if that fails."""
    port = whole_number("port", port, 0, 65535)
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is not the name of a machine"
        raise ParameterError(f"cannot listen on {host} port {port}: {why}; choose another host or port") from error


def _most_connections(wanted: int) -> int:
    """The number of connections that may be open: `wanted`, or fewer if the limit of open files is lower."""
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        opened = len(os.listdir("/proc/self/fd"))
    except (ImportError, OSError):
        return wanted
    room = soft - opened - SPARE_FILES
    if room < 1:
        raise ParameterError(
            f"this process may open {soft} files and has opened {opened}, so no connection can be accepted; "
            "raise the limit, for example by ulimit -n 1024"
        )
    if room < wanted:
        log.warning("at most %d connections, because this process may open only %d files", room, soft)
    return min(wanted, room)
