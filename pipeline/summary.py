"""summary.json: a run's result for other programs, gathered from MLMD and the node events."""

import json
import os
from pathlib import Path
from typing import Any

from components.distill_gate import judging
from components.evaluator import verdict
from components.example_validator import anomalies
from components.infra_validator import report
from components.lite_exporter import report as lite
from components.pusher.versions import manifests
from components.tuner import results
from data import tuned_values
from pipeline.earlier import history, lineage
from pipeline.plan import Step
from pipeline.prepared import Prepared

EXIT_CODES = {"ok": 0, "failed": 1, "data_anomalies": 3, "not_blessed": 4}


def summarise(
    prepared: Prepared, run_folder: Path, steps: list[Step], config_hash: str, seconds: float
) -> dict[str, Any]:
    """Everything a reader of summary.json gets; see docs/summary.md for the keys.

    Args:
      prepared: what ran.
      run_folder: the run's folder, with its events.
      steps: the plan it followed.
      config_hash: of the configuration as used.
      seconds: wall time of the whole run.
    """
    run = history.read(run_folder)
    made = lineage.outputs(prepared.root, run.id)
    found = _directory(made, "ExampleValidator", "anomalies")
    statistics = _directory(made, "StatisticsGen", "statistics")
    rows = anomalies.read(found, statistics) if found else []
    evaluation = _directory(made, "Evaluator", "evaluation")
    judged = verdict.read(evaluation) if evaluation else {}
    states = {name: record.state for name, record in run.nodes.items()}
    answered = _directory(made, "InfraValidator", "blessing")
    infra = report.read(answered) if answered else {}
    compared = _directory(made, "DistillGate", "blessing")
    distilled = judging.read(compared) if compared else {}
    smaller = _directory(made, "LiteExporter", "lite")
    kept_back = _kept_back(made)
    status = _status(run, judged, states)
    if status == "ok" and kept_back:
        status = "not_blessed"
    return {
        "run_id": run.id,
        "pipeline": prepared.config.name,
        "config_hash": config_hash,
        "status": status,
        "seconds": round(seconds, 1),
        "nodes": [_node(step, run) for step in steps],
        "metrics": {"test": judged.get("metrics", {}).get("", {})} if judged else {},
        "slices": {name: v for name, v in judged.get("metrics", {}).items() if name},
        "gates": [*judged.get("gates", []), *distilled.get("gates", [])],
        "blessed": bool(judged.get("blessed")) and not kept_back,
        "infra": infra or None,
        "lite": (lite.read(smaller) or None) if smaller else None,
        "warm_start": _began_with(made),
        "tuned": _tuned(prepared, run, made),
        "anomalies": [row.as_dict() for row in rows],
        "pushed": _pushed(made, prepared.serving_directory),
        "not_pushed": kept_back,
        "outputs": {
            node: [artifact.uri for items in keys.values() for artifact in items]
            for node, keys in made.items()
        },
    }


def write(run_folder: Path, summary: dict[str, Any]) -> None:
    """Writes summary.json, whole or not at all."""
    partial = run_folder / "summary.json.partial"
    partial.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    os.replace(partial, run_folder / "summary.json")


def _status(run: history.Run, judged: dict[str, Any], states: dict[str, str]) -> str:
    failed = next((n for n, state in states.items() if state in ("failed", "running")), "")
    if failed == "DataGate" and run.nodes[failed].event.get("error") == "DataAnomaliesError":
        return "data_anomalies"
    if failed or not states:
        return "failed"
    if judged and not judged["blessed"] and "Pusher" in states:
        return "not_blessed"
    return "ok"


def _node(step: Step, run: history.Run) -> dict[str, Any]:
    record = run.nodes.get(step.node)
    if record is None:
        return {"id": step.node, "state": "skipped", "why": step.why, "seconds": 0.0}
    state = "failed" if record.state == "running" else record.state
    return {
        "id": step.node,
        "state": state,
        "why": step.why,
        "seconds": round(record.seconds, 2),
        "cpu_seconds": round(record.cpu_seconds, 2),
    }


def _tuned(prepared: Prepared, run: history.Run, made: lineage.Outputs) -> dict[str, Any] | None:
    """The settings that the Trainer took from a search, and which one."""
    if prepared.reused:
        return {"values": prepared.reused.values, "from": prepared.reused.source, "trials": None}
    best = _directory(made, "Tuner", "best_hyperparameters")
    tried = _directory(made, "Tuner", "tuner_results")
    if best is None or tried is None:
        return None
    return {
        "values": tuned_values.read(best),
        "from": f"run {run.nodes['Tuner'].producer}" if "Tuner" in run.nodes else "",
        "trials": len(results.read(tried).get("trials", [])),
    }


def _kept_back(made: lineage.Outputs) -> str:
    """Why the Pusher pushed nothing; empty where it pushed, or did not run."""
    for artifact in made.get("Pusher", {}).get("pushed_model", []):
        if not artifact.custom_properties["pushed"].int_value:
            return str(artifact.custom_properties["not_pushed"].string_value or "not blessed")
    return ""


def _began_with(made: lineage.Outputs) -> dict[str, Any] | None:
    """What the training took over from an earlier model."""
    folder = _directory(made, "Trainer", "model_run")
    file = folder / "history.json" if folder else None
    if file is None or not file.is_file():
        return None
    found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")).get("warm_start")
    return found


def _pushed(made: lineage.Outputs, serving: Path) -> dict[str, Any] | None:
    for artifact in made.get("Pusher", {}).get("pushed_model", []):
        if artifact.custom_properties["pushed"].int_value:
            path = Path(artifact.custom_properties["pushed_destination"].string_value)
            manifest = manifests(serving).get(int(path.name), {})
            if not manifest.get("withdrawn"):
                return {"path": str(path), "version": int(path.name)}
    return None


def _directory(made: lineage.Outputs, node: str, key: str) -> Path | None:
    items = made.get(node, {}).get(key, [])
    return Path(items[-1].uri) if items else None
