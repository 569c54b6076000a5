"""data.weight: the loss is NumPy's, rows of weight 0 do not exist, and callers send no weight."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"x": float, "kind": str, "w": float, "y": str}
FEATURES = {"x": "zscore", "kind": "vocabulary", "w": "ignore"}
SETTINGS: dict[str, Any] = {"steps": 30, "batch_size": 48, "hidden": [8], "learning_rate": 0.02}
STILL = {"steps": 10, "batch_size": 24, "hidden": [8], "dropout": 0.0, "learning_rate": 1e-12}


def _rows(count: int = 240) -> list[dict[str, Any]]:
    """Every third row weighs 0, the others between 0 and 6."""
    rng = np.random.default_rng(0)
    return [
        {
            "x": float(x),
            "kind": "ab"[n % 2],
            "w": float(rng.uniform(0.1, 6)) if n % 3 else 0.0,
            "y": "yes" if x + rng.normal() > 0 else "no",
        }
        for n, x in enumerate(rng.normal(size=count))
    ]


def _train(train: Callable[..., Any], rows: list[dict[str, Any]], **settings: Any) -> Any:
    return train(
        COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, {**SETTINGS, **settings}, weight="w"
    )


def _scores(trained: Any, rows: list[dict[str, Any]]) -> Any:
    import tensorflow as tf

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == {"x", "kind"}
    x, kind = ([row[name] for row in rows] for name in ("x", "kind"))
    return signature(x=tf.constant(x, tf.float32), kind=tf.constant(kind))["score"].numpy()


def test_loss_and_metrics_are_weighted(train: Callable[..., Any]) -> None:
    rows = _rows()
    trained = _train(train, rows, **STILL)
    assert sorted(trained.kept["model"].input) == ["kind", "x"]
    p, w = _scores(trained, rows).astype(np.float64), np.array([row["w"] for row in rows])
    y = np.array([row["y"] == "yes" for row in rows])
    each = -np.where(y, np.log(p), np.log(1 - p))
    [entry] = trained.history["epochs"][:1]
    expected = np.average(each, weights=w)
    assert abs(expected - each.mean()) > 1e-3  # or it would prove nothing
    # 160 rows count; the eval split is measured whole, training in batches that are all of a size.
    assert trained.history["rows"] == 160
    assert entry["eval_loss"] == pytest.approx(expected, rel=1e-4)
    assert entry["eval_accuracy"] == pytest.approx(np.average((p > 0.5) == y, weights=w), rel=1e-5)
    both = _train(train, rows, **STILL, balance_classes=True)
    share = np.array([np.mean(y[w > 0] == label) for label in y])
    assert both.history["epochs"][0]["eval_loss"] == pytest.approx(
        _balanced(_scores(both, rows), y, w / share), rel=1e-4
    )


def _balanced(p: Any, y: Any, w: Any) -> float:
    p = p.astype(np.float64)
    return float(np.average(-np.where(y, np.log(p), np.log(1 - p)), weights=w))


def test_a_row_of_weight_0_is_as_good_as_none(train: Callable[..., Any]) -> None:
    """Its label says the opposite in the second data; only Transform, which ignores labels, sees it."""
    rows = _rows()
    opposite = {"yes": "no", "no": "yes"}
    others = [row if row["w"] else {**row, "y": opposite[row["y"]]} for row in rows]
    one, two = _train(train, rows), _train(train, others)
    for a, b in zip(one.kept["model"].weights, two.kept["model"].weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert one.history["epochs"][-1]["eval_loss"] == two.history["epochs"][-1]["eval_loss"]


def test_a_missing_weight_is_refused(train: Callable[..., Any]) -> None:
    """Through Transform, which has no weight for it."""
    rows = _rows(24)
    rows[4]["w"] = None
    with pytest.raises(ValueError, match="data.weight: column 'w' should be .*1 missing"):
        _train(train, rows)


def test_texts_are_weighted(train: Callable[..., Any]) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(1)
    rows = [
        {"t": " ".join(rng.choice(list("abcdef"), 3)), "w": float(n % 4), "y": ["no", "yes"][n % 2]}
        for n in range(80)
    ]
    text = {"encoder": "none", "length": 8, "buckets": 64, "width": 4, "hidden": 0}
    text |= {
        "fine_tune_epochs": 1,
        "fine_tune_rate": 1e-9,
        "least_steps": 0,
        "precision": "float32",
    }
    columns: dict[str, type] = {"t": str, "w": float, "y": str}
    features = {"t": "text", "w": "ignore"}
    trained = train(
        columns, rows, "y", "binary", ["no", "yes"], features, {"text": text}, weight="w"
    )
    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    p = signature(t=tf.constant([row["t"] for row in rows]))["score"].numpy().astype(np.float64)
    y, w = np.array([row["y"] == "yes" for row in rows]), np.array([row["w"] for row in rows])
    each = -np.where(y, np.log(p), np.log(1 - p))
    [entry] = trained.history["epochs"]
    assert entry["eval_loss"] == pytest.approx(np.average(each, weights=w), rel=1e-4)
    assert entry["eval_accuracy"] == pytest.approx(np.average((p > 0.5) == y, weights=w), rel=1e-5)
    assert entry["loss"] == pytest.approx(entry["eval_loss"], rel=0.05)  # dropout is on in training


def test_sequences_are_weighted(train: Callable[..., Any]) -> None:
    import tensorflow as tf

    rows = [
        {"t": "ab" * (1 + n % 3), "w": float(1 + n % 5), "y": " ".join("XY" * (1 + n % 3))}
        for n in range(40)
    ]
    settings = {"width": 8, "layers": 1, "epochs": 1, "batch_size": 8, "learning_rate": 1e-9}
    columns: dict[str, type] = {"t": str, "w": float, "y": str}
    features = {"t": "text", "w": "ignore"}
    trained = train(
        columns, rows, "y", "sequence", [], features, {"sequence": settings}, weight="w"
    )
    # Teacher forcing by hand: a, b are 2, 3; X, Y are 3, 4; 1 is the start, 2 the end.
    source = np.zeros((40, 6), np.int32)
    target = np.zeros((40, 7), np.int32)
    for n in range(40):
        length = 2 * (1 + n % 3)
        source[n, :length] = [2, 3] * (length // 2)
        target[n, :length] = [3, 4] * (length // 2)
        target[n, length] = 2
    before = np.concatenate([np.ones((40, 1), np.int32), target[:, :-1]], axis=1)
    model = trained.kept["model"]
    logits = model((tf.constant(source), tf.constant(before)), training=False)
    chance = tf.nn.log_softmax(logits).numpy().astype(np.float64)
    each = -np.take_along_axis(chance, target[:, :, None], axis=2)[:, :, 0] * (target != 0)
    w = np.array([row["w"] for row in rows])
    expected = np.sum(each * (w / w.mean())[:, None]) / np.sum(target != 0)
    [entry] = trained.history["epochs"]
    assert not math.isclose(expected, each.sum() / np.sum(target != 0), rel_tol=1e-4)
    assert entry["eval_loss"] == pytest.approx(expected, rel=1e-4)


def test_pictures_are_weighted(train: Callable[..., Any]) -> None:
    import pyarrow.parquet as pq
    import tensorflow as tf

    from data.fashion_mnist.locate import sample
    from data.fashion_mnist.originals import CLASSES

    table = pq.read_table(sample()).slice(0, 60).to_pylist()
    rows = [
        {"p": row["image"], "w": float(n % 4), "y": row["label"]} for n, row in enumerate(table)
    ]
    image = {"backbone": "small-cnn", "size": 28, "fine_tune_epochs": 1, "fine_tune_rate": 1e-9}
    image |= {"least_steps": 0, "precision": "float32", "dropout": 0.0}
    columns: dict[str, type] = {"p": bytes, "w": float, "y": str}
    features = {"p": "image", "w": "ignore"}
    trained = train(
        columns, rows, "y", "multiclass", list(CLASSES), features, {"image": image}, weight="w"
    )
    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    scores = signature(p=tf.constant([row["p"] for row in rows]))["scores"].numpy()
    y, w = np.array([CLASSES.index(row["y"]) for row in rows]), np.array([r["w"] for r in rows])
    each = -np.log(scores[np.arange(60), y].astype(np.float64))
    [entry] = trained.history["epochs"]
    expected = np.average(each, weights=w)
    assert not math.isclose(expected, each.mean(), rel_tol=1e-4)  # or it would prove nothing
    assert trained.history["rows"] == 45
    assert entry["eval_loss"] == pytest.approx(expected, rel=2e-5)
    right = scores.argmax(axis=1) == y
    assert entry["eval_accuracy"] == pytest.approx(np.average(right, weights=w), rel=1e-5)


@pytest.mark.parametrize("method", ["self", "propagation"])
def test_pseudo_labelled_rows_keep_a_weight_of_their_own(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """And those that weigh 0 are not asked; the rounds are judged by weighted rows."""
    from components.trainer import entry

    rows = _rows(60)
    more = [{**row, "w": 10 + row["w"] if row["w"] else 0.0, "y": None} for row in _rows(90)]
    seen: list[dict[float, float]] = []
    real = entry.learner_for

    def spy(spec: Any) -> Any:
        def learn(spec: Any, files: Any, evaluation: Any) -> Any:
            [(features, _, weights)] = list(files.batches(1000))
            weights = weights.numpy()
            seen.append(dict(zip(weights, features["x"].numpy()[:, 0], strict=True)))
            assert len(seen[-1]) == files.rows == len(weights)
            return real(spec)(spec, files, evaluation)

        return learn

    monkeypatch.setattr(entry, "learner_for", spy)
    semi = {"rounds": 1, "confidence": 0.5, "method": method, "neighbours": 3}
    inputs = (COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, SETTINGS)
    told = {"semi": json.dumps(semi)}
    trained = train(*inputs, told=told, unlabelled=more, weight="w")
    first, second = seen
    assert sorted(first) == pytest.approx(sorted(row["w"] for row in rows if row["w"]))
    assert all(second[weight] == first[weight] for weight in first)  # the same row as before
    expected = [row["w"] for row in (*rows, *more) if row["w"]]
    assert sorted(second) == pytest.approx(sorted(expected))
    rounds = trained.history["semi"]["rounds"]
    assert rounds[1]["of"] == rounds[1]["taken"] == 60
    kept = next(each for each in rounds if each["best"])
    right = (_scores(trained, rows) > 0.5) == np.array([row["y"] == "yes" for row in rows])
    weights = np.array([row["w"] for row in rows])
    assert kept["eval_accuracy"] == pytest.approx(np.average(right, weights=weights), rel=1e-5)
