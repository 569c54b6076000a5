"""Labels as the loss needs them, and how much each row counts."""

from collections.abc import Callable

import numpy as np

from components.trainer.transfer.batches import Array
from data.tasks import Task


def checked_labels(labels: Array, task: Task, units: int) -> Array:
    """Labels that fit the task and the number of logits.

    Args:
      labels: (rows,), or (rows, units) for regression and multi-label.
      task: what the label asks.
      units: how many logits: classes, 1 for binary, numbers to predict for regression.

    Returns:
      Multi-class: class numbers (rows,) int32. Binary: 0 or 1, (rows, 1) int32. Multi-label: 0 or
      1, (rows, units) float32. Regression: values (rows, units) float32.

    Raises:
      ValueError: labels outside the classes, missing values, or a number of logits the task
        cannot have.
    """
    return _CHECKS[task](labels, units)


def _values(labels: Array, units: int) -> Array:
    values = np.asarray(labels, np.float32).reshape(len(labels), -1)
    if values.shape[1] != units or not np.isfinite(values).all():
        raise ValueError(
            f"regression labels should be {units} finite numbers per row. "
            f"Received: {values.shape[1]} per row, {np.sum(~np.isfinite(values))} not finite"
        )
    return values


def _numbers(labels: Array, classes: int) -> Array:
    numbers = np.asarray(labels).reshape(len(labels))
    wrong = ~np.isin(numbers, np.arange(classes))
    if wrong.any():
        raise ValueError(
            f"labels should be whole numbers from 0 to {classes - 1}. "
            f"Received: {np.unique(numbers[wrong])[:5].tolist()}"
        )
    return numbers.astype(np.int32)


def _one_or_none(labels: Array, units: int) -> Array:
    if units != 1:
        raise ValueError(f"a binary model has 1 logit. Received: {units}")
    return _numbers(labels, 2)[:, None]


def _sets(labels: Array, units: int) -> Array:
    sets = np.asarray(labels, np.float32)
    if sets.shape != (len(sets), units) or not np.isin(sets, (0.0, 1.0)).all():
        raise ValueError(
            f"multi-label rows should be {units} zeros and ones each. Received: shape {sets.shape}"
        )
    return sets


_CHECKS: dict[Task, Callable[[Array, int], Array]] = {
    Task.BINARY: _one_or_none,
    Task.MULTICLASS: _numbers,
    Task.MULTILABEL: _sets,
    Task.REGRESSION: _values,
}


def row_weights(labels: Array, weights: Array | None, balance: bool) -> Array | None:
    """How much each training row counts, 1 on average.

    Args:
      labels: as `checked_labels` returns them.
      weights: the rows' own weights (rows,), or None.
      balance: multiply by the inverse of the class's frequency.

    Returns:
      (rows,) float32, or None where every row counts the same.

    Raises:
      ValueError: negative or missing weights, weights that add up to nothing, or classes balanced
        where there are none.
    """
    if weights is None and not balance:
        return None
    result = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    if balance:
        if labels.dtype != np.int32:
            raise ValueError("balance_classes needs one class in every row. Received: values")
        _, which, counts = np.unique(labels.ravel(), return_inverse=True, return_counts=True)
        result = result / counts[which]
    if not np.isfinite(result).all() or result.min() < 0 or result.sum() <= 0:
        raise ValueError(
            "row weights should be finite, none negative, some positive. "
            f"Received: {result.min()} to {result.max()}"
        )
    return (result / result.mean()).astype(np.float32)
