"""What the training labels say before any column is looked at."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from components.trainer.transfer.batches import Array
from data.tasks import Task


@dataclass(frozen=True)
class Target:
    """The label's distribution in the training split."""

    start: tuple[float, ...]
    """The best outputs of a model that sees no column, one per unit: log-odds of the positive class,
    log-probability of each class, log-odds of each label, or the mean; none for sequences. A network
    that starts there keeps its probabilities honest on rare classes from the first step."""
    deviation: float
    """Regression: the standard deviation, never 0. Classification: 1."""


def target(
    labels: Array,
    task: Task,
    classes: list[str],
    balanced: bool = False,
    weights: Array | None = None,
) -> Target:
    """Looks at the training labels.

    Args:
      labels: (rows,) class numbers, values or texts; multi-label (rows, classes) of 0 and 1.
      task: what the label asks.
      classes: their names in order; empty for a task without classes.
      balanced: whether training will make all classes weigh the same.
      weights: (rows,) how much each row counts; None: all the same.

    Raises:
      ValueError: a label that is none of the classes, no finite number, or a text without a token.
    """
    count = np.ones(len(labels)) if weights is None else weights / weights.mean()
    return _TARGETS[task](labels, classes, balanced, count)


def _of_values(labels: Array, classes: list[str], balanced: bool, count: Array) -> Target:
    values = labels.astype(np.float64)
    wrong = int(np.sum(~np.isfinite(values)))
    if wrong:
        raise ValueError(
            f"regression needs a finite number as label in every row. Received: {wrong} of "
            f"{len(values)} missing or infinite"
        )
    mean = np.average(values, weights=count)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=count))
    return Target((float(mean),), float(deviation) or 1.0)


def _of_classes(labels: Array, classes: list[str], balanced: bool, count: Array) -> Target:
    _no_others(int(np.sum((labels < 0) | (labels >= len(classes)))), len(labels), classes)
    # One more of each, so that a class without rows has a finite logarithm.
    counts = np.bincount(labels.astype(np.int64), weights=count, minlength=len(classes)) + 1.0
    logs = np.log(np.ones(len(classes)) if balanced else counts / counts.sum())
    return Target(tuple(float(value) for value in logs), 1.0)


def _of_two_classes(labels: Array, classes: list[str], balanced: bool, count: Array) -> Target:
    negative, positive = _of_classes(labels, classes, balanced, count).start
    return Target((positive - negative,), 1.0)


def _of_sets(labels: Array, classes: list[str], balanced: bool, count: Array) -> Target:
    _no_others(int(np.sum((labels < 0).any(axis=1))), len(labels), classes)
    share = ((count @ labels).astype(labels.dtype) + 1.0) / (len(labels) + 2.0)
    return Target(tuple(float(value) for value in np.log(share / (1.0 - share))), 1.0)


def _of_texts(labels: Array, classes: list[str], balanced: bool, count: Array) -> Target:
    empty = sum(not text.split() for text in labels)
    if empty:
        raise ValueError(
            "a sequence needs at least one token as label in every row. Received: "
            f"{empty} of {len(labels)} without any"
        )
    return Target((), 1.0)


def _no_others(wrong: int, rows: int, classes: list[str]) -> None:
    if wrong:
        raise ValueError(
            f"the label of every row should be one of: {', '.join(classes)}. Received: {wrong} of "
            f"{rows} rows with another value or none"
        )


_TARGETS: dict[Task, Callable[[Array, list[str], bool, Array], Target]] = {
    Task.BINARY: _of_two_classes,
    Task.MULTICLASS: _of_classes,
    Task.MULTILABEL: _of_sets,
    Task.REGRESSION: _of_values,
    Task.SEQUENCE: _of_texts,
}
