"""A served model teaches another: by its answers to raw columns, asked once, checked before."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.techniques.teacher import Teacher, TeacherError
from data.tasks import Task

COLUMNS: dict[str, type] = {"x": float, "kind": str, "y": str}
FEATURES = {"x": "zscore", "kind": "vocabulary"}
CLASSES = ["low", "middle", "high"]
SETTINGS = {"steps": 150, "batch_size": 40, "learning_rate": 0.02, "dropout": 0.0}


def _rows(shift: int) -> list[dict[str, Any]]:
    """Three classes by x; shifted, every label is wrong. A missing x is low."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(300):
        x: float | None = float(rng.normal())
        number = int(np.digitize(x, [-0.5, 0.5]))
        if rng.random() < 0.05:
            x, number = None, 0
        label = CLASSES[(number + shift) % 3]
        rows.append({"x": x, "kind": str(rng.choice(["a", "b"])), "y": label})
    return rows


@pytest.fixture(scope="module")
def teacher(train: Callable[..., Any]) -> Any:
    return train(COLUMNS, _rows(0), "y", "multiclass", CLASSES, FEATURES, SETTINGS)


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    x = [np.nan if row["x"] is None else row["x"] for row in rows]
    return {"x": np.array(x), "kind": np.array([row["kind"] for row in rows]), "other": [0]}


def test_its_outputs_are_its_logits_but_for_a_constant(teacher: Any) -> None:
    rows = _rows(0)[:50]
    asked = Teacher(Path(teacher.saved_model), Task.MULTICLASS, CLASSES)
    found = asked.outputs(_columns(rows))
    graph, model = teacher.kept["graph"], teacher.kept["model"]
    import tensorflow as tf

    raw = tf.io.parse_example(teacher.examples(rows, label=True), graph.raw_feature_spec())
    features = graph.transform_features_layer()(raw)
    logits = model({"x": features["x"], "kind": features["kind"]}, training=False).numpy()
    np.testing.assert_allclose(
        found - found.mean(axis=1, keepdims=True),
        logits - logits.mean(axis=1, keepdims=True),
        rtol=1e-4,
        atol=1e-3,
    )
    assert asked.parameters == model.count_params()


def test_who_cannot_teach_is_told_apart(teacher: Any, tmp_path: Path) -> None:
    saved = Path(teacher.saved_model)
    with pytest.raises(TeacherError, match="no SavedModel and no version"):
        Teacher(tmp_path, Task.MULTICLASS, CLASSES)
    with pytest.raises(TeacherError, match="no model of task regression"):
        Teacher(saved, Task.REGRESSION, [])
    with pytest.raises(TeacherError, match="another order of them: it says '.*' where"):
        Teacher(saved, Task.MULTICLASS, CLASSES[::-1]).outputs(_columns(_rows(0)[:20]))
    with pytest.raises(TeacherError, match="knows 3 classes. Expected: a, b"):
        Teacher(saved, Task.MULTICLASS, ["a", "b"]).outputs(_columns(_rows(0)[:20]))
    with pytest.raises(TeacherError, match="columns that are not there: kind. There are: x"):
        Teacher(saved, Task.MULTICLASS, CLASSES).outputs({"x": np.zeros(2)})


def test_whole_numbers_that_came_as_text_are_numbers_again() -> None:
    from components.trainer.techniques.teacher import _as

    found = _as("float64", np.array(["1754000001", "nan"])).numpy()
    assert found[0] == 1754000001 and np.isnan(found[1])


def _right(trained: Any, rows: list[dict[str, Any]]) -> float:
    import tensorflow as tf

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    columns = _columns(rows)
    answers = signature(x=tf.constant(columns["x"], tf.float32), kind=tf.constant(columns["kind"]))
    names = [name.decode() for name in answers["class"].numpy()]
    return float(np.mean([name == row["y"] for name, row in zip(names, rows, strict=True)]))


def test_a_student_follows_its_teacher_against_the_labels(
    train: Callable[..., Any], teacher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every label of the student is wrong: what it gets right it has from the teacher."""
    truth, wrong = _rows(0), _rows(1)

    def student(alpha: float) -> Any:
        told = {
            "distill": json.dumps({"teacher": "t", "alpha": alpha}),
            "teacher": teacher.saved_model,
            "cache": str(tmp_path),
        }
        inputs = (COLUMNS, wrong, "y", "multiclass", CLASSES, FEATURES, SETTINGS)
        return train(*inputs, beside=["x", "kind"], told=told)

    assert _right(teacher, truth) > 0.9
    taught = student(alpha=1.0)
    assert _right(taught, truth) > 0.85
    assert taught.history["teacher"]["model"] == teacher.saved_model
    assert set(taught.kept["model"].input) == {"x", "kind"}  # what lies beside is no input
    # The answers are known now: the teacher is not asked again.
    monkeypatch.setattr(Teacher, "outputs", None)
    assert _right(student(alpha=0.0), truth) < 0.1
