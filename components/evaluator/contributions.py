"""What each row adds: columns of numbers whose weighted sums give every metric that needs no ranking.

Sums merge over bundles, slices and machines, and a bootstrap replicate is the same sum with other
weights. Decisions are the ones a user sees: binary `score > 0.5`, multi-class the class with the
highest score (the first of equals), multi-label what the served graph chose.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from components.evaluator import sequences
from components.evaluator.sequences import Array
from data.tasks import Task

TOP = (2, 3, 5, 10)
"""The k of `top_<k>_accuracy`."""
_SCALARS: dict[Task, tuple[str, ...]] = {
    Task.BINARY: ("rows", "correct", "loss", "score", "positive"),
    Task.MULTICLASS: ("rows", "correct", "loss", *(f"top_{k}" for k in TOP)),
    Task.MULTILABEL: ("rows", "correct", "wrong"),
    Task.REGRESSION: ("rows", "label", "square", "squared_error", "absolute_error"),
    Task.SEQUENCE: ("rows", *sequences.COLUMNS),
}
_PER_CLASS = ("labelled", "chosen", "hits")
_EPSILON = 1e-7
"""A float32 probability may be exactly 0 or 1; this is the epsilon of Keras and TFMA."""


@dataclass(frozen=True)
class Columns:
    """Where each sum lies.

    Args:
      task: the task.
      classes: how many; 0 without classes.
    """

    task: Task
    classes: int

    @property
    def width(self) -> int:
        """How many numbers a row adds."""
        return len(_SCALARS[self.task]) + len(_PER_CLASS) * self.classes

    def __getitem__(self, name: str) -> Any:
        """The column of a scalar, or the slice of columns of a sum per class."""
        scalars = _SCALARS[self.task]
        if name in scalars:
            return scalars.index(name)
        start = len(scalars) + _PER_CLASS.index(name) * self.classes
        return slice(start, start + self.classes)


def contributions(
    columns: Columns, labels: Array, predictions: Array, origin: float = 0.0
) -> Array:
    """(rows, columns.width) float64, before weights.

    Args:
      columns: the layout.
      labels: (rows,) class numbers or values; multi-label (rows, classes) of 0 and 1.
      predictions: binary and regression (rows, 1), multi-class (rows, classes), multi-label
        (rows, 2 * classes): scores, then decisions; sequence (rows, len(sequences.COLUMNS)).
      origin: regression: squares are of `label - origin`, which keeps their digits.
    """
    found = np.zeros((len(labels), columns.width))
    found[:, columns["rows"]] = 1
    if columns.task is Task.REGRESSION:
        error = labels - predictions[:, 0]
        found[:, columns["label"]] = labels - origin
        found[:, columns["square"]] = (labels - origin) ** 2
        found[:, columns["squared_error"]] = error**2
        found[:, columns["absolute_error"]] = np.abs(error)
    elif columns.task is Task.SEQUENCE:
        found[:, 1:] = predictions
    elif columns.task is Task.MULTILABEL:
        truth, chosen = labels, predictions[:, columns.classes :]
        found[:, columns["wrong"]] = (truth != chosen).sum(axis=1)
        found[:, columns["correct"]] = (truth == chosen).all(axis=1)
        _per_class(columns, found, truth, chosen)
    else:
        _one_class(columns, found, labels.astype(np.int64), predictions)
    return found


def decisions(task: Task, predictions: Array) -> Array:
    """(rows,) class numbers of a binary or multi-class model."""
    if task is Task.BINARY:
        return (predictions[:, 0] > 0.5).astype(np.int64)
    return predictions.argmax(axis=1)


def losses(task: Task, labels: Array, predictions: Array) -> Array:
    """(rows,) negative log-probability of the label, of a binary or multi-class model."""
    if task is Task.BINARY:
        of_label = np.where(labels == 1, predictions[:, 0], 1 - predictions[:, 0])
    else:
        of_label = predictions[np.arange(len(predictions)), labels.astype(np.int64)]
    return -np.log(np.clip(of_label, _EPSILON, 1 - _EPSILON))


def _one_class(columns: Columns, found: Array, labels: Array, predictions: Array) -> None:
    chosen = decisions(columns.task, predictions)
    found[:, columns["correct"]] = chosen == labels
    found[:, columns["loss"]] = losses(columns.task, labels, predictions)
    if columns.task is Task.BINARY:
        found[:, columns["score"]] = predictions[:, 0]
        found[:, columns["positive"]] = labels
    else:
        own = predictions[np.arange(len(labels)), labels][:, None]
        earlier = np.arange(columns.classes) < labels[:, None]
        before = ((predictions > own) | ((predictions == own) & earlier)).sum(axis=1)
        for k in TOP:
            found[:, columns[f"top_{k}"]] = before < k
    every = np.arange(columns.classes)
    _per_class(columns, found, labels[:, None] == every, chosen[:, None] == every)


def _per_class(columns: Columns, found: Array, truth: Array, chosen: Array) -> None:
    found[:, columns["labelled"]] = truth
    found[:, columns["chosen"]] = chosen
    found[:, columns["hits"]] = truth * chosen
