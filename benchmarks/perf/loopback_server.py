"""A server of fixed speed for benchmarks: slots, milliseconds per answer, and how busy it was.

    python -m longthink.benchmarks.perf.loopback_server --slots 16 --milliseconds 50

It prints its address and answers in OpenAI's protocol, with digits that come from the seed. Requests beyond its slots
wait. `GET /busy` returns the share of slot-time that was used from the first request to the last answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Annotated

from longthink.options import real, run_program, whole


class LoopbackServer:
    """Counts the answers and the time that each took in its slot."""

    def __init__(self, slots: int, seconds: float) -> None:
        self._slots, self._seconds, self._free = slots, seconds, asyncio.Semaphore(slots)
        self._first = self._last = self._used = 0.0
        self._answers = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
                body = await reader.readexactly(int(length or 0))
                data = self._busy() if head.startswith(b"get") else await self._answer(json.loads(body))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(data), data)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, body: dict[str, int]) -> bytes:
        async with self._free:
            began = time.perf_counter()
            self._first = self._first or began
            await asyncio.sleep(self._seconds)
            self._last = time.perf_counter()
            self._used += self._last - began
            self._answers += 1
        usage = {"prompt_tokens": 10, "completion_tokens": body["n"]}
        choices = [
            {"index": i, "text": str((body["seed"] + i) % 10), "finish_reason": "stop"} for i in range(body["n"])
        ]
        return json.dumps({"choices": choices, "usage": usage}).encode()

    def _busy(self) -> bytes:
        wall = max(self._last - self._first, 1e-9)
        share = self._used / (wall * self._slots)
        facts = {"busy": share, "answers": self._answers, "seconds": wall}
        self._first = self._last = self._used = 0.0
        self._answers = 0
        return json.dumps(facts).encode()


async def _serve(slots: int, seconds: float) -> None:
    server = await asyncio.start_server(LoopbackServer(slots, seconds).serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main(
    *,
    slots: Annotated[int, whole("Requests that are answered at the same time.", 1)] = 16,
    milliseconds: Annotated[float, real("Time of an answer.", 0)] = 50.0,
) -> None:
    """Serve answers at a fixed speed, on a free port of this machine, until Ctrl-C."""
    asyncio.run(_serve(slots, milliseconds / 1000))


if __name__ == "__main__":
    sys.exit(run_program("longthink.benchmarks.perf.loopback_server", main))
