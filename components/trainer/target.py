"""What the training labels say before any column is looked at."""

from dataclasses import dataclass

import numpy as np

from components.trainer.batches import Array
from data.tasks import Task


@dataclass(frozen=True)
class Target:
    """The label's distribution in the training split."""

    start: tuple[float, ...]
    """The best outputs of a model that sees no column, one per unit: log-odds of the positive class,
    log-probability of each class, or the mean. A network that starts there keeps its probabilities
    honest on rare classes from the first step."""
    deviation: float
    """Regression: the standard deviation, never 0. Classification: 1."""


def target(labels: Array, task: Task, classes: list[str], balanced: bool = False) -> Target:
    """Looks at the training labels.

    Args:
      labels: (rows,) class numbers, or values.
      task: what the label asks.
      classes: their names in order; empty for regression.
      balanced: whether training will make all classes weigh the same.

    Raises:
      ValueError: a label that is none of the classes, or no finite number.
    """
    if task is Task.REGRESSION:
        values = labels.astype(np.float64)
        wrong = int(np.sum(~np.isfinite(values)))
        if wrong:
            raise ValueError(
                f"regression needs a finite number as label in every row. Received: {wrong} of "
                f"{len(values)} missing or infinite"
            )
        return Target((float(values.mean()),), float(values.std()) or 1.0)
    wrong = int(np.sum((labels < 0) | (labels >= len(classes))))
    if wrong:
        raise ValueError(
            f"the label of every row should be one of: {', '.join(classes)}. Received: {wrong} of "
            f"{len(labels)} rows with another value or none"
        )
    # One more of each, so that a class without rows has a finite logarithm.
    counts = np.bincount(labels.astype(np.int64), minlength=len(classes)) + 1.0
    logs = np.log(np.ones(len(classes)) if balanced else counts / counts.sum())
    start = [logs[1] - logs[0]] if task is Task.BINARY else logs.tolist()
    return Target(tuple(float(value) for value in start), 1.0)
