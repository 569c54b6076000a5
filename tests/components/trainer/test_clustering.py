"""Clusters on real examples: told in the history, told to the model, the same where it is served."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES

COLUMNS: dict[str, type] = {"a": float, "b": float, "kind": str, "y": str}
FEATURES = {"a": "raw", "b": "zscore", "kind": "vocabulary"}
SETTINGS = {"steps": 150, "batch_size": 20, "hidden": [], "learning_rate": 0.05}


def _rows(count: int, seed: int, label: bool = True) -> list[dict[str, Any]]:
    """Four groups at the corners of a square; the label is that of the diagonal (exclusive or)."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        right, up = rng.random() < 0.5, rng.random() < 0.5
        rows.append(
            {
                "a": float(1000 + 100 * right + 8 * rng.normal()),
                "b": float(up + 0.08 * rng.normal()),
                "kind": "odd" if right else "even",
                "y": ("yes" if right != up else "no") if label else None,
            }
        )
    return rows


def _train(train: Callable[..., Any], feature: str, **section: Any) -> Any:
    told = {"clusters": json.dumps({"count": 4, "feature": feature, **section})}
    inputs = (COLUMNS, _rows(120, 0), "y", "binary", ["no", "yes"], FEATURES, SETTINGS)
    return train(*inputs, told=told, unlabelled=_rows(200, 1, label=False))


@pytest.fixture(scope="module")
def told(train: Callable[..., Any]) -> Any:
    return _train(train, "one-hot", nearest=2)


def test_the_history_tells_of_them(told: Any) -> None:
    found = told.history["clusters"]
    assert (found["count"], found["rows"], found["labelled"]) == (4, 320, 120)
    assert found["purity"] == 1.0 and found["largest_class"] < 0.7 and found["silhouette"] > 0.6
    labels = [row["y"] for row in _rows(120, 0)]
    counted = {
        name: sum(each["labels"][name] for each in found["clusters"]) for name in ("no", "yes")
    }
    assert counted == {name: labels.count(name) for name in ("no", "yes")}
    assert sum(each["size"] for each in found["clusters"]) == 320
    for each in found["clusters"]:
        assert len(each["nearest"]) == 2 and each["labelled"] == sum(each["labels"].values())
        first, second = each["nearest"]
        assert first["distance"] <= second["distance"] < 0.5
        kind = "kind=odd" if "kind=odd" in first["text"] else "kind=even"
        assert any(kind in words and "100 %" in words for words in each["special"])


def test_a_linear_model_that_is_told_can_do_exclusive_or(told: Any) -> None:
    assert max(epoch["eval_accuracy"] for epoch in told.history["epochs"]) > 0.95


def test_one_that_is_not_told_cannot(train: Callable[..., Any]) -> None:
    trained = _train(train, "none")
    assert trained.history["clusters"]["feature"] == "none"
    assert max(epoch["eval_accuracy"] for epoch in trained.history["epochs"]) < 0.9
    assert not any("clusters" in weight.path for weight in trained.kept["model"].weights)


@pytest.mark.parametrize("feature", ["one-hot", "distances"])
def test_what_is_served_answers_as_what_was_trained(
    train: Callable[..., Any], told: Any, feature: str
) -> None:
    import tensorflow as tf

    trained = told if feature == "one-hot" else _train(train, feature)
    rows = _rows(60, 5)
    columns = {name: tf.constant([row[name] for row in rows]) for name in ("a", "b", "kind")}
    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    served = signature(**columns)
    examples = tf.constant(trained.examples(rows))
    graph = trained.kept["graph"].transform_features_layer()
    raw = trained.kept["graph"].raw_feature_spec()
    raw.pop("y")
    answered = trained.kept["answer"](graph(tf.io.parse_example(examples, raw)))
    np.testing.assert_allclose(served["scores"], answered["scores"], atol=1e-5)
    layer = next(layer for layer in trained.kept["model"].layers if layer.name == "clusters")
    centres = layer.centres.numpy()
    layer.centres.assign(centres[::-1])  # what is served has looked at them
    other = trained.kept["answer"](graph(tf.io.parse_example(examples, raw)))
    layer.centres.assign(centres)
    assert np.abs(served["scores"] - other["scores"]).max() > 0.1


def test_regression_tells_means(train: Callable[..., Any]) -> None:
    rows = [{**row, "y": row["a"] / 100} for row in _rows(80, 0)]
    columns = {**COLUMNS, "y": float}
    more = [{**row, "y": None} for row in _rows(60, 1)]
    told = {"clusters": '{"count": 4}'}
    inputs = (columns, rows, "y", "regression", [], FEATURES, {**SETTINGS, "steps": 10})
    found = train(*inputs, told=told, unlabelled=more).history["clusters"]
    assert "purity" not in found and found["labelled"] == 80
    means = [each["labels"]["mean"] for each in found["clusters"]]
    assert min(means) == pytest.approx(10, abs=0.3) and max(means) == pytest.approx(11, abs=0.3)


