"""Where a probability is enough: one threshold per label, chosen on the eval split."""

from typing import Literal

import numpy as np

from components.trainer.transfer.batches import Array

Criterion = Literal["hamming", "f1"]


def choose(
    scores: Array, truth: Array, criterion: Criterion, weights: Array | None = None
) -> Array:
    """The best threshold of each label.

    Args:
      scores: (rows, labels) probabilities.
      truth: (rows, labels) of 0 and 1.
      criterion: `hamming`: fewest wrong labels; `f1`: highest F1 of the label.
      weights: (rows,) how much each row counts; None: all the same.

    Returns:
      (labels,) float32, each between 0 and 1.
    """
    count = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    return np.array(
        [_best(scores[:, n], truth[:, n] > 0.5, criterion, count) for n in range(scores.shape[1])],
        np.float32,
    )


def _best(scores: Array, truth: Array, criterion: Criterion, count: Array) -> float:
    grid = np.linspace(0.05, 0.95, 91)
    chosen = scores[:, None] > grid  # (rows, thresholds)
    hits = count @ (chosen & truth[:, None])
    wrong = count @ (chosen != truth[:, None])
    if criterion == "hamming":
        value = -wrong / count.sum()
    else:
        value = 2 * hits / np.maximum(count @ chosen + count @ truth, 1e-12)
    best = np.flatnonzero(value >= value.max() - 1e-12)
    return float(grid[best[np.argmin(np.abs(grid[best] - 0.5))]])
