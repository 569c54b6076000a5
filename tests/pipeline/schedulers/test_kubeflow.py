"""pipeline/schedulers/kubeflow.py: the compiled job is the graph, and Kubeflow's own loader takes it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.compile import main
from pipeline.nodes import NODES

LOADER = """
import json, sys
from kfp import components
with open(sys.argv[1]) as file:
    job = json.load(file)
spec = components.load_component_from_text(json.dumps(job["pipelineSpec"])).pipeline_spec
tasks = spec.root.dag.tasks
print(json.dumps({name: sorted(task.dependent_tasks) for name, task in tasks.items()}))
"""
IMAGE = "registry.example/pipeline:1"
BASELINE = ["Baseline-model-blessing-resolver", "Baseline-model-resolver"]
"""Kubeflow asks for the latest blessed model in two steps."""


THERE = [node for node in NODES if node.switch in ("", "infra_validate.enabled")]
"""The nodes of a pipeline that asks for nothing special."""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, new_shop) -> Path:
    made = new_shop(tmp_path_factory.mktemp("compiled"))
    file = made.folder / "shop.json"
    flags = ["--config", str(made.config), "--root", str(made.folder / "output")]
    flags += ["--pipeline-root", "gs://bucket/shop", "--image", IMAGE, "--output", str(file)]
    flags += ["--set", 'engine.nodes.Evaluator.args=["--direct_num_workers=7"]']
    assert main(["--to", "kubeflow", *flags, "--engine", "local"]) == 0
    return file


@pytest.fixture
def job(compiled: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compiled.read_text())
    return found


def test_every_node_is_a_task_with_its_edges(job: dict[str, Any]) -> None:
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    for node in THERE:
        if node.id == "Baseline":
            assert set(BASELINE) <= set(tasks)
            continue
        before = set(tasks[node.id].get("dependentTasks", []))
        wanted = {*node.inputs, *node.after} & {other.id for other in THERE}
        assert {name.removesuffix("-model-resolver") for name in before} == wanted, node.id


def test_with_a_search_there_is_a_tuner_between_transform_and_trainer(new_shop, tmp_path) -> None:
    made, file = new_shop(tmp_path), tmp_path / "tuned.json"
    flags = ["--config", str(made.config), "--root", str(made.folder / "output")]
    flags += ["--pipeline-root", "gs://bucket/shop", "--image", IMAGE, "--output", str(file)]
    assert main(["--to", "kubeflow", *flags, "--set", "tuner.trials=3"]) == 0
    spec = json.loads(file.read_text())["pipelineSpec"]
    tasks = spec["root"]["dag"]["tasks"]
    assert set(tasks["Tuner"]["dependentTasks"]) == {"Transform", "SchemaGen"}
    assert "Tuner" in tasks["Trainer"]["dependentTasks"]
    found = tasks["Trainer"]["inputs"]["artifacts"]["hyperparameters"]["taskOutputArtifact"]
    assert found == {"producerTask": "Tuner", "outputArtifactKey": "best_hyperparameters"}
    container = spec["deploymentSpec"]["executors"]["Tuner_executor"]["container"]
    assert "components.tuner.component.TunerExecutor" in container["args"]


def test_values_on_this_machine_are_not_sent_to_a_cluster(new_shop, tmp_path, capsys) -> None:
    made = new_shop(tmp_path)
    (tmp_path / "best.txt").write_text('{"values": {"train.dropout": 0.2}}')
    flags = ["--config", str(made.config), "--root", str(made.folder / "output")]
    flags += ["--pipeline-root", "gs://bucket/shop", "--image", IMAGE]
    assert main(["--to", "kubeflow", *flags, "--set", "tuner.reuse=best.txt"]) == 2
    assert "lie on this machine" in capsys.readouterr().err


def test_every_step_runs_our_code_in_the_image(job: dict[str, Any]) -> None:
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    containers = {n: each["container"] for n, each in executors.items() if "container" in each}
    assert {each["image"] for each in containers.values()} == {IMAGE}
    arguments = containers["ExampleGen_executor"]["args"]
    assert "components.example_gen.executor.Executor" in arguments
    assert "--runner=FnApiRunner" in arguments
    assert "--direct_num_workers=7" in containers["Evaluator_executor"]["args"]
    assert "--direct_num_workers=7" not in arguments
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/shop"


@pytest.mark.slow
def test_kubeflow_itself_loads_it(compiled: Path, environment) -> None:
    done = subprocess.run(
        [str(environment("kubeflow-loader")), "-c", LOADER, str(compiled)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    nodes = {node.id for node in THERE} - {"Baseline"} | set(BASELINE)
    assert set(loaded) == nodes
    assert loaded["Pusher"] == ["Evaluator", "InfraValidator", "Trainer"]


def test_what_is_missing_is_said(shop, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--to", "kubeflow", "--config", str(shop.config)]
    assert main(flags) == 2
    assert "needs --pipeline-root, --image" in capsys.readouterr().err
    flags += ["--pipeline-root", "gs://bucket/shop", "--image", IMAGE]
    flags += ["--root", str(shop.folder / "output")]
    assert main([*flags, "--engine", "flink"]) == 2
    assert "cannot use the engine 'flink'. Valid: local, processes, dataflow" in (
        capsys.readouterr().err
    )


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.schedulers import kubeflow

    monkeypatch.setitem(sys.modules, "kfp", None)
    with pytest.raises(kubeflow.MissingExtraError, match="kfp-pipeline-spec"):
        kubeflow.compile_job(None, IMAGE, "shop")
