"""A training begins where an earlier one ended, by value and by name, or it does not begin."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.techniques.warm_start import WarmStartError

COLUMNS: dict[str, type] = {"x": float, "kind": str, "y": str}
FEATURES: dict[str, Any] = {"x": "zscore", "kind": "vocabulary"}
CLASSES = ["low", "middle", "high"]
SETTINGS: dict[str, Any] = {
    "steps": 150,
    "batch_size": 40,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "hidden": [16],
}
STILL = {**SETTINGS, "learning_rate": 1e-12, "steps": 10}
"""As good as no training: what was begun with stays."""


def _rows(kinds: str = "ab", classes: list[str] = CLASSES) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(300):
        x, kind = float(rng.normal()), str(rng.choice(list(kinds)))
        bounds = np.linspace(-0.5, 0.5, len(classes) - 1)
        rows.append({"x": x, "kind": kind, "y": classes[int(np.digitize(x, bounds))]})
    return rows


@pytest.fixture(scope="module")
def first(train: Callable[..., Any]) -> Any:
    return train(COLUMNS, _rows(), "y", "multiclass", CLASSES, FEATURES, SETTINGS)


def _again(train: Callable[..., Any], earlier: Any, **changed: Any) -> Any:
    return train(
        changed.get("columns", COLUMNS),
        changed.get("rows") or _rows(),
        "y",
        changed.get("task", "multiclass"),
        changed.get("classes", CLASSES),
        changed.get("features", FEATURES),
        changed.get("settings", STILL),
        told={"warm_start": str(getattr(earlier, "saved_model", earlier))},
    )


def test_it_begins_with_the_loss_the_other_ended_with(
    train: Callable[..., Any], first: Any
) -> None:
    ended = min(entry["eval_loss"] for entry in first.history["epochs"])
    cold = train(COLUMNS, _rows(), "y", "multiclass", CLASSES, FEATURES, STILL)
    assert cold.history["epochs"][0]["eval_loss"] > 2 * ended
    warm = _again(train, first)
    taken = warm.history["warm_start"]
    assert taken["eval_loss"] == pytest.approx(ended, rel=1e-5)
    assert warm.history["epochs"][0]["loss"] < 1.5 * ended
    assert taken["taken"] == taken["of"] == warm.kept["model"].count_params()
    assert taken["new"] == taken["left"] == []
    for one, two in zip(warm.kept["model"].weights, first.kept["model"].weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6)


def test_where_it_began_stays_when_no_epoch_is_better(
    train: Callable[..., Any], first: Any
) -> None:
    worse = {**SETTINGS, "learning_rate": 3.0, "clip_norm": 0.0, "steps": 20, "patience": 1}
    warm = _again(train, first, settings=worse)
    began = warm.history["warm_start"]["eval_loss"]
    assert all(not entry["best"] for entry in warm.history["epochs"])
    assert all(entry["eval_loss"] > began for entry in warm.history["epochs"])
    for one, two in zip(warm.kept["model"].weights, first.kept["model"].weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_changed_vocabulary_is_matched_by_value(train: Callable[..., Any], first: Any) -> None:
    """`c` is new and the most frequent, so every id is another one."""
    warm = _again(train, first, rows=_rows("cccab"))
    taken = warm.history["warm_start"]
    assert "kind=c" in taken["new"]
    assert taken["left"] == []
    assert _vectors(warm, "a") == pytest.approx(_vectors(first, "a"), abs=1e-6)
    assert _vectors(warm, "b") == pytest.approx(_vectors(first, "b"), abs=1e-6)
    assert taken["of"] - taken["taken"] == 8  # the one new row


def _vectors(trained: Any, kind: str) -> list[float]:
    """The embedding of a value, found through the graph that serves."""
    raw = [{"x": 0.0, "kind": kind}]
    import tensorflow as tf

    graph, model = trained.kept["graph"], trained.kept["model"]
    spec = {name: item for name, item in graph.raw_feature_spec().items() if name != "y"}
    parsed = tf.io.parse_example([trained.examples(raw)[0]], spec)
    ids = graph.transform_features_layer()(parsed)["kind"]
    [layer] = [layer for layer in model.layers if layer.name.startswith("joint_embedding")]
    vector: list[float] = layer.table.numpy()[int(ids[0])].tolist()
    return vector


def test_a_new_column_and_a_new_class_begin_fresh_and_are_named(
    train: Callable[..., Any], first: Any
) -> None:
    columns: dict[str, type] = {"x": float, "kind": str, "z": float, "y": str}
    classes = ["low", "middle", "high", "highest"]
    rows = [{**row, "z": 0.5 * n} for n, row in enumerate(_rows(classes=classes))]
    features = {**FEATURES, "z": "zscore"}
    warm = _again(train, first, columns=columns, rows=rows, classes=classes, features=features)
    assert warm.history["warm_start"]["new"] == ["z (1 of 2)", "z (2 of 2)", "class highest"]
    old, new = first.kept["model"].layers[-1], warm.kept["model"].layers[-1]
    np.testing.assert_allclose(new.kernel.numpy()[:, :3], old.kernel.numpy(), atol=1e-6)


def test_a_regression_keeps_the_unit_it_was_trained_in(train: Callable[..., Any]) -> None:
    """The second data has twice the labels: the weights still mean what they meant."""
    import tensorflow as tf

    def rows(factor: float) -> list[dict[str, Any]]:
        return [{**row, "y": factor * (50.0 + 9.0 * row["x"])} for row in _rows()]

    columns: dict[str, type] = {**COLUMNS, "y": float}
    old = train(columns, rows(1.0), "y", "regression", [], FEATURES, SETTINGS)
    new = _again(train, old, columns=columns, rows=rows(2.0), task="regression", classes=[])
    x = {"x": tf.constant([0.1, -1.0]), "kind": tf.constant(["a", "b"])}
    said = [
        tf.saved_model.load(trained.saved_model).signatures["serving_default"](**x)["prediction"]
        for trained in (old, new)
    ]
    np.testing.assert_allclose(said[1], said[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"settings": {**STILL, "hidden": [32]}}, r"train\.hidden is \[32\] here and \[16\] there"),
        (
            {"task": "multilabel"},
            "data.task is 'multilabel' here and 'multiclass' there",
        ),
        (
            {"classes": ["no", "yes"], "task": "binary", "rows": _rows(classes=["no", "yes"])},
            "classes is",
        ),
    ],
)
def test_another_network_is_refused_by_the_names_of_its_keys(
    train: Callable[..., Any], first: Any, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(WarmStartError, match=message):
        _again(train, first, **changed)


def test_no_model_and_a_model_of_others_are_refused(
    train: Callable[..., Any], first: Any, tmp_path: Path
) -> None:
    import shutil

    with pytest.raises(WarmStartError, match="no SavedModel at"):
        _again(train, tmp_path)
    other = tmp_path / "other"
    shutil.copytree(first.saved_model, other)
    shutil.rmtree(other / "assets.extra")
    with pytest.raises(WarmStartError, match="does not say what its weights are"):
        _again(train, other)


def test_a_weight_of_another_shape_is_refused(
    train: Callable[..., Any], first: Any, tmp_path: Path
) -> None:
    """Whatever the facts say: a file that was tampered with, or a network that chance made alike."""
    import shutil

    place = tmp_path / "model"
    shutil.copytree(first.saved_model, place)
    file = place / "assets.extra" / "training.json"
    content = json.loads(file.read_text())
    content["facts"]["train.hidden"] = [8]
    file.write_text(json.dumps(content))
    with pytest.raises(WarmStartError, match=r"has shape \(10, 8\) here and \(10, 16\) there"):
        _again(train, place, settings={**STILL, "hidden": [8]})


TEXT: dict[str, Any] = {
    "encoder": "none",
    "length": 8,
    "buckets": 256,
    "width": 8,
    "fine_tune_epochs": 20,
    "fine_tune_rate": 0.05,
    "batch_size": 16,
    "hidden": 8,
    "precision": "float32",
}


def test_texts_begin_where_they_ended(train: Callable[..., Any]) -> None:
    words = {"good": ["fine", "nice", "lovely"], "bad": ["awful", "nasty", "poor"]}
    rng = np.random.default_rng(0)
    rows = []
    for n in range(80):
        label = ["good", "bad"][n % 2]
        rows.append({"text": " ".join(rng.choice(words[label], 3)), "y": label})
    columns: dict[str, type] = {"text": str, "y": str}

    def fit(settings: dict[str, Any], **told: str) -> Any:
        features = {"text": "text"}
        return train(
            columns, rows, "y", "binary", ["good", "bad"], features, {"text": settings}, told=told
        )

    old = fit(TEXT)
    ended = [entry["eval_loss"] for entry in old.history["epochs"] if entry["best"]][-1]
    new = fit({**TEXT, "fine_tune_epochs": 1, "least_steps": 0}, warm_start=old.saved_model)
    assert new.history["warm_start"]["eval_loss"] == pytest.approx(ended, rel=1e-4)
    assert new.history["warm_start"]["taken"] == new.history["warm_start"]["of"]
    with pytest.raises(WarmStartError, match=r"train\.text\.hidden is 4 here and 8 there"):
        fit({**TEXT, "hidden": 4}, warm_start=old.saved_model)


@pytest.mark.slow
def test_pictures_begin_where_they_ended(train: Callable[..., Any], tmp_path: Path) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(0)
    rows = []
    for n in range(64):
        pixels = rng.integers(0, 120, (8, 8, 3)) + 60 * (n % 3)
        encoded = tf.io.encode_png(pixels.astype(np.uint8)).numpy()
        rows.append({"photo": encoded, "y": "abc"[n % 3]})
    columns: dict[str, type] = {"photo": bytes, "y": str}
    image = {
        "backbone": "small-cnn",
        "size": 16,
        "fine_tune_epochs": 4,
        "fine_tune_rate": 3e-3,
        "least_steps": 40,
        "mirror": False,
        "precision": "float32",
        "batch_size": 16,
    }

    def fit(classes: str, settings: dict[str, Any], **told: str) -> Any:
        kept = [row for row in rows if row["y"] in classes]
        features = {"photo": "image"}
        return train(
            columns,
            kept,
            "y",
            "multiclass",
            list(classes),
            features,
            {"image": settings},
            told=told,
        )

    old = fit("abc", image)
    ended = max(entry["eval_accuracy"] for entry in old.history["epochs"])
    new = fit("abc", {**image, "fine_tune_epochs": 1, "least_steps": 0}, warm_start=old.saved_model)
    taken = new.history["warm_start"]
    best = [entry for entry in old.history["epochs"] if entry["best"]][-1]
    assert best["eval_accuracy"] == ended
    assert taken["eval_loss"] == pytest.approx(best["eval_loss"], rel=1e-3)
    assert taken["taken"] == taken["of"]
    with pytest.raises(WarmStartError, match=r"train\.image\.backbone is"):
        fit(
            "abc",
            {**image, "backbone": "efficientnet-lite0", "size": 32},
            warm_start=old.saved_model,
        )
