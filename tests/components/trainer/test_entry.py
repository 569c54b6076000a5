"""run_fn end to end on small real data: one's own code, regression, rare classes, exact steps."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"x": float, "kind": str, "y": str}
FEATURES = {"x": "zscore", "kind": "vocabulary"}

MODELS = '''
"""A package of one's own."""

import keras
import tensorflow as tf
import tensorflow_transform as tft


def preprocess(inputs, custom_config):
    x = tf.sparse.to_dense(inputs["x"], default_value=0.0)
    x = tf.ensure_shape(x, [None, 1])
    return {
        "x doubled": x * 2.0,
        "whole": tf.cast(tf.reshape(x, [-1]), tf.int64),
        "kind ids": tft.compute_and_apply_vocabulary(
            tf.sparse.to_dense(inputs["kind"], default_value="")[:, 0], num_oov_buckets=1
        ),
    }


def build(spec):
    entries = spec.keras_inputs()
    hidden = keras.layers.Dense(8, activation="relu")(spec.encoded(entries))
    return keras.Model(entries, keras.layers.Dense(spec.units)(hidden), name="mine")


def compiled(spec):
    model = build(spec)
    model.compile(keras.optimizers.SGD(0.125), keras.losses.BinaryFocalCrossentropy(from_logits=True))
    return model


class Subclass(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, features):
        return self.dense(features["x"])


def subclassed(spec):
    return Subclass(spec.units)
