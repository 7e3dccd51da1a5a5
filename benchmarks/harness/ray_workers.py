"""`RayWorkers`: an executor (executor.py) that runs cases as tasks on Ray, in processes of one machine or of many."""

from __future__ import annotations

import socket
import sys
from typing import Any
from urllib.parse import urlsplit

from longthink.benchmarks.harness.executor import SINGLE_THREADED, Event, Lost, pickled, run_pickled
from longthink.benchmarks.harness.record import Failure, Record
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.harness.suite import Planned
from longthink.errors import ParameterError, require


class RayWorkers:
    """Cases as tasks of one processor each. All machines of a cluster need longthink, with the extras of the studies.

    A case shows no progress while it runs. Ray's own repetition of tasks is off: the runner repeats lost cases.
    """

    def __init__(self, address: str, capacity: int | None = None) -> None:
        """address: "local" starts Ray on this machine, if the caller has not. capacity: default all its processors.

        Raises `MissingExtraError`, and `ParameterError` if there is no Ray at the address.
        """
        self._ray = ray = require("ray", "ray")
        self._path = sys.path if address == "local" else []
        self._mine = not ray.is_initialized()
        if self._mine:
            options = {"num_cpus": capacity, "include_dashboard": False} if address == "local" else {}
            try:
                _connect(address)
                ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
            except (OSError, ValueError, RuntimeError) as error:
                expected = f'ray expects "local" or the address of a Ray cluster, got {address!r}'
                raise ParameterError(f"{expected}: {error}") from error
        self.capacity = capacity or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._task = ray.remote(num_cpus=1, max_retries=0, runtime_env={"env_vars": SINGLE_THREADED})(_run)
        self._running: dict[Any, str] = {}

    def start(self, planned: Planned) -> None:
        self._running[self._task.remote(pickled(planned), self._path)] = planned.key

    def wait(self, seconds: float) -> list[Event]:
        tasks = list(self._running)
        self._ray.wait(tasks, num_returns=1, timeout=seconds)
        ended, _ = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)
        return [Event(self._running.pop(task), self._news(task)) for task in ended]

    def _news(self, task: Any) -> Record | Failure | Lost:
        try:
            news: Record | Failure = self._ray.get(task)
        except self._ray.exceptions.RayError as error:
            return Lost(str(error).strip().partition("\n")[0], str(error))
        return news

    def stop(self, key: str) -> str:
        task = next(task for task, its in self._running.items() if its == key)
        del self._running[task]
        self._ray.cancel(task, force=True)
        return ""

    def close(self) -> None:
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._running = {}
        if self._mine:
            self._ray.shutdown()


def _run(sent: bytes, path: list[str]) -> Record | Failure:
    """Run a case. path: folders of modules, of the process that sent it."""
    sys.path[:] = path or sys.path
    return run_pickled(sent, Context())


def _connect(address: str) -> None:
    """Raises `OSError` soon if nothing listens at HOST:PORT. Ray itself tries for minutes."""
    place = urlsplit(address if "//" in address else f"//{address}")
    if place.port is not None:
        socket.create_connection((place.hostname, place.port), timeout=10).close()
