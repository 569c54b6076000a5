"""Every metric against scikit-learn, on random rows and on nasty ones."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator.statistics import Rows
from data.metrics import metrics_for
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


def rows(task: Task, y: Any, p: Any, w: Any = None) -> Rows:
    p = np.asarray(p, np.float64)
    weights = np.ones(len(p)) if w is None else np.asarray(w)
    return Rows(task, np.asarray(y, float), p if p.ndim == 2 else p[:, None], weights)


def compare(measured: Rows, expected: dict[str, float]) -> None:
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
    assert set(expected) == {metric.key for metric in metrics_for(Task.MULTICLASS)}
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


UNUSABLE = {
    "NaN prediction": (Task.BINARY, [0, 1, 1], [0.1, math.nan, 0.9], None),
    "NaN for one class": (Task.MULTICLASS, [0, 1], [[0.5, 0.5], [math.nan, 0.1]], None),
    "infinite prediction": (Task.REGRESSION, [1.0, 2.0], [math.inf, 2.0], None),
    "missing label": (Task.REGRESSION, [1.0, math.nan], [1.0, 2.0], None),
    "label -1": (Task.MULTICLASS, [0, -1], [[0.9, 0.1], [0.2, 0.8]], None),
    "label past the last": (Task.BINARY, [0, 2], [0.1, 0.9], None),
    "no rows": (Task.BINARY, [], [], None),
    "no weight": (Task.BINARY, [0, 1], [0.1, 0.9], [0.0, 0.0]),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_no_metric_has_a_value(case: str) -> None:
    task, y, p, w = UNUSABLE[case]
    measured = rows(task, y, np.asarray(p, float), w)
    for metric in metrics_for(task):
        assert math.isnan(measured.value(metric.key)), metric.key
    assert measured.value("example_count") == len(y)
    assert measured.value("invalid_predictions") == ("prediction" in case or "NaN" in case)
    assert measured.value("invalid_labels") == ("label" in case)