'''


def _rows(count: int = 240, rare: float = 0.5) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(count):
        yes = rng.random() < rare
        rows.append(
            {
                "x": float(rng.normal() + 2 * yes),
                "kind": str(rng.choice(["a", "b"])),
                "y": "yes" if yes else "no",
            }
        )
    return rows


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real package on sys.path, as a user would have it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "my_pkg").mkdir()
    (folder / "my_pkg" / "__init__.py").write_text("")
    (folder / "my_pkg" / "models.py").write_text(MODELS)
    sys.path.insert(0, str(folder))
    yield "my_pkg.models"
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_pkg"]:
        del sys.modules[name]


def _score(trained: Any, rows: list[dict[str, Any]]) -> Any:
    import tensorflow as tf

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    return signature(
        x=tf.constant([row["x"] for row in rows], tf.float32),
        kind=tf.constant([row["kind"] for row in rows]),
    )


def test_own_preprocessing_and_own_model(train: Callable[..., Any], package: str) -> None:
    """The trainer follows the transformed schema, whatever the features are called."""
    rows = _rows()
    settings = {"model": f"{package}.build", "epochs": 6, "batch_size": 16, "learning_rate": 0.02}
    own = f"{package}.preprocess"
    trained = train(COLUMNS, rows, "y", "binary", ["no", "yes"], {}, settings, own)
    assert trained.kept["model"].name == "mine"
    assert set(trained.kept["model"].input) == {"x doubled", "whole", "kind ids"}
    answers = _score(trained, rows)["class"].numpy()
    right = [answer.decode() == row["y"] for answer, row in zip(answers, rows, strict=True)]
    assert np.mean(right) > 0.75


def test_own_compiled_model_keeps_its_loss_and_optimizer(
    train: Callable[..., Any], package: str
) -> None:
    settings = {"model": f"{package}.compiled", "steps": 20, "batch_size": 16}
    trained = train(COLUMNS, _rows(80), "y", "binary", ["no", "yes"], FEATURES, settings)
    model = trained.kept["model"]
    assert type(model.optimizer).__name__ == "SGD"
    assert float(model.optimizer.learning_rate) == 0.125
    assert type(model.loss).__name__ == "BinaryFocalCrossentropy"
    assert trained.history["epochs"][-1]["steps"] == 20
    assert "eval_accuracy" not in trained.history["epochs"][-1]


def test_own_subclass_of_model(train: Callable[..., Any], package: str) -> None:
    settings = {"model": f"{package}.subclassed", "epochs": 2}
    rows = _rows(80)
    trained = train(COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, settings)
    assert _score(trained, rows)["score"].shape == (80,)


def test_regression_answers_in_the_label_s_own_unit(
    train: Callable[..., Any], capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """Tens of thousands, with a few wild values: huber shrugs them off. And nothing floods the log."""
    rng = np.random.default_rng(1)
    rows: list[dict[str, Any]] = [
        {"x": float(x), "kind": "a", "y": float(50_000 + 8_000 * x)} for x in rng.normal(size=300)
    ]
    for row in rows[:6]:
        row["y"] = 2_000_000.0
    settings = {
        "regression_loss": "huber",
        "epochs": 30,
        "batch_size": 30,
        "learning_rate": 0.02,
        "dropout": 0.0,
    }
    columns = {**COLUMNS, "y": float}
    trained = train(columns, rows, "y", "regression", [], FEATURES, settings)
    found = _score(trained, rows)["prediction"].numpy()
    errors = np.abs(found - [row["y"] for row in rows])[6:]
    assert np.median(errors) < 4_000
    history = trained.history
    assert history["rows"] == 300
    assert history["precision"]["policy"] == "float32"
    assert "mae" in history["epochs"][0]
    for entry in history["epochs"]:
        assert entry["seconds"] > 0
        assert entry["rows_per_second"] > 0
    best = [entry["eval_loss"] for entry in history["epochs"] if entry["best"]]
    assert best == sorted(best, reverse=True)
    ours = [str(w.message) for w in recwarn if "keras" in str(w.filename)]
    assert not ours, ours
    assert "ran out of data" not in capfd.readouterr().err


def test_rare_class_keeps_honest_probabilities(train: Callable[..., Any]) -> None:
    rows = _rows(400, rare=0.06)
    truth = np.mean([row["y"] == "yes" for row in rows])
    settings: dict[str, Any] = {"steps": 120, "batch_size": 50, "learning_rate": 0.005}
    honest = train(COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, settings)
    score = _score(honest, rows)["score"].numpy()
    assert abs(score.mean() - truth) < 0.03
    settings["balance_classes"] = True
    balanced = train(COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, settings)
    assert _score(balanced, rows)["score"].numpy().mean() > 3 * truth


def test_sets_of_classes_with_thresholds_in_the_graph(train: Callable[..., Any]) -> None:
    """Also that a name which is no class stops the training."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for x, z in rng.normal(size=(300, 2)):
        named = [n for n, on in (("warm", x > 0), ("wet", z > 0.5), ("rare", x + z > 2)) if on]
        rows.append({"x": float(x), "z": float(z), "tags": named})
    columns: dict[str, type] = {"x": float, "z": float, "tags": str}
    classes = ["wet", "warm", "rare"]
    features = {"x": "zscore", "z": "zscore"}
    settings = {"epochs": 25, "batch_size": 30, "learning_rate": 0.01, "threshold": "f1"}
    trained = train(columns, rows, "tags", "multilabel", classes, features, settings)
    bounds = np.array([trained.history["thresholds"][name] for name in classes])
    loaded = tf.saved_model.load(trained.saved_model)
    found = loaded.signatures["serving_examples"](examples=tf.constant(trained.examples(rows)))
    scores, chosen = found["scores"].numpy(), found["chosen"].numpy()
    np.testing.assert_array_equal(chosen, scores > bounds.astype(np.float32))
    truth = np.array([[name in row["tags"] for name in classes] for row in rows])
    assert np.mean(chosen == truth) > 0.95
    assert found["labels"].numpy()[0, 0].decode() == ", ".join(
        name for name, one in zip(classes, chosen[0], strict=True) if one
    )
    assert "eval_hamming_loss" in trained.history["epochs"][0]
    label = loaded.signatures["transform_features"](
        examples=tf.constant(trained.examples(rows, label=True))
    )["tags"]
    np.testing.assert_array_equal(label, truth)

    rows[7]["tags"] = ["wet", "unheard of"]
    with pytest.raises(ValueError, match="one of: wet, warm, rare. Received: 1 of 300 rows"):
        train(columns, rows, "tags", "multilabel", classes, features, settings)


def _picture(value: int) -> bytes:
    import tensorflow as tf

    pixels = np.full((8, 8, 3), value, np.uint8)
    encoded: bytes = tf.io.encode_png(pixels).numpy()
    return encoded


IMAGE = {"size": 32, "head_epochs": 1, "fine_tune_epochs": 0, "mirror": False}


def test_pictures_are_served_encoded(train: Callable[..., Any], tmp_path: Path) -> None:
    """Encoded bytes through Transform, decoding and network to a readable answer."""
    import keras
    import tensorflow as tf

    layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3), keras.layers.ReLU()]
    keras.Sequential(layers).save(tmp_path / "tiny.keras")
    backbone = {"backbone": str(tmp_path / "tiny.keras"), "preprocessing": "unit"}
    rows = [{"photo": _picture(i), "y": ["dark", "light"][i > 127]} for i in range(0, 256, 8)]
    columns: dict[str, type] = {"photo": bytes, "y": str}
    settings = {"image": {**IMAGE, **backbone, "precision": "float32"}}
    features = {"photo": "image"}
    trained = train(columns, rows, "y", "binary", ["dark", "light"], features, settings)
    loaded = tf.saved_model.load(trained.saved_model)
    photos = tf.constant([row["photo"] for row in rows])
    plain = loaded.signatures["serving_default"](photo=photos)
    expected = trained.kept["answer"]({"photo": photos})
    np.testing.assert_allclose(plain["scores"], expected["scores"], rtol=1e-5)
    examples = loaded.signatures["serving_examples"](examples=tf.constant(trained.examples(rows)))
    np.testing.assert_allclose(examples["scores"], expected["scores"], rtol=1e-5)
    assert trained.history["precision"]["policy"] == "float32"
    assert trained.history["epochs"][0]["phase"] == "head"


def test_a_picture_beside_columns_is_refused(train: Callable[..., Any]) -> None:
    rows = [{"photo": _picture(i), "x": float(i), "y": "ab"[i % 2]} for i in range(8)]
    columns: dict[str, type] = {"photo": bytes, "x": float, "y": str}
    features = {"photo": "image", "x": "zscore"}
    with pytest.raises(ValueError, match="one picture column and nothing else. Received: photo, x"):
        train(columns, rows, "y", "binary", ["a", "b"], features, {"image": IMAGE})
