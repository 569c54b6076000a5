"""Every metric of a slice from its labels, predictions and weights, in plain numpy.

What is decided per row and summed is in contributions.py and formulas.py, what needs the order of
the scores in ranks.py. A metric is NaN where it is not defined, so that no gate passes on it:

- a prediction that is no finite number, or a label that is none of the classes: every metric;
- a weight that is negative or no finite number: every metric;
- no rows, or weights that add up to nothing: every metric;
- one class only: auc, auc_pr. The rest is in formulas.py.
"""

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from components.evaluator import formulas, ranks
from components.evaluator.contributions import Columns, contributions
from components.evaluator.sequences import Array
from data.tasks import Task

ROWS = "example_count"
"""Bookkeeping beside the metrics, under the name that TFMA's own views know."""
INVALID_PREDICTIONS = "invalid_predictions"
INVALID_LABELS = "invalid_labels"
INVALID_WEIGHTS = "invalid_weights"
LABELS_DIFFER = "labels_differ"
"""Rows whose label another model numbers differently: the baseline knows other classes."""
BOOKKEEPING = (ROWS, INVALID_PREDICTIONS, INVALID_LABELS, INVALID_WEIGHTS, LABELS_DIFFER)


class Rows:
    """One slice of the test split as one model sees it.

    Args:
      task: the task.
      labels: (rows,) class numbers, or regression targets; NaN where missing. Multi-label: (rows,
        classes) of 0 and 1. Sequence: any number that tells texts apart.
      predictions: as `contributions` takes them.
      weights: (rows,) example weights.
    """

    def __init__(self, task: Task, labels: Array, predictions: Array, weights: Array) -> None:
        self.task = task
        self.labels = np.asarray(labels, np.float64)
        self._p = np.asarray(predictions, np.float64)
        self._w = np.asarray(weights, np.float64)

    @property
    def classes(self) -> int:
        """How many classes; 0 without classes."""
        width = int(self._p.shape[1])
        return {Task.BINARY: 2, Task.MULTICLASS: width, Task.MULTILABEL: width // 2}.get(
            self.task, 0
        )

    @cached_property
    def invalid_predictions(self) -> int:
        """Rows whose prediction is not made of finite numbers."""
        return int(np.count_nonzero(~np.isfinite(self._p).all(axis=1)))

    @cached_property
    def invalid_labels(self) -> int:
        """Rows whose label is missing or none of the classes."""
        if self.task in (Task.REGRESSION, Task.SEQUENCE):
            return int(np.count_nonzero(~np.isfinite(self.labels)))
        if self.task is Task.MULTILABEL:
            known = np.isin(self.labels, (0, 1)).reshape(len(self.labels), self.classes)
            return int(np.count_nonzero(~known.all(axis=1)))
        return int(np.count_nonzero(~np.isin(self.labels, np.arange(self.classes))))

    @cached_property
    def invalid_weights(self) -> int:
        """Rows whose weight is negative or no finite number."""
        return int(np.count_nonzero(~(np.isfinite(self._w) & (self._w >= 0))))

    def value(self, key: str, class_id: int = -1) -> float:
        """One metric.

        Args:
          key: a metric key without `/<class>`, or one of the bookkeeping names.
          class_id: one class of a multi-class or multi-label task; -1: all of them.
        """
        if key in _COUNTS:
            return float(_COUNTS[key](self))
        if self.invalid_predictions or self.invalid_labels or self.invalid_weights:
            return math.nan
        if not self._w.sum() > 0:
            return math.nan
        how, _, plain = key.partition("_")
        if key in ranks.RANKED or (how == "weighted" and plain in ranks.RANKED):
            return self._ranked(key, class_id)
        return float(formulas.value(self._columns, key, self._sums, class_id)[0])

    def _ranked(self, key: str, class_id: int) -> float:
        plain = key.removeprefix("weighted_")
        if self.task is Task.BINARY:
            return self._ranked_one(plain, 1)
        if class_id >= 0:
            return self._ranked_one(plain, class_id)
        values = [self._ranked_one(plain, number) for number in range(self.classes)]
        labelled = self._sums[:, self._columns["labelled"]] if plain != key else None
        return float(formulas.average(np.array([values]), labelled)[0])

    def _ranked_one(self, key: str, class_id: int) -> float:
        scores = self._p[:, 0 if self.task is Task.BINARY else class_id]
        several = self.task is Task.MULTILABEL
        positive = self.labels[:, class_id] == 1 if several else self.labels == class_id
        return ranks.ranked(key, scores, positive, self._w)

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.task, self.classes)

    @cached_property
    def _sums(self) -> Array:
        origin = float(self.labels.mean()) if self.task is Task.REGRESSION else 0.0
        return (self._w @ contributions(self._columns, self.labels, self._p, origin))[None]


_COUNTS: dict[str, Callable[[Rows], int]] = {
    ROWS: lambda rows: len(rows.labels),
    INVALID_PREDICTIONS: lambda rows: rows.invalid_predictions,
    INVALID_LABELS: lambda rows: rows.invalid_labels,
    INVALID_WEIGHTS: lambda rows: rows.invalid_weights,
}
