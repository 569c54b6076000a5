"""The index of all runs: per pipeline its runs, the trend of every metric, and looks at requests."""

from pathlib import Path
from typing import Any

from pipeline.earlier import history
from pipeline.earlier.request_logs import PAGES
from pipeline.reports import page
from pipeline.reports.facts import read_json
from pipeline.reports.metrics import higher_is_better

_TREND = 40


def html(output: Path) -> str:
    """The page for the folder of all pipelines' outputs; links are relative to it."""
    return page.render("index.html", pipelines=build(output))


def build(output: Path) -> list[dict[str, Any]]:
    """Per pipeline: `name`, `runs` and `monitored` (newest first), `trends` of the overall metrics."""
    roots = sorted(path.parent for path in output.glob("*/runs") if path.is_dir())
    return [_pipeline(root) for root in roots if history.runs(root)]


def _pipeline(root: Path) -> dict[str, Any]:
    runs = history.runs(root)
    measured = [run for run in reversed(runs) if run.summary.get("metrics", {}).get("test")]
    measured = measured[-_TREND:]
    keys = dict.fromkeys(
        key for run in measured for key in run.summary["metrics"]["test"] if "/" not in key
    )
    return {
        "name": root.name,
        "runs": [_run(run) for run in runs],
        "keys": list(keys)[:4],
        "trends": [_trend(key, measured) for key in keys],
        "measured": len(measured),
        "monitored": [_monitored(file) for file in sorted(root.glob(f"{PAGES}/*.html"))[::-1]],
    }


def _monitored(file: Path) -> dict[str, Any]:
    made = read_json(file.with_suffix(".json"), {})
    drift, columns = made.get("drift", {}), made.get("columns", {})
    return {
        "id": file.stem,
        "drifted": [row["column"] for row in drift.get("rows", []) if row["drifted"]],
        "unfit": [row["column"] for row in columns.get("anomalies", [])],
        "what": " ".join(made.get("facts", [])),
    }


def _run(run: history.Run) -> dict[str, Any]:
    pushed = run.summary.get("pushed") or {}
    return {
        "id": run.id,
        "status": run.status,
        "seconds": run.summary.get("seconds"),
        "metrics": run.summary.get("metrics", {}).get("test", {}),
        "version": pushed.get("version"),
        "report": (run.path / "report.html").is_file(),
        "overrides": ", ".join(run.request.get("overrides", [])),
    }


def _trend(key: str, runs: list[history.Run]) -> dict[str, Any]:
    values = [run.summary["metrics"]["test"].get(key) for run in runs]
    known = [value for value in values if value is not None]
    higher = higher_is_better(key)
    return {
        "key": key,
        "values": values,
        "last": values[-1] if values else None,
        "best": None if higher is None or not known else (max(known) if higher else min(known)),
        "direction": {True: "higher is better", False: "lower is better", None: ""}[higher],
    }
