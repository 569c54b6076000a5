"""Every metric against scikit-learn, on random rows and on nasty ones."""

import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator.chunk import from_arrays
from components.evaluator.tally import Kept, Tally
from data.metrics import has_overall_value, metrics_for
from data.tasks import Task

DECIDED = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
RANKED = {"auc": sk.roc_auc_score, "auc_pr": sk.average_precision_score}
RANDOM = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def binary(y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> dict[str, float]:
    """All binary metrics by scikit-learn."""
    decision = p > 0.5
    ratio = np.average(p, weights=w) / np.average(y, weights=w)
    return {
        "accuracy": sk.accuracy_score(y, decision, sample_weight=w),
        **{k: f(y, decision, sample_weight=w, zero_division=0.0) for k, f in DECIDED.items()},
        **{k: f(y, p, sample_weight=w) for k, f in RANKED.items()},
        "log_loss": sk.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), sample_weight=w, labels=[0, 1]),
        "calibration": ratio,
    }


def rows(task: Task, y: Any, p: Any, w: Any = None) -> Tally:
    p = np.asarray(p, np.float64)
    return Tally.of(task, from_arrays(y, p if p.ndim == 2 else p[:, None], w))


def compare(measured: Tally, expected: dict[str, float]) -> None:
    for key, value in expected.items():
        assert measured.value(key) == pytest.approx(value, rel=1e-9, abs=1e-12), key


LABELS = (RANDOM.random(400) < 0.3).astype(int)
SCORES = np.clip(RANDOM.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1).astype(np.float32).astype(float)
WEIGHTS = RANDOM.random(400) * 3
BINARY = {
    "random": (LABELS, SCORES, None),
    "weighted": (LABELS, SCORES, WEIGHTS),
    "some weights zero": (LABELS, SCORES, np.where(WEIGHTS < 1, 0.0, WEIGHTS)),
    "ties": (LABELS, np.round(SCORES, 1), WEIGHTS),
    "all scores equal": (LABELS, np.full(400, 0.5), None),
    "bunched within 1e-4": (LABELS, 0.3 + SCORES * 1e-4, WEIGHTS),
    "exactly 0 and 1": (LABELS, (SCORES > 0.45).astype(float), None),
    "two rows": (np.array([0, 1]), np.array([0.2, 0.1]), None),
    "nothing chosen": (LABELS, SCORES * 0.4, None),
}


@pytest.mark.parametrize("case", BINARY)
def test_binary(case: str) -> None:
    y, p, w = BINARY[case]
    expected = binary(y, p, w)
    assert set(expected) == {metric.key for metric in metrics_for(Task.BINARY)}
    compare(rows(Task.BINARY, y, p, w), expected)


def test_one_class_has_no_curve_but_the_rest() -> None:
    measured = rows(Task.BINARY, np.zeros(5), [0.1, 0.2, 0.7, 0.3, 0.1])
    assert math.isnan(measured.value("auc")) and math.isnan(measured.value("auc_pr"))
    assert math.isnan(measured.value("calibration"))
    assert measured.value("accuracy") == pytest.approx(0.8)
    assert measured.value("precision") == 0  # one false alarm
    quiet = rows(Task.BINARY, np.zeros(5), np.full(5, 0.1))
    assert math.isnan(quiet.value("f1"))  # neither labels nor decisions have the class
    assert quiet.value("accuracy") == 1


