"""How good a network's numbers are against labels, and how near to another's."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from components.lite_exporter.rows import Array
from data.tasks import Task

HIGHER_IS_BETTER = {"accuracy": True, "auc": True, "hamming_loss": False, "mae": False}


def chosen(answer: Array, task: Task, thresholds: Array) -> Array:
    """The decision: class numbers (rows,), or (rows, classes) of 0 and 1; a value is its own."""
    if task is Task.MULTILABEL:
        return np.asarray(answer > thresholds, np.float64)
    if task is Task.REGRESSION:
        return answer[:, 0]
    return np.asarray(answer.argmax(axis=1))


def measure(answer: Array, truth: Array, task: Task, thresholds: Array) -> dict[str, float]:
    """The task's metrics, the main one first.

    Args:
      answer: (rows, classes) probabilities, or (rows, 1) values.
      truth: as `rows.truth` gives it.
      task: what the label asks.
      thresholds: (classes,) of a multi-label task.
    """
    said = chosen(answer, task, thresholds)
    found = _METRICS[task](said, truth)
    if task is Task.BINARY and 0 < truth.sum() < len(truth):
        found["auc"] = float(roc_auc_score(truth, answer[:, 1]))
    return found


def agreement(answer: Array, other: Array, task: Task, thresholds: Array) -> float | None:
    """Share of decisions that are the same; None where values are predicted."""
    if task is Task.REGRESSION:
        return None
    pair = chosen(answer, task, thresholds), chosen(other, task, thresholds)
    return float(np.mean(pair[0] == pair[1]))


def drop(metric: str, value: float, reference: float) -> float:
    """How much is lost: points, or for mae a share; negative where something is gained."""
    if metric == "mae":
        return (value - reference) / reference if reference else value
    return reference - value if HIGHER_IS_BETTER[metric] else value - reference


_METRICS: dict[Task, Callable[[Array, Array], dict[str, float]]] = {
    Task.BINARY: lambda said, truth: {"accuracy": float(np.mean(said == truth))},
    Task.MULTICLASS: lambda said, truth: {"accuracy": float(np.mean(said == truth))},
    Task.MULTILABEL: lambda said, truth: {"hamming_loss": float(np.mean(said != truth))},
    Task.REGRESSION: lambda said, truth: {"mae": float(np.mean(np.abs(said - truth)))},
}
