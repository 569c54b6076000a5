"""The value of every metric key from labels, predictions and weights: plain scikit-learn.

Decisions are the ones a user sees: binary `score > 0.5`, multi-class the class with the highest
score. TFMA's own multi-class precision and recall decide by `probability > 0.5`, and its AUC bins
scores on a uniform grid; these do neither.
"""

import math
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from data.tasks import Task

Array = NDArray[np.float64]


def statistic(
    key: str, task: Task, labels: Array, predictions: Array, weights: Array, class_id: int = -1
) -> float:
    """One metric's value.

    Args:
      key: a metric key without `/<class>`.
      task: the task.
      labels: (rows,) class indices, or regression targets.
      predictions: (rows,) probability of the positive class or predicted value; (rows, classes)
        probabilities for multi-class.
      weights: (rows,) example weights.
      class_id: one class of a multi-class task; -1: macro average (accuracy, log loss: overall).

    Returns:
      The value; NaN where it is undefined (no rows, one class only for AUC, a NaN prediction).
    """
    if not len(labels) or np.isnan(predictions).any():
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=sk_undefined())
        try:
            if task is Task.REGRESSION:
                return _regression(key, labels, predictions, weights)
            if task is Task.BINARY:
                return _binary(key, labels, predictions, weights)
            return _multiclass(key, labels, predictions, weights, class_id)
        except ValueError:  # scikit-learn: undefined for these labels
            return math.nan


def sk_undefined() -> type[Warning]:
    """The warning scikit-learn gives where a ratio has nothing below the line."""
    from sklearn.exceptions import UndefinedMetricWarning

    return UndefinedMetricWarning


def _regression(key: str, y: Array, p: Array, w: Array) -> float:
    if key == "r2":
        return float(sk.r2_score(y, p, sample_weight=w)) if len(y) > 1 else math.nan
    if key == "mae":
        return float(sk.mean_absolute_error(y, p, sample_weight=w))
    mse = float(sk.mean_squared_error(y, p, sample_weight=w))
    return math.sqrt(mse) if key == "rmse" else mse


def _binary(key: str, y: Array, p: Array, w: Array) -> float:
    if key in _RANKED:
        return _ranked(key, y == 1, p, w)
    if key == "log_loss":
        return float(sk.log_loss(y, _clipped(p), sample_weight=w, labels=[0, 1]))
    if key == "calibration":
        expected = float(np.sum(w * y))
        return float(np.sum(w * p)) / expected if expected else math.nan
    return _decided(key, y, (p > 0.5).astype(float), w, labels=[1], average=None)


def _multiclass(key: str, y: Array, p: Array, w: Array, class_id: int) -> float:
    classes = range(p.shape[1]) if class_id < 0 else [class_id]
    if key in _RANKED:  # one against the rest; a class without rows does not count in the mean
        values = [_ranked(key, y == c, p[:, c], w) for c in classes]
        present = [value for value in values if not math.isnan(value)]
        return float(np.mean(present)) if present else math.nan
    if key == "log_loss":
        return float(sk.log_loss(y, _clipped(p), sample_weight=w, labels=list(range(p.shape[1]))))
    average = "macro" if class_id < 0 else None
    return _decided(key, y, p.argmax(axis=1).astype(float), w, labels=list(classes), average=average)


_RANKED = {"auc": sk.roc_auc_score, "auc_pr": sk.average_precision_score}


def _ranked(key: str, positive: NDArray[np.bool_], p: Array, w: Array) -> float:
    if positive.all() or not positive.any():
        return math.nan
    return float(_RANKED[key](positive, p, sample_weight=w))


_DECIDED = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def _decided(
    key: str, y: Array, decision: Array, w: Array, labels: list[int], average: str | None
) -> float:
    if key == "accuracy":
        return float(sk.accuracy_score(y, decision, sample_weight=w))
    value = _DECIDED[key](
        y, decision, labels=labels, average=average, sample_weight=w, zero_division=0.0
    )
    return float(np.ravel(value)[0])


def _clipped(p: Array) -> Array:
    # A float32 probability may be exactly 0 or 1; the epsilon is that of Keras and TFMA.
    return np.clip(p, 1e-7, 1 - 1e-7)
