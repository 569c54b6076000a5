"""Where a probability is enough: one threshold per label, chosen on the eval split."""

from typing import Literal

import numpy as np

from components.trainer.transfer.batches import Array

Criterion = Literal["hamming", "f1"]


def choose(scores: Array, truth: Array, criterion: Criterion) -> Array:
    """The best threshold of each label.

    Args:
      scores: (rows, labels) probabilities.
      truth: (rows, labels) of 0 and 1.
      criterion: `hamming`: fewest wrong labels; `f1`: highest F1 of the label.

    Returns:
      (labels,) float32, each between 0 and 1.
    """
    return np.array(
        [_best(scores[:, n], truth[:, n] > 0.5, criterion) for n in range(scores.shape[1])],
        np.float32,
    )


def _best(scores: Array, truth: Array, criterion: Criterion) -> float:
    grid = np.linspace(0.05, 0.95, 91)
    chosen = scores[:, None] > grid  # (rows, thresholds)
    hits = (chosen & truth[:, None]).sum(axis=0)
    wrong = (chosen != truth[:, None]).sum(axis=0)
    if criterion == "hamming":
        value = -wrong / len(scores)
    else:
        value = 2 * hits / np.maximum(chosen.sum(axis=0) + truth.sum(), 1)
    best = np.flatnonzero(value >= value.max() - 1e-12)
    return float(grid[best[np.argmin(np.abs(grid[best] - 0.5))]])
