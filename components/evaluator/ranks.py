"""Metrics of how scores rank the rows: area under the ROC curve, and average precision.

Ties are one step, as in scikit-learn: equal scores never depend on the order of the rows. No grid
of thresholds is involved, so bunched scores rank as well as spread ones.
"""

import numpy as np

from components.evaluator.sequences import Array

RANKED = frozenset({"auc", "auc_pr"})


def ranked(key: str, scores: Array, positive: Array, weights: Array) -> float:
    """Area under the ROC curve (`auc`), or average precision (`auc_pr`), of one class.

    Args:
      key: `auc` or `auc_pr`.
      scores: (rows,).
      positive: (rows,) bool, whether the row is of the class.
      weights: (rows,), none negative.

    Returns:
      NaN where one side has no weight.
    """
    hits, alarms = steps(scores, positive, weights)[:2]
    if not len(hits) or not hits[-1] > 0 or not alarms[-1] > 0:
        return float("nan")
    if key == "auc_pr":
        chosen = hits + alarms
        precision = np.divide(hits, chosen, out=np.zeros_like(hits), where=chosen > 0)
        return float(np.diff(hits, prepend=0.0) @ precision / hits[-1])
    between = (hits + np.append(0.0, hits[:-1])) / 2
    return float(np.diff(alarms, prepend=0.0) @ between / (hits[-1] * alarms[-1]))


def steps(scores: Array, positive: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Weight of positives and of negatives at or above each distinct score, and those scores,
    highest first."""
    order = np.argsort(-scores, kind="stable")
    scores, positive, weights = scores[order], positive[order], weights[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))[: len(scores)]
    hits = np.cumsum(weights * positive)[last]
    alarms = np.cumsum(weights * ~positive)[last]
    return hits, alarms, scores[last]
