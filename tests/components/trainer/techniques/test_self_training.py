"""Pseudo-labels on a real learner: who labels, what is taken, and that the best round stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"x": float, "y": str}
FEATURES = {"x": "raw"}
CLASSES = ["low", "middle", "high"]
SETTINGS = {"steps": 120, "batch_size": 20, "learning_rate": 0.03, "hidden": [16], "patience": 9}
LABELLED = 24


def _rows(count: int, seed: int, shift: int = 0, label: bool = True) -> list[dict[str, Any]]:
    """Three classes by x; shifted, every label is wrong."""
    rng = np.random.default_rng(seed)
    rows = []
    for x in rng.normal(size=count):
        number = int(np.digitize(x, [-0.5, 0.5]))
        rows.append({"x": float(x), "y": CLASSES[(number + shift) % 3] if label else None})
    return rows


class Case:
    """The splits on disk as Transform leaves them, and one learner on them."""

    def __init__(self, transform: Callable[..., Path], folder: Path, shift: int) -> None:
        import tensorflow_transform as tft

        from components.trainer.inputs import model_inputs

        config = {
            "features": json.dumps(FEATURES),
            "task": "multiclass",
            "label": "y",
            "classes": json.dumps(CLASSES),
        }
        self.place = transform(
            COLUMNS,
            _rows(LABELLED, seed=1, shift=shift),
            config,
            _rows(90, seed=7),
            _rows(240, seed=8, label=False),
        )
        self.folder = folder
        self.graph = tft.TFTransformOutput(str(self.place / "graph"))
        self.inputs = tuple(model_inputs(self.graph, "y"))

    def files(self, *patterns: str, taught: int = 0) -> Any:
        from components.trainer.examples import ExampleFiles

        return ExampleFiles([str(self.place / p) for p in patterns], self.graph, "y", taught)

    def answered(self, shift: int) -> Any:
        """The unlabelled rows with the outputs of a teacher that knows where the classes end."""
        import tensorflow as tf

        from data.columns import TEACHER

        path = self.folder / f"answered-{shift}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for record in self.files("Split-unlabelled/*.gz").serialized(1):
                example = tf.train.Example.FromString(record.numpy()[0])
                x = example.features.feature["x"].float_list.value[0]
                number = (int(np.digitize(x, [-0.5, 0.5])) + shift) % 3
                outputs = [5.0 * (number == other) for other in range(3)]
                example.features.feature[TEACHER].float_list.value.extend(outputs)
                writer.write(example.SerializeToString())
        return self.files(str(path), taught=3)

    def train(self, taught: Any = None, **section: Any) -> tuple[Any, dict[str, Any]]:
        """The model that is kept, and what the history says of the rounds."""
        from components.trainer.columns.learner import learn
        from components.trainer.techniques.self_training import Rows, self_train
        from components.trainer.techniques.semi_config import SemiSection

        rows = Rows(
            self.files("train*.gz"),
            self.files("eval*.gz"),
            self.files("Split-unlabelled/*.gz"),
            taught,
            lambda more: self.files("train*.gz", *more),
        )
        made = SemiSection(**section)
        learned = self_train(learn, self.spec(rows.train), rows, made, "y", self.folder)
        return learned, learned.history["semi"]

    def plain(self) -> Any:
        import keras

        from components.trainer.columns.learner import learn

        train = self.files("train*.gz")
        keras.utils.set_random_seed(0)
        return learn(self.spec(train), train, self.files("eval*.gz"))

    def spec(self, train: Any) -> Any:
        from components.trainer.config import TrainSection
        from components.trainer.spec import Spec
        from components.trainer.target import target
        from data.tasks import Task

        known = target(train.labels, Task.MULTICLASS, CLASSES)
        settings = TrainSection.model_validate(SETTINGS)
        return Spec(self.inputs, Task.MULTICLASS, tuple(CLASSES), known, settings)


def _outputs(learned: Any) -> Any:
    values = [[row["x"], 0.0] for row in _rows(300, seed=11)]  # 0: not missing
    x = np.array(values, np.float32)
    return learned.outputs({"x": x}).numpy()


def _right(learned: Any) -> float:
    truth = [CLASSES.index(row["y"]) for row in _rows(300, seed=11)]
    return float(np.mean(_outputs(learned).argmax(axis=1) == truth))


@pytest.fixture
def case(transform: Callable[..., Path], tmp_path: Path) -> Case:
    return Case(transform, tmp_path, shift=0)


@pytest.fixture
def mislabelled(transform: Callable[..., Path], tmp_path: Path) -> Case:
    return Case(transform, tmp_path, shift=1)


def test_a_teacher_s_labels_are_learned(mislabelled: Case) -> None:
    """Every label there is, is wrong: what is right comes from the unlabelled rows."""
    learned, told = mislabelled.train(mislabelled.answered(shift=0), rounds=1, confidence=0.9)
    first, second = told["rounds"]
    assert first["eval_accuracy"] < 0.4 < 0.8 < second["eval_accuracy"]
    assert (first["best"], second["best"]) == (False, True)
    assert _right(learned) > 0.8
    assert second["taken"] == second["of"] == 240 and second["rows"] == LABELLED + 240
    assert list(second["per_class"]) == CLASSES and sum(second["per_class"].values()) == 240


def test_the_best_round_is_kept(case: Case) -> None:
    """A teacher that is wrong makes the second round worse, so the first one stays."""
    learned, told = case.train(case.answered(shift=1), rounds=1, confidence=0.9)
    first, second = told["rounds"]
    assert second["eval_accuracy"] < 0.4 < 0.7 < first["eval_accuracy"]
    assert (first["best"], second["best"]) == (True, False)
    np.testing.assert_array_equal(_outputs(learned), _outputs(case.plain()))


def test_it_labels_itself_round_by_round(case: Case) -> None:
    learned, told = case.train(rounds=2, confidence=0.7)
    rounds = told["rounds"]
    assert rounds[0]["rows"] == LABELLED and len(rounds) >= 2
    for each in rounds[1:]:
        assert each["rows"] == LABELLED + each["taken"]
        assert each["taken"] == sum(each["per_class"].values())
        assert 0 < each["taken"] <= each["of"] == 240
    assert sum(each["best"] for each in rounds) == 1
    highest = max(each["eval_accuracy"] for each in rounds)
    assert next(each["eval_accuracy"] for each in rounds if each["best"]) == highest
    assert _right(learned) > 0.75


def test_nothing_sure_ends_it_with_the_plain_training(case: Case) -> None:
    learned, told = case.train(rounds=5, confidence=1 - 1e-15)
    assert told["ended"] == "round 1 found no row sure enough among 240"
    assert [each["best"] for each in told["rounds"]] == [True]
    np.testing.assert_array_equal(_outputs(learned), _outputs(case.plain()))


def test_each_round_has_its_own_states_and_curves(case: Case, tmp_path: Path) -> None:
    """A training that is killed in one round must not go on from the state of another."""
    from components.trainer.techniques.checkpoints import Checkpoints, State
    from components.trainer.techniques.logs import Logs

    states = Checkpoints(tmp_path / "states", seconds=0.001)
    states.part("round-0").save("fit", State({"model": [np.zeros(2)]}, {"done": 1}))
    assert states.part("round-1").load("fit") is None
    found = states.part("round-0").load("fit")
    assert found is not None and found.facts == {"done": 1}
    Logs(tmp_path / "curves").part("round-1").epoch({"epoch": 1, "loss": 0.5})
    assert list((tmp_path / "curves" / "round-1" / "train").iterdir())
    states.clear()
    assert not (tmp_path / "states").exists()


def test_run_fn_with_a_served_teacher(train: Callable[..., Any]) -> None:
    """The whole way: a SavedModel answers the unlabelled rows, and what is served has learned it."""
    inputs = ("y", "multiclass", CLASSES, FEATURES, {**SETTINGS, "steps": 200})
    teacher = train(COLUMNS, _rows(240, seed=3), *inputs)
    student = train(
        COLUMNS,
        _rows(LABELLED, seed=1, shift=1),
        *inputs,
        beside=["x"],
        told={
            "semi": json.dumps({"rounds": 1, "confidence": 0.6, "teacher": "t"}),
            "labeller": teacher.saved_model,
        },
        evaluation=_rows(90, seed=7),
        unlabelled=_rows(240, seed=8, label=False),
    )
    history = student.history
    assert history["semi"]["rounds"][1]["best"]
    assert history["rows"] == LABELLED and history["unlabelled"] == {"rows": 240}
    assert history["teacher"]["model"] == teacher.saved_model
    import tensorflow as tf

    rows = _rows(300, seed=11)
    signature = tf.saved_model.load(student.saved_model).signatures["serving_default"]
    answers = signature(x=tf.constant([row["x"] for row in rows], tf.float32))["class"].numpy()
    assert np.mean([a.decode() == r["y"] for a, r in zip(answers, rows, strict=True)]) > 0.8
