"""Records as logs of Inspect (https://inspect.aisi.org.uk): `inspect view` shows them, `read_eval_log` reads them.

Each version of a study is one log, and each record is one sample: its facts are the input, its scores are scores, and
all else is metadata.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.report import Report
from longthink.errors import require

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample

NO_MODEL = "none"


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, bytes]:
    """A file in the folder inspect for each study. Raises `MissingExtraError`."""
    return {f"inspect/{name}": content for name, content in eval_files(records).items()}


def eval_files(records: Sequence[Record]) -> dict[str, bytes]:
    """The logs as files of Inspect's format .eval, by their names. Raises `MissingExtraError`."""
    logs = require("inspect_ai.log", "inspect")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for study, version in dict.fromkeys((record.study, record.version) for record in records):
            name = f"{study}-version{version}.eval"
            mine = [record for record in records if (record.study, record.version) == (study, version)]
            logs.write_eval_log(eval_log(mine), str(Path(folder) / name))
            found[name] = (Path(folder) / name).read_bytes()
    return found


def eval_log(records: Sequence[Record]) -> EvalLog:
    """The log of the records of one study, of which there is at least one. Raises `MissingExtraError`."""
    logs = require("inspect_ai.log", "inspect")
    first = records[0]
    environment = first.environment
    finished = [record for record in records if record.outcome is not None]
    models = {str(record.fact("model")) for record in records if record.fact("model") is not None}
    commit = environment.revision
    spec = logs.EvalSpec(
        created=_time(min(record.started for record in records)),
        task=first.study,
        task_version=first.version,
        dataset=logs.EvalDataset(
            name=first.study, samples=len(records), sample_ids=[record.key for record in records], shuffled=False
        ),
        model=models.pop() if len(models) == 1 else NO_MODEL,
        config=logs.EvalConfig(),
        packages=dict(environment.packages),
        revision=logs.EvalRevision(type="git", origin="", commit=commit.rstrip("+"), dirty=commit.endswith("+"))
        if commit
        else None,
        metadata={"machine": dict(environment.machine)},
    )
    measures = dict.fromkeys(name for record in finished for name in record.scores)
    results = logs.EvalResults(
        total_samples=len(records),
        completed_samples=len(finished),
        scores=[_mean(measure, finished) for measure in measures],
    )
    log: EvalLog = logs.EvalLog(
        status="success", eval=spec, results=results, samples=[_sample(record) for record in records]
    )
    return log


def _mean(measure: str, records: Sequence[Record]) -> Any:
    logs = require("inspect_ai.log", "inspect")
    values = [record.scores[measure] for record in records if measure in record.scores]
    mean = logs.EvalMetric(name="mean", value=fmean(values))
    return logs.EvalScore(name=measure, scorer=measure, scored_samples=len(values), metrics={"mean": mean})


def _sample(record: Record) -> EvalSample:
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    artifacts = record.outcome.artifacts if record.outcome is not None else {}
    answer = str(artifacts.get("answer", artifacts.get("text", "")))
    failure = record.failure
    return EvalSample(
        id=record.key,
        epoch=1,
        input=", ".join(f"{name}: {value}" for name, value in record.facts.items()),
        target="",
        output=ModelOutput.from_content(str(record.fact("model", NO_MODEL)), answer),
        scores={name: Score(value=value, answer=answer or None) for name, value in record.scores.items()},
        metadata={
            "facts": dict(record.facts),
            "spent": dict(record.spent),
            "curve": [dict(point) for point in record.outcome.curve] if record.outcome is not None else [],
            "artifacts": dict(artifacts),
            "cpu_seconds": record.cpu_seconds,
            "quiet": record.quiet,
        },
        error=None
        if failure is None
        else EvalError(message=failure.message, traceback=failure.traceback, traceback_ansi=failure.traceback),
        started_at=_time(record.started),
        total_time=record.seconds,
    )


def _time(written: str) -> Any:
    """A time of day as Inspect takes it; it has to have one."""
    return written or "1970-01-01T00:00:00+00:00"
