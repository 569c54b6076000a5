"""The page on what a server was asked: requests beside the rows that its model was trained on."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.pusher.versions import manifests
from data.tasks import Task
from pipeline.earlier import history, pushed_to
from pipeline.earlier.request_logs import PAGES
from pipeline.reports import columns, facts, model, page
from pipeline.reports.drift import thresholds
from pipeline.reports.write import replace

SECTIONS = (("drift", "Drift"), ("columns", "Data"))
_FEW = 100
_CLASSES = (Task.BINARY, Task.MULTICLASS)


def build(
    root: Path, logs: Sequence[Path], run_id: str | None, split: str, since: int, rows: int
) -> dict[str, Any]:
    """Keys: `pipeline`, `run_id`, `written`, `facts` (sentences), `drift` and `columns` as in a report.

    Args:
      root: `<output>/<pipeline>`.
      logs: TFRecord files of PredictionLog.
      run_id: whose statistics to compare with; None: those of the run that pushed the newest
        version that was asked, else of the last run that has any.
      split: of these statistics.
      since: Unix seconds.
      rows: in the sample, at most.

    Raises:
      ValueError: nothing was asked, or there is nothing to compare it with.
    """
    from components.example_validator import drift, request_log, served

    @cache
    def of_version(version: int) -> facts.Facts:
        return facts.gather(root, run_id or _pushed_by(root, version) or _any_run(root))

    schema = _schema(of_version(0))
    pictures = [f.name for f in schema.feature if f.HasField("image_domain")]
    found = request_log.read(logs, lambda v: of_version(v).classes, since, rows, pictures)
    if not found.sample:
        raise ValueError(f"{len(logs)} request logs hold no rows{' since then' if since else ''}")
    known = of_version(max(found.versions))
    schema = _schema(known)
    trained = known.statistics.get(split)
    if trained is None:
        there = ", ".join(known.statistics) or "none: StatisticsGen's output is gone"
        raise ValueError(f"run {known.run.id} has no statistics of '{split}'. It has: {there}")
    asked = served.statistics(found.sample, schema)
    settings = thresholds(known.config)
    distances = drift.compare(trained, asked, settings)
    answered = (
        served.answers(trained, known.label, found.scores, settings)
        if known.task in _CLASSES
        else None
    )
    distances = sorted(
        [*([answered] if answered else []), *distances],
        key=lambda one: -one.distance / one.threshold,
    )
    both = {split: trained, served.SPLIT: asked}
    names = {drift.name(feature) for feature in asked.features} | {known.label}
    told = [columns.column(name, both, known.label) for name in sorted(names)]
    made = {
        "pipeline": root.name,
        "run_id": known.run.id,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "facts": _told(found, known, split, pictures),
        "drift": {
            "against": known.run.id,
            "whose": "whose model was asked" if run_id is None else "named by --run",
            "split": split,
            "rows": [row.as_dict() for row in distances],
            "drifted": sum(row.drifted for row in distances),
            "why_not": "",
        },
        "columns": {
            "splits": [
                {"split": name, "rows": int(one.num_examples)} for name, one in both.items()
            ],
            "columns": [one for one in told if one["splits"]],
            "anomalies": [row.as_dict() for row in served.unfit(asked, schema)],
        },
    }
    return dict(model.finite(made))


def write(root: Path, made: dict[str, Any]) -> Path:
    """Writes `monitor/<time>.html` and `.json` under `root`; returns the page."""
    folder = root / PAGES
    folder.mkdir(parents=True, exist_ok=True)
    stem = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    replace(folder / f"{stem}.json", json.dumps(made, indent=1, allow_nan=False, default=str))
    file = folder / f"{stem}.html"
    replace(file, page.render("monitor.html", r=made, sections=SECTIONS))
    return file


def _any_run(root: Path) -> str:
    runs = history.runs(root)
    having = (run.id for run in runs if facts.artifact(run, "StatisticsGen", "statistics"))
    return next(having, runs[0].id)


def _pushed_by(root: Path, version: int) -> str:
    """The run that pushed a version; empty where it is not known or its folder is gone."""
    for folder in pushed_to.folders(root):
        run_id = str(manifests(folder).get(version, {}).get("run", ""))
        if run_id and (root / "runs" / run_id).is_dir():
            return run_id
    return ""


def _schema(known: facts.Facts) -> schema_pb2.Schema:
    folder = known.artifact("SchemaGen", "schema")
    if folder is None:
        raise ValueError(f"run {known.run.id} has no schema any more; name another one by --run")
    text = (folder / "schema.pbtxt").read_text(encoding="utf-8")
    return text_format.Parse(text, schema_pb2.Schema())


def _told(found: Any, known: facts.Facts, split: str, pictures: Sequence[str]) -> list[str]:
    """What was looked at, in sentences."""
    versions = ", ".join(
        f"version {version} ({count:,} rows)" for version, count in sorted(found.versions.items())
    )
    times = [
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
        for seconds in (found.first, found.last)
        if seconds
    ]
    told = [
        f"{found.requests:,} requests with {found.rows:,} rows"
        + (f", {' to '.join(dict.fromkeys(times))} UTC" if times else "")
        + f": {versions}; against the {split} rows of run {known.run.id}."
    ]
    if len(found.sample) < found.rows:
        told.append(f"A random sample of {len(found.sample):,} rows was looked at.")
    if found.rows < _FEW:
        told.append(f"With fewer than {_FEW} rows chance alone passes thresholds.")
    if found.other:
        told.append(f"{found.other:,} records are no rows for a model and were passed over.")
    if pictures:
        told.append(f"Pictures are not compared: {', '.join(pictures)}.")
    if found.cut_off:
        names = ", ".join(file.name for file in found.cut_off)
        told.append(f"The last record is not whole and was left out in: {names}.")
    return told