def multiclass(y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> dict[str, float]:
    decision = p.argmax(axis=1)
    present = [c for c in range(p.shape[1]) if (y == c).any() and not (y == c).all()]
    clipped = np.clip(p[np.arange(len(y)), y], 1e-7, 1 - 1e-7)
    return {
        "accuracy": sk.accuracy_score(y, decision, sample_weight=w),
        **{
            k: f(y, decision, average="macro", sample_weight=w, zero_division=0.0)
            for k, f in DECIDED.items()
        },
        **{
            k: np.mean([f(y == c, p[:, c], sample_weight=w) for c in present])
            for k, f in RANKED.items()
        },
        "log_loss": np.average(-np.log(clipped), weights=w),
    }


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    return (p / p.sum(axis=1, keepdims=True)).astype(float)


TEN = RANDOM.integers(0, 10, 600)
TEN_SCORES = softmax(RANDOM.normal(0, 1, (600, 10)) + 2 * np.eye(10)[TEN])
ABSENT = np.where(TEN == 4, 5, TEN)
MULTICLASS = {
    "random": (TEN, TEN_SCORES, None),
    "weighted": (TEN, TEN_SCORES, RANDOM.random(600)),
    "one of ten absent": (ABSENT, TEN_SCORES, None),
    "absent and never chosen": (ABSENT, TEN_SCORES * (np.arange(10) != 4), None),
    "three of ten, all right": (TEN % 3, np.eye(10)[TEN % 3], None),
    "ties": (TEN, np.round(TEN_SCORES, 1), None),
    "single row": (TEN[:1], TEN_SCORES[:1], None),
}


@pytest.mark.parametrize("case", MULTICLASS)
def test_multiclass(case: str) -> None:
    y, p, w = MULTICLASS[case]
    expected = multiclass(y, p, w)
    assert {metric.key for metric in metrics_for(Task.MULTICLASS)} == set(expected)
    measured = rows(Task.MULTICLASS, y, p, w)
    if case == "single row":
        assert math.isnan(measured.value("auc")) and math.isnan(measured.value("auc_pr"))
        expected = {k: v for k, v in expected.items() if k not in RANKED}
    compare(measured, expected)
    decision = p.argmax(axis=1)
    for c in range(10):
        if not (y == c).any() and not (decision == c).any():
            assert math.isnan(measured.value("f1", c))
            continue
        for key, score in DECIDED.items():
            [value] = score(
                y, decision, labels=[c], average=None, sample_weight=w, zero_division=0.0
            )
            assert measured.value(key, c) == pytest.approx(value), (key, c)
        if (y == c).any() and not (y == c).all():
            for key, score in RANKED.items():
                value = score(y == c, p[:, c], sample_weight=w)
                assert measured.value(key, c) == pytest.approx(value), (key, c)
        else:
            assert math.isnan(measured.value("auc", c))


@pytest.mark.parametrize("weights", [None, RANDOM.random(300)])
def test_regression(weights: np.ndarray | None) -> None:
    y = RANDOM.normal(1e6, 10, 300)  # a large offset: r2 must not cancel
    p = y + RANDOM.normal(0, 3, 300)
    mse = sk.mean_squared_error(y, p, sample_weight=weights)
    expected = {
        "mse": mse,
        "rmse": math.sqrt(mse),
        "mae": sk.mean_absolute_error(y, p, sample_weight=weights),
        "r2": sk.r2_score(y, p, sample_weight=weights),
    }
    assert set(expected) == {metric.key for metric in metrics_for(Task.REGRESSION)}
    compare(rows(Task.REGRESSION, y, p, weights), expected)


def test_r2_of_equal_labels_is_undefined() -> None:
    for count in (1, 4):
        measured = rows(Task.REGRESSION, np.full(count, 2.0), np.arange(count))
        assert math.isnan(measured.value("r2"))
        assert math.isfinite(measured.value("mse"))


def test_averages_and_top_k_of_classes() -> None:
    y, p, w = TEN, TEN_SCORES, RANDOM.random(600)
    decision = p.argmax(axis=1)
    measured = rows(Task.MULTICLASS, y, p, w)
    for how in ("macro", "micro", "weighted"):
        for key, score in DECIDED.items():
            expected = score(y, decision, average=how, sample_weight=w, zero_division=0.0)
            assert measured.value(f"{how}_{key}") == pytest.approx(expected, rel=1e-9), (how, key)
    normal = p / p.sum(axis=1, keepdims=True)
    expected = sk.roc_auc_score(y, normal, multi_class="ovr", average="weighted", sample_weight=w)
    assert measured.value("weighted_auc") == pytest.approx(
        np.average(
            [sk.roc_auc_score(y == c, p[:, c], sample_weight=w) for c in range(10)],
            weights=[w[y == c].sum() for c in range(10)],
        ),
        rel=1e-9,
    )
    for k in (2, 3, 5, 10):
        expected = sk.top_k_accuracy_score(y, p, k=k, sample_weight=w, labels=range(10))
        assert measured.value(f"top_{k}_accuracy") == pytest.approx(expected, rel=1e-9), k


def test_the_first_of_equal_scores_is_chosen_first() -> None:
    measured = rows(Task.MULTICLASS, [0, 1, 2, 2], np.full((4, 4), 0.25))
    assert measured.value("accuracy") == 0.25
    assert measured.value("top_2_accuracy") == 0.5 and measured.value("top_3_accuracy") == 1


SEVERAL = (RANDOM.random((500, 4)) < [0.5, 0.2, 0.05, 0.3]).astype(float)
SEVERAL_SCORES = np.clip(RANDOM.normal(0.3 + 0.3 * SEVERAL, 0.2), 0, 1)
MULTILABEL = {
    "random": (SEVERAL, SEVERAL_SCORES, None),
    "weighted": (SEVERAL, SEVERAL_SCORES, RANDOM.random(500)),
    "ties": (SEVERAL, np.round(SEVERAL_SCORES, 1), None),
    "a label in every row": (np.maximum(SEVERAL, [1, 0, 0, 0]), SEVERAL_SCORES, None),
    "a label in no row": (SEVERAL * [1, 1, 0, 1], SEVERAL_SCORES, None),
    "no label at all": (SEVERAL * 0, SEVERAL_SCORES, None),
    "single row": (SEVERAL[:1], SEVERAL_SCORES[:1], None),
}


@pytest.mark.parametrize("case", MULTILABEL)
def test_multilabel(case: str) -> None:
    y, p, w = MULTILABEL[case]
    chosen = (p > [0.5, 0.4, 0.6, 0.5]).astype(int)
    measured = rows(Task.MULTILABEL, y, np.concatenate([p, chosen], axis=1), w)
    expected = {
        "hamming_loss": sk.hamming_loss(y, chosen, sample_weight=w),
        "subset_accuracy": sk.accuracy_score(y, chosen, sample_weight=w),
    }
    seen = [c for c in range(4) if y[:, c].any() or chosen[:, c].any()]
    for key, score in DECIDED.items():
        for how in ("macro", "micro", "weighted"):
            expected[f"{how}_{key}"] = score(
                y[:, seen], chosen[:, seen], average=how, sample_weight=w, zero_division=0.0
            )
            if how == "weighted" and not y.any():
                expected[f"{how}_{key}"] = math.nan  # scikit-learn: 0
    with_curve = [c for c in range(4) if 0 < y[:, c].sum() < len(y)]
    for key, score in RANKED.items():
        values = [score(y[:, c], p[:, c], sample_weight=w) for c in with_curve]
        expected[key] = np.mean(values) if values else math.nan
    asked = {
        metric.key
        for metric in metrics_for(Task.MULTILABEL)
        if has_overall_value(metric.key, Task.MULTILABEL)
    }
    assert asked <= set(expected)
    for key, value in expected.items():
        assert measured.value(key) == pytest.approx(value, rel=1e-9, nan_ok=True), key
    for c in seen:
        for key, score in DECIDED.items():
            value = score(y[:, c], chosen[:, c], sample_weight=w, zero_division=0.0)
            assert measured.value(key, c) == pytest.approx(value), (key, c)
    for c in with_curve:
        value = sk.roc_auc_score(y[:, c], p[:, c], sample_weight=w)
        assert measured.value("auc", c) == pytest.approx(value)


UNUSABLE = {
    "NaN prediction": (Task.BINARY, [0, 1, 1], [0.1, math.nan, 0.9], None),
    "NaN for one class": (Task.MULTICLASS, [0, 1], [[0.5, 0.5], [math.nan, 0.1]], None),
    "infinite prediction": (Task.REGRESSION, [1.0, 2.0], [math.inf, 2.0], None),
    "missing label": (Task.REGRESSION, [1.0, math.nan], [1.0, 2.0], None),
    "label -1": (Task.MULTICLASS, [0, -1], [[0.9, 0.1], [0.2, 0.8]], None),
    "label past the last": (Task.BINARY, [0, 2], [0.1, 0.9], None),
    "no rows": (Task.BINARY, [], [], None),
    "no weight": (Task.BINARY, [0, 1], [0.1, 0.9], [0.0, 0.0]),
    "negative weight": (Task.BINARY, [0, 1], [0.1, 0.9], [2.0, -1.0]),
    "NaN as weight": (Task.BINARY, [0, 1], [0.1, 0.9], [1.0, math.nan]),
    "NaN prediction of two": (Task.MULTILABEL, [[0, 1]], [[0.1, math.nan, 0, 1]], None),
    "missing label of two": (Task.MULTILABEL, [[math.nan, 1]], [[0.1, 0.2, 0, 1]], None),
    "no rows of several": (Task.MULTILABEL, np.zeros((0, 2)), np.zeros((0, 4)), None),
    "NaN prediction of text": (Task.SEQUENCE, [1.0], np.full((1, 12), math.nan), None),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_no_metric_has_a_value(case: str) -> None:
    task, y, p, w = UNUSABLE[case]
    measured = rows(task, y, np.asarray(p, float), w)
    for metric in metrics_for(task):
        if has_overall_value(metric.key, task):
            assert math.isnan(measured.value(metric.key)), metric.key
    assert measured.value("example_count") == len(y)
    bad = "prediction" in case or case == "NaN for one class"
    assert measured.value("invalid_predictions") == bad
    assert measured.value("invalid_weights") == (case in ("negative weight", "NaN as weight"))
    assert measured.value("invalid_labels") == ("label" in case)


def test_a_tally_does_not_grow_with_its_rows() -> None:
    random = np.random.default_rng(1)
    tally = Tally(Task.BINARY, Kept(sample=5_000))
    sizes = []
    for _ in range(8):
        p = random.random(60_000)
        tally.add(from_arrays(random.random(60_000) < p, p[:, None]))
        sizes.append(len(pickle.dumps(tally)))
    places = 1 << 17
    assert sizes[-1] < places * 48 + 300_000  # a key, a range and three weights of eight bytes each
    assert sizes[-1] < 1.2 * max(sizes[:4])
    assert tally.value("example_count") == 480_000
