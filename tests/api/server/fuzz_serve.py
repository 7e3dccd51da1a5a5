"""Run schemathesis against a server: `python tests/api/server/fuzz_serve.py [SECONDS] [SEED]`.

The schema describes all of a request except the parameters of a task, so the server may refuse a valid request (422).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from longthink.bridge.models.scripted import ScriptedModel
from longthink.server.limits import ServerLimits
from longthink.server.port import Server
from longthink.server.service import Service

TOKEN = "a-token-of-many-letters"

# A body that is too large is refused (413) before it is read, whatever else is wrong with it.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
"""


def run(seconds: str = "600", seed: str = "1") -> int:
    """Run schemathesis; returns its exit status, 0 if it found nothing."""
    model = ScriptedModel(lambda prompt: {"Answer: 4": 0.7, "Answer: 5": 0.3})
    server = Server(Service(model, token=TOKEN, limits=ServerLimits(seconds=1, tokens=20_000)), port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    schemathesis = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    options = ["--header", f"Authorization: Bearer {TOKEN}", "--max-time", seconds, "--seed", seed, "--no-color"]
    options += ["--phases", "coverage,fuzzing", "--continue-on-failure", "--exclude-checks", "positive_data_acceptance"]
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "schemathesis.toml"
            config.write_text(CONFIG)
            address = f"http://127.0.0.1:{port}/openapi.json"
            command = [*schemathesis, "--config-file", str(config), "run", address, *options]
            return subprocess.run(command).returncode
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:3]))
