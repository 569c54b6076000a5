"""Labels that spread along a graph of near rows, from those that have one to those that have none.

D. Zhou et al. 2004, "Learning with Local and Global Consistency"; scikit-learn's LabelSpreading, given a
graph that is the same from both sides.
"""

from typing import Any

import numpy as np

from components.trainer.transfer.batches import Array

_STEPS = 500
_FAR = 0.9
"""Share of what a row hears from its neighbours, against what its own label says."""


def spread(labelled: Array, labels: Array, others: Array, classes: int, neighbours: int) -> Array:
    """How probable each class is for rows without a label.

    Args:
      labelled: vectors of rows with labels, (rows, width).
      labels: their class numbers, (rows,).
      others: vectors of rows without, (others, width).
      classes: how many there are.
      neighbours: how many of the nearest rows each one is connected with.

    Returns:
      (others, classes) float64; each row sums to 1, or is 0 throughout where no label reaches it.
    """
    from sklearn.semi_supervised import LabelSpreading

    rows = np.concatenate([labelled, others]).astype(np.float64)
    known = np.concatenate([labels.astype(np.int64), np.full(len(others), -1)])
    count = min(neighbours, len(rows) - 1)
    model = LabelSpreading(
        kernel=lambda x, y: graph(x, count), alpha=_FAR, max_iter=_STEPS, tol=1e-4
    )
    model.fit(rows, known)
    found = np.zeros((len(others), classes))
    found[:, model.classes_] = np.nan_to_num(model.label_distributions_[len(labelled) :])
    return found


def graph(rows: Array, neighbours: int) -> Any:
    """Who is near whom: a sparse matrix (rows, rows), symmetric, exp(-d²/s²) between neighbours.

    Two rows are neighbours where one of them is among the nearest of the other. s is the mean distance
    of neighbours.
    """
    from sklearn.neighbors import kneighbors_graph

    near = kneighbors_graph(rows, neighbours, mode="distance", include_self=False)
    scale = float(near.data.mean()) or 1.0
    near.data = np.exp(-((near.data / scale) ** 2))
    return near.maximum(near.T).tocsr()
