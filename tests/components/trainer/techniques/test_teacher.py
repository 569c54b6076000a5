"""A served model teaches another: by its answers to raw columns, asked once, checked before."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.techniques.teacher import Teacher, TeacherError
from data.tasks import Task

COLUMNS: dict[str, type] = {"x": float, "The kind": str, "y": str}
FEATURES = {"x": "zscore", "The kind": "vocabulary"}
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
        rows.append({"x": x, "The kind": str(rng.choice(["a", "b"])), "y": label})
    return rows


@pytest.fixture(scope="module")
def teacher(train: Callable[..., Any]) -> Any:
    return train(COLUMNS, _rows(0), "y", "multiclass", CLASSES, FEATURES, SETTINGS)


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    x = [np.nan if row["x"] is None else row["x"] for row in rows]
    return {"x": np.array(x), "The kind": np.array([row["The kind"] for row in rows]), "other": [0]}


def test_its_outputs_are_its_logits_but_for_a_constant(teacher: Any) -> None:
    rows = _rows(0)[:50]
    asked = Teacher(Path(teacher.saved_model), Task.MULTICLASS, CLASSES)
    found = asked.outputs(_columns(rows))
    graph, model = teacher.kept["graph"], teacher.kept["model"]
    import tensorflow as tf

    raw = tf.io.parse_example(teacher.examples(rows, label=True), graph.raw_feature_spec())
    features = graph.transform_features_layer()(raw)
    logits = model({"x": features["x"], "The kind": features["The kind"]}, training=False).numpy()
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
    with pytest.raises(TeacherError, match="columns that are not there: The kind. There are: x"):
        Teacher(saved, Task.MULTICLASS, CLASSES).outputs({"x": np.zeros(2)})


def test_whole_numbers_that_came_as_text_are_numbers_again() -> None:
    from components.trainer.techniques.teacher import _as

    found = _as("float64", np.array(["1754000001", "nan"])).numpy()
    assert found[0] == 1754000001 and np.isnan(found[1])


def _right(trained: Any, rows: list[dict[str, Any]]) -> float:
    import tensorflow as tf

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    columns = _columns(rows)
    answers = signature(
        **{"x": tf.constant(columns["x"], tf.float32), "The kind": tf.constant(columns["The kind"])}
    )
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
        return train(*inputs, beside=["x", "The kind"], told=told)

    assert _right(teacher, truth) > 0.9
    taught = student(alpha=1.0)
    assert _right(taught, truth) > 0.85
    assert taught.history["teacher"]["model"] == teacher.saved_model
    assert set(taught.kept["model"].input) == {"x", "The kind"}  # what lies beside is no input
    # The answers are known now: the teacher is not asked again.
    monkeypatch.setattr(Teacher, "outputs", None)
    assert _right(student(alpha=0.0), truth) < 0.1


def test_rows_without_a_label_learn_from_the_teacher_alone(
    train: Callable[..., Any], teacher: Any, tmp_path: Path
) -> None:
    """The labels are few and wrong, and teach at full weight; the other rows have none."""
    truth = _rows(0)
    told = {
        "distill": json.dumps({"teacher": "t", "alpha": 0.0}),
        "teacher": teacher.saved_model,
        "cache": str(tmp_path),
    }
    others = [{**row, "y": None} for row in truth[30:]]
    inputs = (COLUMNS, _rows(1)[:30], "y", "multiclass", CLASSES, FEATURES, SETTINGS)
    taught = train(*inputs, beside=["x", "The kind"], told=told, unlabelled=others)
    assert taught.history["rows"] == 30 and taught.history["unlabelled"] == {"rows": 270}
    assert _right(taught, truth) > 0.7  # of the labels alone it would learn nothing that is right


def test_a_set_that_is_unknown_is_not_empty(train: Callable[..., Any], tmp_path: Path) -> None:
    import tensorflow_transform as tft

    from components.trainer.examples import ExampleFiles
    from components.trainer.techniques.annotate import annotate

    columns: dict[str, type] = {"x": float, "y": str}
    rows = [{"x": n / 10, "y": ["p"] if n < 10 else []} for n in range(20)]
    others = [{"x": 0.5, "y": None}] * 3
    names, words = ["p", "q"], {"x": "zscore"}
    inputs = (columns, rows, "y", "multilabel", names, words, {"epochs": 1, "hidden": []})
    trained = train(*inputs, beside=["x"], unlabelled=others)
    graph = trained.kept["graph"]
    folder = Path(graph.transform_savedmodel_dir).parents[1]
    asked = Teacher(Path(trained.saved_model), Task.MULTILABEL, names)
    files = [str(folder / "train*.gz"), str(folder / "Split-unlabelled" / "*.gz")]
    written = annotate(files, tft.TFTransformOutput(str(folder / "graph")), asked, tmp_path, "y")
    labels = ExampleFiles(written, graph, "y", taught=2).labels  # (23, 2 labels and 2 answers)
    assert np.isnan(labels[:, :2]).all(axis=1).sum() == 3
    assert (labels[:, :2] == 0).all(axis=1).sum() == 10
    assert np.isfinite(labels[:, 2:]).all()
