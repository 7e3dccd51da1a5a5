"""`longthink serve`: a server that answers chats as OpenAI's servers do, after thinking longer."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import longthink as lt
from longthink.command_line import DONE
from longthink.commands.choices import Chosen, choice, specialise, word
from longthink.commands.command import Command
from longthink.commands.registered import EMBEDDED
from longthink.errors import require
from longthink.options import Run, names, option, seconds, whole


def serve(
    *,
    host: Annotated[str, option("Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, whole("Port to listen on; 0: any free one.", 0, 65535)] = 8000,
    model: Annotated[str, option("A model of `longthink models`.")] = EMBEDDED,
    cache: Annotated[Path | None, option("A folder that keeps the model's answers; they are not asked again.")] = None,
    template: Annotated[
        Literal["chatml", "plain"] | None,
        option("How a chat becomes a prompt; default: chatml for a GGUF file, else plain."),
    ] = None,
    task: Annotated[
        tuple[str, ...],
        names("Tasks that clients may name, and families of tasks, such as reasoning_gym.", metavar="NAME,..."),
    ] = ("countdown", "game24"),
    token_env: Annotated[
        str, option("The environment variable with the token that clients must send.", metavar="NAME")
    ] = "LONGTHINK_TOKEN",
    max_body: Annotated[int, whole("Longest body of a request.", 1, metavar="BYTES")] = 256 << 10,
    max_seconds: Annotated[float, seconds("Most seconds of thinking for a request.")] = 120.0,
    max_tokens: Annotated[int, whole("Most tokens of thinking for a request.", 1)] = 100_000,
    concurrency: Annotated[int, whole("Requests that think at the same time.", 1)] = 1,
    queue: Annotated[int, whole("Requests that wait for their turn; others are refused.", 0)] = 16,
    connections: Annotated[int, whole("Open connections.", 1)] = 256,
    cors: Annotated[
        tuple[str, ...],
        names("Origins whose web pages may ask, as https://example.org, or *.", metavar="ORIGIN,..."),
    ] = (),
    model_options: Chosen = None,
) -> int:
    """Answer chats over HTTP as OpenAI's servers do, after thinking longer."""
    for module in ("fastapi", "uvicorn"):
        require(module, "serve")
    from longthink.server.access import is_loopback
    from longthink.server.limits import ServerLimits
    from longthink.server.port import Server, listening
    from longthink.server.questions import check_tasks
    from longthink.server.service import Service

    check_tasks(task)
    token = os.environ.get(token_env) or None
    if token is None and not is_loopback(host):
        raise lt.ParameterError(
            f"--host {host} makes the server reachable for other machines, which needs a token: set {token_env} in the "
            "environment"
        )
    listening(host, port).close()  # fails before a model is loaded
    slots = _slots(model, concurrency)
    service = Service(
        lt.load_model(model, cache=cache, **slots, **(model_options or {})),
        tasks=task,
        token=token,
        limits=ServerLimits(max_body, max_seconds, max_tokens, concurrency, queue, connections),
        template=template or ("chatml" if "sequences" in slots else "plain"),
        cors=cors,
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("longthink").setLevel(logging.INFO)
    server = Server(service, host, port)
    print(f"longthink: serving on {server.url}/v1; Ctrl-C stops it", file=sys.stderr)
    server.run()
    return DONE


def _slots(model: str, concurrency: int) -> dict[str, int]:
    """The option of a model with which it works on that many requests at the same time, if it has such an option."""
    found = lt.models().find(model)
    if found.takes("sequences"):
        return {"sequences": concurrency}
    return {"slots": max(4, concurrency)} if found.takes("slots") else {}


def with_choices(words: Sequence[str]) -> Run:
    """`serve` with the options of the model that the words name; --concurrency decides about its slots."""
    model = word(words, "--model", EMBEDDED)
    without = dict.fromkeys(_slots(model, 1), "serve, where --concurrency sets it")
    return specialise(serve, {"model_options": choice("models", model, f"the model {model}")}, without)


COMMAND = Command(
    serve,
    """  longthink serve                                      # http://127.0.0.1:8000/v1
  longthink serve --model tiny --task countdown        # for Countdown only
  longthink serve --model openai:qwen3 --base-url http://localhost:8080/v1
  LONGTHINK_TOKEN=... longthink serve --host 0.0.0.0   # clients send the token""",
    with_choices,
)
