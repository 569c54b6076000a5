"""The gate on real SavedModels: it passes a good student, and withholds the blessing with a reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.distill_gate.config import DistillGateSection
from data.tasks import Task

ROWS = 300


def _rows() -> list[bytes]:
    import tensorflow as tf

    rows = []
    for x in np.random.default_rng(0).normal(size=ROWS):
        example = tf.train.Example()
        example.features.feature["x"].float_list.value.append(x)
        example.features.feature["y"].bytes_list.value.append(b"yes" if x > 0 else b"no")
        rows.append(example.SerializeToString())
    return rows


def _model(place: Path, width: int, bound: float) -> Path:
    """Says yes above the bound, after a product with a matrix of width x width."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = tf.Variable(tf.eye(width))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
        def ask(self, examples: Any) -> dict[str, Any]:
            x = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([], tf.float32)})["x"]
            wide = tf.repeat(x[:, tf.newaxis], width, axis=1)
            for _ in range(8 if width > 100 else 1):
                wide = wide @ self.matrix
            return {"class": tf.where(wide[:, :1] > bound, "yes", "no")}

    model = Model()
    tf.saved_model.save(model, str(place), signatures={"serving_examples": model.ask})
    return place


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("teacher")
    _model(folder / "1", 700, 0.0)
    return folder


def _gate(
    folder: Path, student: Path, teacher: Path, blessed: int = 1, **section: float
) -> tuple[Any, list[dict[str, Any]]]:
    import tensorflow as tf
    from tfx.types import standard_artifacts

    from components.distill_gate import judging
    from components.distill_gate.component import GateExecutor

    split = folder / "examples" / "Split-test"
    split.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(split / "a.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
        for row in _rows():
            writer.write(row)
    model, examples = standard_artifacts.Model(), standard_artifacts.Examples()
    model.uri, examples.uri, model.id = str(student.parent), str(split.parent), 7
    judged, blessing = standard_artifacts.ModelBlessing(), standard_artifacts.ModelBlessing()
    judged.set_int_custom_property("blessed", blessed)
    blessing.uri = str(folder / "blessing")
    GateExecutor().Do(
        {"model": [model], "examples": [examples], "model_blessing": [judged]},
        {"blessing": [blessing]},
        {
            "section": DistillGateSection(**section).model_dump_json(),
            "teacher": str(teacher),
            "task": Task.BINARY.value,
            "label": "y",
            "classes": json.dumps(["no", "yes"]),
        },
    )
    assert blessing.get_int_custom_property("current_model_id") == 7
    return blessing, judging.read(Path(blessing.uri)).get("gates", [])


def test_a_good_student_is_blessed_with_three_reasons(tmp_path: Path, teacher: Path) -> None:
    student = _model(tmp_path / "Format-Serving", 4, 0.01)
    blessing, lines = _gate(tmp_path, student, teacher)
    assert blessing.get_int_custom_property("blessed") == 1
    assert (Path(blessing.uri) / "BLESSED").exists()
    quality, size, speed = lines
    assert quality["baseline"] == 1.0 and 0.98 <= quality["value"] <= 1.0
    assert (size["value"], size["baseline"]) == (16, 700 * 700)
    assert 0 < 3 * speed["value"] <= speed["baseline"]
    assert all(line["passed"] for line in lines)


@pytest.mark.parametrize(
    ("width", "bound", "section", "reason"),
    [
        (4, 0.5, {}, "accuracy of the student >= teacher - 0.02"),
        (700, 0.0, {"times_faster": 0}, "parameters <= teacher x 0.25"),
        (4, 0.0, {"times_faster": 1e6}, "milliseconds per row <= teacher / 1e+06"),
    ],
)
def test_each_condition_withholds_the_blessing(
    tmp_path: Path, teacher: Path, width: int, bound: float, section: dict[str, float], reason: str
) -> None:
    student = _model(tmp_path / "Format-Serving", width, bound)
    blessing, lines = _gate(tmp_path, student, teacher, **section)
    assert blessing.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert sum(not line["passed"] for line in lines) == 1
    assert blessing.get_string_custom_property("blessing_message").startswith(reason)
    assert reason in blessing.get_string_custom_property("revoked")


def test_what_the_evaluator_refused_is_not_measured(tmp_path: Path, teacher: Path) -> None:
    blessing, lines = _gate(tmp_path, tmp_path / "Format-Serving", teacher, blessed=0)
    assert blessing.get_int_custom_property("blessed") == 0
    assert lines == []
    assert not blessing.get_string_custom_property("revoked")