@pytest.fixture(scope="module")
def pictures() -> list[dict[str, Any]]:
    table = pq.read_table(sample()).slice(0, 160).to_pylist()
    return [{"image": row["image"], "y": row["label"]} for row in table]


def _pictures(train: Callable[..., Any], rows: list[dict[str, Any]], **image: Any) -> Any:
    settings = {"image": {"size": 32, "least_steps": 0, "precision": "float32", **image}}
    told = {"clusters": '{"count": 5, "feature": "distances", "nearest": 1}'}
    more = [{**row, "y": None} for row in rows[100:]]
    inputs = ({"image": bytes, "y": str}, rows[:100], "y", "multiclass", list(CLASSES))
    return train(*inputs, {"image": "image"}, settings, told=told, unlabelled=more)


def test_a_frozen_network_is_told_beside_its_features(
    train: Callable[..., Any], pictures: list[dict[str, Any]]
) -> None:
    import base64

    import tensorflow as tf

    from components.trainer.pictures.decoding import decode

    trained = _pictures(train, pictures, fine_tune_epochs=0, head_epochs=2)
    found = trained.history["clusters"]
    assert found["rows"] == 160 and found["of"] == "the pooled features of efficientnet-lite0"
    png = base64.b64decode(found["clusters"][0]["nearest"][0]["picture"])
    assert png.startswith(b"\x89PNG")
    head = trained.kept["model"].layers[-1]
    assert head.layers[-1].kernel.shape == (1280 + 5, 10)
    encoded = tf.constant([row["image"] for row in pictures[:12]])
    scores = tf.saved_model.load(trained.saved_model).signatures["serving_default"](image=encoded)
    logits = trained.kept["model"](decode(encoded, 32), training=False)
    np.testing.assert_allclose(scores["scores"], tf.nn.softmax(logits).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ({"fine_tune_epochs": 1}, "one that is fine-tuned, or another"),
        ({"backbone": "small-cnn", "fine_tune_epochs": 1}, "small-cnn knows nothing yet"),
    ],
)
def test_a_network_that_changes_is_refused(
    train: Callable[..., Any], pictures: list[dict[str, Any]], image: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        _pictures(train, pictures, **image)


SPREAD = {"semi": '{"rounds": 2, "method": "propagation"}'}


def test_labels_spread_to_rows_that_are_near(train: Callable[..., Any]) -> None:
    """Exclusive or from 16 labels: each of the four groups has some, so all of it is told."""
    more = _rows(200, 1, label=False)
    features = {**FEATURES, "a": "zscore"}
    inputs = (COLUMNS, _rows(16, 3), "y", "binary", ["no", "yes"], features)
    trained = train(
        *inputs,
        {**SETTINGS, "hidden": [16]},
        told=SPREAD,
        unlabelled=more,
        evaluation=_rows(80, 4),
    )
    told = trained.history["semi"]
    assert (told["teacher"], told["confidence"]) == ("propagation", 0.5)
    first, second = told["rounds"]
    assert (first["rows"], second["rows"], second["taken"], second["of"]) == (16, 216, 200, 200)
    truth = [row["y"] for row in _rows(200, 1)]
    assert second["per_class"] == {name: truth.count(name) for name in ("no", "yes")}
    assert told["ended"] == "round 2 took the same rows with the same labels as the one before"
    assert "clusters" not in trained.history  # nobody has asked for them
    assert second["eval_accuracy"] > 0.95


def test_one_network_s_features_label_for_another(
    train: Callable[..., Any], pictures: list[dict[str, Any]]
) -> None:
    image = {"backbone": "small-cnn", "size": 28, "fine_tune_epochs": 1, "least_steps": 0}
    by = {"count": 4, "backbone": "efficientnet-lite0", "size": 32, "nearest": 0}
    trained = train(
        {"image": bytes, "y": str},
        [{"image": row["image"], "y": row["y"]} for row in pictures[:100]],
        "y",
        "multiclass",
        list(CLASSES),
        {"image": "image"},
        {"image": {**image, "precision": "float32"}},
        told={
            "semi": '{"rounds": 1, "method": "propagation", "share": 0.5}',
            "clusters": json.dumps(by),
        },
        unlabelled=[{**row, "y": None} for row in pictures[100:]],
    )
    assert trained.history["clusters"]["of"] == "the pooled features of efficientnet-lite0"
    _, second = trained.history["semi"]["rounds"]
    labels = Counter(row["y"] for row in pictures[:100])
    assert 0 < second["taken"] <= 33 and second["of"] == 60
    for name, taken in second["per_class"].items():
        assert taken <= round(0.5 * 60 * labels[name] / 100)
