"""Logs one finished run to an MLflow store: parameters, metrics, curves, report, model.

    python mlflow_log.py RUN_FOLDER TRACKING_URI [MODEL_FOLDER]

Run by a Python that has MLflow, which need not be ours (`make mlflow` makes one): it reads the run's
report.json and imports nothing of this project.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

RUN_TAG = "pipeline_run_id"
_FILES = ("report.html", "report.json", "report.md", "tfma.html", "summary.json", "config.json")
_LONGEST = 6000
"""MLflow's limit for the value of a parameter."""


def main(argv: list[str]) -> int:
    """Prints where the run went; 0, also where it was logged before."""
    import mlflow

    folder, address = Path(argv[0]), argv[1]
    model = Path(argv[2]) if len(argv) > 2 else None
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    mlflow.set_tracking_uri(address)
    experiment = mlflow.set_experiment(report["pipeline"])
    known = mlflow.search_runs(
        [experiment.experiment_id],
        filter_string=f"tags.{RUN_TAG} = '{report['run_id']}'",
        output_format="list",
    )
    if known:
        print(f"run {report['run_id']} is in MLflow already: {known[0].info.run_id}")
        return 0
    with mlflow.start_run(run_name=report["run_id"], tags=tags(report)) as run:
        mlflow.log_params(parameters(report))
        mlflow.log_metrics(metrics(report))
        for name, points in curves(report).items():
            for epoch, value in points:
                mlflow.log_metric(name, value, step=int(epoch))
        for name in _FILES:
            if (folder / name).is_file():
                mlflow.log_artifact(str(folder / name))
        if model:
            _log_model(mlflow, model)
    print(f"logged to {address}: experiment {report['pipeline']}, run {run.info.run_id}")
    return 0


def parameters(report: dict[str, Any]) -> dict[str, str]:
    """Every setting, as JSON where it is no text."""
    settings = (report["card"] or {}).get("settings", {})
    return {
        _name(key): (value if isinstance(value, str) else json.dumps(value))[:_LONGEST]
        for key, value in settings.items()
    }


def metrics(report: dict[str, Any]) -> dict[str, float]:
    """`test/<metric>`, also per class; what is not defined is left out."""
    section = report["metrics"] or {}
    cells = {cell["key"]: cell["value"] for cell in section.get("overall", [])}
    for line in (section.get("per_class") or {}).get("lines", []):
        cells |= {f"{cell['key']}/{line['class']}": cell["value"] for cell in line["values"]}
    found = {_name(f"test/{key}"): value for key, value in cells.items() if value is not None}
    if report["seconds"] is not None:
        found["seconds"] = report["seconds"]
    return found


def curves(report: dict[str, Any]) -> dict[str, list[list[float]]]:
    """`train/<measure>` and `eval/<measure>` by epoch."""
    return {
        _name(f"{split}/{curve['name']}"): curve[split]
        for curve in (report["training"] or {}).get("curves", [])
        for split in ("train", "eval")
        if curve[split]
    }


def tags(report: dict[str, Any]) -> dict[str, str]:
    """What to find and to filter runs by."""
    verdict = report["verdict"] or {}
    return {
        RUN_TAG: report["run_id"],
        "status": report["status"],
        "verdict": verdict.get("headline", ""),
        "task": report["task"],
        "data": report["data"],
    }


def _name(text: str) -> str:
    """With the characters that MLflow takes."""
    return re.sub(r"[^\w\-./ :]", "_", text, flags=re.ASCII)


def _log_model(mlflow: Any, model: Path) -> None:
    """As a pyfunc model: `mlflow.pyfunc.load_model(uri).predict(frame)`, where TensorFlow is."""
    loader = Path(__file__).with_name("mlflow_model.py")
    mlflow.pyfunc.log_model(
        name="model",
        loader_module=loader.stem,
        data_path=str(model),
        code_paths=[str(loader)],
        pip_requirements=["tensorflow>=2.21,<2.22", "tensorflow-text", "pandas"],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
