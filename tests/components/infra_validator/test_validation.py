"""Candidates of an adversary against a server that runs: which of them may be pushed, and why not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from components.infra_validator.config import InfraValidateSection
from components.infra_validator.validation import validate

Models = Callable[[str], Path]


@pytest.fixture
def ask(running, examples: Path, tmp_path: Path) -> Callable[..., Any]:
    """Validates a model with the running server; the copy goes to tmp_path/copy."""

    def run(model: Path, data: Path = examples, **more: Any) -> Any:
        settings = {"url": running.url, "directory": str(running.directory), "model": "staging"}
        section = InfraValidateSection.model_validate({**settings, **more})
        return validate(model, data, section, tmp_path / "copy", "shop")

    return run


def test_a_good_model_leaves_with_a_warmup_file(ask, models: Models, tmp_path: Path) -> None:
    report = ask(models("good"), warmup_rows=5)
    assert report.blessed and report.asked and report.why == ""
    assert report.rows == 20 and report.warmup_rows == 5
    assert report.difference is not None and report.difference <= 1e-6
    file = tmp_path / "copy" / "assets.extra" / "tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(file))
    ]
    assert len(logs) == 5
    request = logs[2].predict_log.request
    assert request.model_spec.name == "shop"
    assert request.model_spec.signature_name == "serving_default"
    inputs = {name: tf.make_ndarray(value).tolist() for name, value in request.inputs.items()}
    assert inputs == {"age": [2.0], "city": [b"\xff\x00"]}
    assert (tmp_path / "copy" / "saved_model.pb").read_bytes() == (
        models("good") / "saved_model.pb"
    ).read_bytes()


def test_no_warmup_makes_no_copy(ask, models: Models, tmp_path: Path) -> None:
    assert ask(models("good"), warmup_rows=0).blessed
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("nan", "row 8 of 20, output 'score': the server answered nan"),
        ("other class", "row 8 of 20, output 'class': the server answered 'perhaps'"),
        ("fails", "assertion failed"),
    ],
)
@pytest.mark.parametrize("warmup_rows", [0, 10])
def test_a_model_that_is_wrong_about_one_row(
    ask, models: Models, tmp_path: Path, behaviour: str, words: str, warmup_rows: int
) -> None:
    report = ask(models(behaviour), warmup_rows=warmup_rows)
    assert not report.blessed and words in report.why
    assert not (tmp_path / "copy").exists()


def test_a_model_altered_on_disk(ask, models: Models, tmp_path: Path) -> None:
    """The plain columns answer with another tensor than tf.Examples do."""
    model = tmp_path / "altered"
    shutil.copytree(models("good"), model)
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    changed = 0
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def if "columns" in function.signature.name else ():
            if "value" in node.attr and list(node.attr["value"].tensor.float_val) == [10.0]:
                node.attr["value"].tensor.float_val[0] = 5.0
                changed += 1
    assert changed
    (model / "saved_model.pb").write_bytes(saved.SerializeToString())
    report = ask(model)
    assert not report.blessed
    assert report.why.startswith("row 2 of 20, output 'score': the server answered 0.549")
    assert "the model itself 0.524" in report.why


def test_a_model_without_the_signature(ask, models: Models, tmp_path: Path) -> None:
    saved = saved_model_pb2.SavedModel.FromString((models("good") / "saved_model.pb").read_bytes())
    del saved.meta_graphs[0].signature_def["serving_default"]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(saved.SerializeToString())
    assert "no signature 'serving_default'. It has: " in ask(tmp_path / "model").why


@pytest.mark.parametrize("content", [None, b"", b"rubbish"])
def test_no_model(ask, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "saved_model.pb").write_bytes(content)
    assert "no SavedModel that can be read" in ask(tmp_path).why


def test_no_rows(ask, models: Models, tmp_path: Path) -> None:
    assert ask(models("good"), tmp_path).why == "the test split has no rows to ask a server about"


def test_fewer_rows_than_asked_for(ask, models: Models) -> None:
    report = ask(models("good"), rows=1000, warmup_rows=1000)
    assert report.blessed and report.rows == report.warmup_rows == 20
