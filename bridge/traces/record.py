"""The files of a trace: a log that is written as a session works, and a page at its end."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.tasks.verifier import task_verifier
from longthink.bridge.traces.log import TraceLog
from longthink.bridge.traces.page import trace_page
from longthink.errors import error_text
from longthink.files import write_file
from longthink.validation import shown

if TYPE_CHECKING:
    from longthink.bridge.runtime.answer import Answer
    from longthink.bridge.runtime.session import Session


def begin_trace(session: Session, folder: str | Path) -> TraceLog:
    """Open the log of a session in a folder, and write its settings. Raises `ParameterError`."""
    facts = facts_of(session)
    log = TraceLog(Path(folder) / f"{_file_name(facts)}.jsonl")
    log.write("think", **facts)
    return log


def end_trace(session: Session, answer: Answer) -> None:
    """Write the end of the log and the page, if there is a log, and set the `page` of the answer."""
    log = session.log
    if log is None:
        return
    facts = {
        "answer": answer.text,
        "value": answer.value,
        "correct": answer.correct,
        "stopped_by": answer.stopped_by,
        "error": error_text(answer.error),
        "proposals": answer.kinds,
        "left_out": answer.left_out,
        "spent": answer.spent.as_dict(),
        "solved_at": None if answer.solved_at is None else answer.solved_at.as_dict(),
    }
    log.write("end", **facts)
    page = trace_page({**facts_of(session), **facts}, answer.trace)
    path = log.path.with_suffix(".html")
    log.attempt(lambda: write_file(path, page.encode("utf-8", "backslashreplace")))
    answer.page = None if log.broken else path


def facts_of(session: Session) -> dict[str, Any]:
    """The settings of a session as plain values."""
    task, options = session.task, session.method.changed_options()
    weights = task.weights if isinstance(task, WithKinds) else {}
    before = {name: value for name, value in session.spent_before.as_dict().items() if name != "seconds"}
    asked = session.proposer, None if session.verifier is task_verifier else session.verifier
    return {
        "task": task.name,
        "prompt": task.prompt,
        "model": None if session.model is None else session.model.name,
        "method": session.method.name,
        "options": {name: _written(value) for name, value in options.items()},
        "kinds": list(task.kinds),
        "budget": dict(session.budget.limits()),
        "seed": session.seed,
        **({"weights": weights} if set(weights.values()) - {1.0} else {}),
        **({"spent before": before} if before else {}),
        **{name: _written(value) for name, value in zip(("proposer", "verifier"), asked, strict=True) if value},
    }


def _file_name(facts: Mapping[str, Any]) -> str:
    """A name for the files of a trace: the same for equal facts, different for all others."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", facts["task"]).strip("-")[:60].strip("-")
    method = re.sub(r"[^A-Za-z0-9]+", "_", facts["method"])
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=_written).encode()).hexdigest()
    return f"{words}.{method}.{facts['seed']}.{digest[:12]}"


def _written(value: Any) -> Any:
    """A value in a form that is the same in every process."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    name = getattr(value, "__qualname__", None)
    return re.sub(r" at 0x[0-9a-f]+", "", shown(value, 1000)) if name is None else f"{value.__module__}.{name}"
