"""Every metric of a slice from its labels, predictions and weights, in plain numpy.

Decisions are the ones a user sees: binary `score > 0.5`, multi-class the class with the highest
score. TFMA's own multi-class precision and recall decide by `probability > 0.5`, and its AUC bins
scores on a uniform grid; these do neither. Each value equals scikit-learn's with
`zero_division=0.0`, and is NaN where it is not defined, so that no gate passes on it:

- a prediction that is no finite number, or a label that is none of the classes: every metric;
- no rows, or weights that add up to nothing: every metric;
- one class only: auc, auc_pr; a class in neither labels nor decisions: its precision, recall, f1;
- all labels equal: r2.

Macro averages are over the classes that have a value; for precision, recall and f1 these are, as
in scikit-learn, the classes that occur in labels or decisions.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from data.tasks import Task

Array: TypeAlias = Any
"""A numpy array."""

ROWS = "example_count"
"""Bookkeeping beside the metrics, under the name that TFMA's own views know."""
INVALID_PREDICTIONS = "invalid_predictions"
INVALID_LABELS = "invalid_labels"
LABELS_DIFFER = "labels_differ"
"""Rows whose label another model numbers differently: the baseline knows other classes."""
BOOKKEEPING = (ROWS, INVALID_PREDICTIONS, INVALID_LABELS, LABELS_DIFFER)


class Rows:
    """One slice of the test split as one model sees it.

    Args:
      task: the task.
      labels: (rows,) class numbers, or regression targets; NaN where missing.
      predictions: (rows, 1) probability of the positive class or predicted value; (rows, classes)
        probabilities for multi-class.
      weights: (rows,) example weights.
    """

    def __init__(self, task: Task, labels: Array, predictions: Array, weights: Array) -> None:
        self.task = task
        self.labels = np.asarray(labels, np.float64)
        self._p = np.asarray(predictions, np.float64)
        self._w = np.asarray(weights, np.float64)

    @property
    def classes(self) -> int:
        """How many classes; 0 for regression."""
        return {Task.BINARY: 2, Task.REGRESSION: 0}.get(self.task, int(self._p.shape[1]))

    @cached_property
    def invalid_predictions(self) -> int:
        """Rows whose prediction is not made of finite numbers."""
        return int(np.count_nonzero(~np.isfinite(self._p).all(axis=1)))

    @cached_property
    def invalid_labels(self) -> int:
        """Rows whose label is missing or none of the classes."""
        if self.task is Task.REGRESSION:
            return int(np.count_nonzero(~np.isfinite(self.labels)))
        return int(np.count_nonzero(~np.isin(self.labels, np.arange(self.classes))))

    def value(self, key: str, class_id: int = -1) -> float:
        """One metric.

        Args:
          key: a metric key without `/<class>`, or one of the bookkeeping names.
          class_id: one class of a multi-class task; -1: macro average (accuracy, log loss: overall).
        """
        if key in _COUNTS:
            return float(_COUNTS[key](self))
        if self.invalid_predictions or self.invalid_labels or not self._w.sum() > 0:
            return math.nan
        if self.task is Task.REGRESSION:
            return self._regression(key)
        if key == "accuracy":
            return self._mean(self._decisions == self._classes_of_rows)
        if key == "log_loss":
            return self._log_loss()
        if key == "calibration":
            positives = float(self._w @ self.labels)
            return float(self._w @ self._p[:, 0]) / positives if positives else math.nan
        measure = _ranked if key in _RANKED else _decided
        if self.task is Task.BINARY:
            return measure(self, key, 1)
        if class_id >= 0:
            return measure(self, key, class_id)
        values = [measure(self, key, number) for number in range(self.classes)]
        present = [value for value in values if not math.isnan(value)]
        return float(np.mean(present)) if present else math.nan

    def _mean(self, values: Array) -> float:
        return float(self._w @ values / self._w.sum())

    def _regression(self, key: str) -> float:
        error = self.labels - self._p[:, 0]
        if key == "mae":
            return self._mean(np.abs(error))
        mse = self._mean(error**2)
        if key == "r2":
            spread = self._mean((self.labels - self._mean(self.labels)) ** 2)
            return 1 - mse / spread if spread else math.nan
        return math.sqrt(mse) if key == "rmse" else mse

    def _log_loss(self) -> float:
        if self.task is Task.BINARY:
            of_label = np.where(self.labels == 1, self._p[:, 0], 1 - self._p[:, 0])
        else:
            of_label = self._p[np.arange(len(self._p)), self._classes_of_rows]
        # A float32 probability may be exactly 0 or 1; the epsilon is that of Keras and TFMA.
        return self._mean(-np.log(np.clip(of_label, 1e-7, 1 - 1e-7)))

    @cached_property
    def _classes_of_rows(self) -> Array:
        return self.labels.astype(np.int64)

    @cached_property
    def _decisions(self) -> Array:
        if self.task is Task.BINARY:
            return (self._p[:, 0] > 0.5).astype(np.int64)
        return self._p.argmax(axis=1)

    @cached_property
    def _confusion(self) -> Array:
        """Weight per (label, decision)."""
        size = self.classes
        pairs = self._classes_of_rows * size + self._decisions
        counts = np.bincount(pairs, weights=self._w, minlength=size * size)
        return counts.reshape(size, size)

    def _scores_of(self, class_id: int) -> Array:
        return self._p[:, 0 if self.task is Task.BINARY else class_id]


_COUNTS: dict[str, Callable[[Rows], int]] = {
    ROWS: lambda rows: len(rows.labels),
    INVALID_PREDICTIONS: lambda rows: rows.invalid_predictions,
    INVALID_LABELS: lambda rows: rows.invalid_labels,
}


def _decided(rows: Rows, key: str, class_id: int) -> float:
    """Precision, recall or F1 of one class against the rest."""
    confusion = rows._confusion
    hits = float(confusion[class_id, class_id])
    labelled, chosen = float(confusion[class_id].sum()), float(confusion[:, class_id].sum())
    if not labelled and not chosen:
        return math.nan
    below = {"precision": chosen, "recall": labelled, "f1": (labelled + chosen) / 2}[key]
    return hits / below if below else 0.0


_RANKED = frozenset({"auc", "auc_pr"})


def _ranked(rows: Rows, key: str, class_id: int) -> float:
    """Area under the ROC curve, or average precision, of one class against the rest."""
    scores = rows._scores_of(class_id)
    order = np.argsort(-scores, kind="stable")
    scores, positive = scores[order], rows.labels[order] == class_id
    weights = rows._w[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # of each group of equal scores
    hits = np.cumsum(weights * positive)[last]
    alarms = np.cumsum(weights * ~positive)[last]
    if not hits[-1] > 0 or not alarms[-1] > 0:
        return math.nan
    if key == "auc_pr":
        chosen = hits + alarms
        precision = np.divide(hits, chosen, out=np.zeros_like(hits), where=chosen > 0)
        return float(np.diff(hits, prepend=0.0) @ precision / hits[-1])
    between = (hits + np.append(0.0, hits[:-1])) / 2
    return float(np.diff(alarms, prepend=0.0) @ between / (hits[-1] * alarms[-1]))
