"""pipeline/reports/mlflow_*.py: what is logged; a real MLflow in an environment of its own; the model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.reports import mlflow_log, mlflow_run

READ = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
[run] = mlflow.search_runs(experiment_names=[sys.argv[2]], output_format="list")
client = mlflow.MlflowClient()
artifacts = [item.path for item in client.list_artifacts(run.info.run_id)]
curve = [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "eval/loss")]
model = mlflow.models.get_model_info(f"runs:/{run.info.run_id}/model").flavors["python_function"]
print(json.dumps([run.info.run_name, run.data.params, run.data.metrics, run.data.tags, artifacts,
                  curve, model["loader_module"]]))
"""


@pytest.fixture(scope="module")
def told(crowded: Path) -> dict[str, Any]:
    return dict(json.loads((crowded / "report.json").read_text()))


def test_names_and_values_are_what_mlflow_takes(told: dict[str, Any], hostile: str) -> None:
    found = mlflow_log.metrics(told)
    assert found["test/accuracy"] == 0.8 and found["seconds"] == 12.0
    assert sum(name.startswith("test/f1/") for name in found) == 100
    assert not any(sign in name for name in found for sign in "<>\"'()=")
    assert mlflow_log.parameters(told)["data.label"] == hostile
    assert mlflow_log.curves(told)["eval/loss"][2] == [3, pytest.approx(1.1 / 3)]
    assert mlflow_log.tags(told)["verdict"] == "Blessed and pushed as version 1"


def test_a_run_that_came_nowhere_can_be_logged(make_run: Any) -> None:
    from pipeline.reports import facts, model

    folder = make_run(summary={"status": "failed", "outputs": {}, "metrics": {}, "pushed": None})
    built = model.build(facts.gather(folder.parents[1], folder.name))
    assert mlflow_log.metrics(built) == {"seconds": 12.0}
    assert mlflow_log.curves(built) == {}


def test_without_mlflow_it_says_how_to_get_it(crowded: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv(mlflow_run.PYTHON, "/nowhere/python")
    with pytest.raises(ValueError, match="make mlflow"):
        mlflow_run.log(crowded, "sqlite:///x.db")


def test_the_model_answers_plain_columns(shop_after_a_run: Any) -> None:
    from pipeline.reports import mlflow_model

    model = mlflow_model._load_pyfunc(str(shop_after_a_run.serving / "1"))
    columns = {"age": [30.0, float("nan")], "visits": [3, 4], "city": ["Bern", "Rome"]}
    answer = model.predict(columns)
    assert answer["scores"].shape == (2, 2)
    assert np.allclose(answer["scores"].sum(axis=1), 1, atol=1e-6)
    assert set(answer["class"]) <= {b"no", b"yes"}
    with pytest.raises(ValueError, match=r"no column city\. The model takes: .*age"):
        model.predict({"age": [1.0], "visits": [1]})


@pytest.mark.slow
def test_a_real_store(shop_after_a_run: Any, root: Path, tmp_path: Path, monkeypatch: Any) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, tmp_path / "venv"], check=True)
    sync = [uv, "pip", "sync", "-q", "--require-hashes", "--python", str(python)]
    done = subprocess.run(
        [*sync, str(root / "install" / "mlflow.txt")], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"MLflow could not be installed: {done.stderr[-500:]}")
    monkeypatch.setenv(mlflow_run.PYTHON, str(python))
    monkeypatch.chdir(tmp_path)  # MLflow keeps artifacts of a local store where it is started
    store = f"sqlite:///{tmp_path}/mlflow.db"
    run = shop_after_a_run.last()
    assert mlflow_run.log(run.path, store) == 0
    assert mlflow_run.log(run.path, store) == 0  # once only
    read = [str(python), "-c", READ, store, "shop"]
    done = subprocess.run(read, capture_output=True, text=True, env={**os.environ}, check=True)
    name, parameters, metrics, tags, artifacts, curve, loader = json.loads(
        done.stdout.splitlines()[-1]
    )
    assert name == tags[mlflow_log.RUN_TAG] == run.id
    assert parameters["train.epochs"] == "2" and parameters["data.label"] == "bought"
    assert metrics["test/auc"] == run.summary["metrics"]["test"]["auc"]
    assert [step for step, _ in curve] == [1, 2]
    assert {"report.html", "report.json", "summary.json"} <= set(artifacts)
    assert loader == "mlflow_model"
