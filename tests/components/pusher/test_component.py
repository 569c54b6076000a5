"""The Pusher's executor on artifacts: what the manifest holds, and what is kept back, with why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.pusher.versions import file_hashes, manifests, served, withdraw

FACTS = {"data_fingerprint": "d1", "schema_hash": "s1"}


@pytest.fixture(scope="module")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel with two signatures."""
    import tensorflow as tf

    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def double(self, x: Any) -> Any:
            return {"y": x * 2}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def length(self, examples: Any) -> Any:
            return {"n": tf.strings.length(examples)}

    folder = tmp_path_factory.mktemp("model")
    model = Double()
    signatures = {"serving_default": model.double, "serving_examples": model.length}
    tf.saved_model.save(model, str(folder / "Format-Serving"), signatures)
    return folder


@pytest.fixture
def push(tmp_path: Path, real_model: Path) -> Callable[..., Any]:
    """Runs the executor; returns the PushedModel artifact."""
    from tfx.dsl.components.base import base_executor
    from tfx.types import standard_artifacts

    from components.pusher.component import PushExecutor

    verdict = {"metrics": {"": {"auc": 0.9, "f1": None}, "hour=1": {"auc": 0.1}}}
    evaluation = standard_artifacts.ModelEvaluation()
    evaluation.uri = str(tmp_path / "evaluation")
    Path(evaluation.uri).mkdir()
    (Path(evaluation.uri) / "verdict.json").write_text(json.dumps(verdict))

    def run(blessed: int, **more: Any) -> Any:
        model, blessing = standard_artifacts.Model(), standard_artifacts.ModelBlessing()
        model.uri, model.id = str(real_model), 12
        blessing.set_int_custom_property("blessed", blessed)
        pushed = standard_artifacts.PushedModel()
        context = base_executor.BaseExecutor.Context(
            tmp_dir=str(tmp_path), unique_id="1", pipeline_run_id="run-7"
        )
        PushExecutor(context).Do(
            {
                "model": [model],
                "model_blessing": [blessing],
                "evaluation": [evaluation],
                **{name: [artifact] for name, artifact in more.items()},
            },
            {"pushed_model": [pushed]},
            {"directory": str(tmp_path / "served"), "facts": json.dumps(FACTS)},
        )
        return pushed

    return run


def test_the_manifest_says_what_and_where_from(
    push: Callable[..., Any], tmp_path: Path, real_model: Path
) -> None:
    pushed = push(blessed=1)
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(tmp_path / "served/1")
    assert pushed.get_string_custom_property("pushed_version") == "1"
    manifest = manifests(tmp_path / "served")[1]
    assert manifest["run"] == "run-7" and manifest["model_id"] == 12
    assert manifest["model"] == str(real_model)
    assert {key: manifest[key] for key in FACTS} == FACTS
    assert manifest["metrics"] == {"auc": 0.9, "f1": None}
    assert manifest["signatures"] == {
        "serving_default": {"inputs": {"x": "float32 [?, 2]"}, "outputs": {"y": "float32 [?, 2]"}},
        "serving_examples": {"inputs": {"examples": "string [?]"}, "outputs": {"n": "int32 [?]"}},
    }
    assert manifest["files"] == file_hashes(real_model / "Format-Serving")
    assert manifest["pushed_at"] and manifest["version"] == 1


def test_what_is_pushed_can_be_loaded(push: Callable[..., Any], tmp_path: Path) -> None:
    import tensorflow as tf

    push(blessed=1)
    loaded = tf.saved_model.load(str(tmp_path / "served/1"))
    answer = loaded.signatures["serving_default"](x=tf.constant([[1.0, 2.0]]))
    assert answer["y"].numpy().tolist() == [[2.0, 4.0]]


def test_not_blessed_is_not_pushed(push: Callable[..., Any], tmp_path: Path) -> None:
    pushed = push(blessed=0)
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("not_pushed") == "not blessed"
    assert served(tmp_path / "served") == []


def test_withdrawn_is_not_pushed_again(push: Callable[..., Any], tmp_path: Path) -> None:
    push(blessed=1)
    withdraw(tmp_path / "served", 1, "rolled back: too slow")
    pushed = push(blessed=1)
    assert pushed.get_int_custom_property("pushed") == 0
    why = "withdrawn: this model was version 1: rolled back: too slow"
    assert pushed.get_string_custom_property("not_pushed") == why
    assert served(tmp_path / "served") == []


def _lite(folder: Path, passed: dict[str, bool]) -> Any:
    """An exporter's artifact: a file per format, and which of them passed."""
    from tfx.types import standard_artifacts

    folder.mkdir(parents=True)
    models = [{"format": "SavedModel", "file": "", "passed": True}]
    for format, good in passed.items():
        (folder / f"model_{format}.tflite").write_bytes(format.encode())
        models.append({"format": format, "file": f"model_{format}.tflite", "passed": good})
    (folder / "lite.json").write_text(json.dumps({"models": models}))
    artifact = standard_artifacts.ModelRun()
    artifact.uri = str(folder)
    return artifact


def test_only_the_smaller_files_that_passed_are_pushed(
    push: Callable[..., Any], tmp_path: Path
) -> None:
    import tensorflow as tf

    push(blessed=1, lite=_lite(tmp_path / "lite", {"float16": True, "int8": False}))
    version = tmp_path / "served" / "1"
    beside = version / "assets.extra" / "lite"
    assert {file.name for file in beside.iterdir()} == {"lite.json", "model_float16.tflite"}
    manifest = manifests(tmp_path / "served")[1]
    assert manifest["lite"] == {"float16": "assets.extra/lite/model_float16.tflite"}
    assert manifest["files"] == file_hashes(version)
    assert "serving_default" in tf.saved_model.load(str(version)).signatures


@pytest.mark.parametrize("passed", [{}, {"int8": False}])
def test_without_a_good_file_the_model_is_pushed_alone(
    push: Callable[..., Any], tmp_path: Path, passed: dict[str, bool]
) -> None:
    push(blessed=1, lite=_lite(tmp_path / "lite", passed))
    assert not (tmp_path / "served" / "1" / "assets.extra").exists()
    assert "lite" not in manifests(tmp_path / "served")[1]


def test_a_smaller_file_more_is_another_version_of_the_same_model(
    push: Callable[..., Any], tmp_path: Path
) -> None:
    push(blessed=1)
    push(blessed=1, lite=_lite(tmp_path / "a", {"int8": True}))
    push(blessed=1, lite=_lite(tmp_path / "b", {"int8": True}))  # nothing new in it
    assert served(tmp_path / "served") == [1, 2]
    withdraw(tmp_path / "served", 2, "bad")
    withdraw(tmp_path / "served", 1, "bad")
    pushed = push(blessed=1, lite=_lite(tmp_path / "c", {"float16": True}))
    assert pushed.get_string_custom_property("not_pushed").startswith("withdrawn")
