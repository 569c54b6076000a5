"""What was wrong with a batch after which the loss was no finite number."""

from collections.abc import Iterable
from typing import Any

import numpy as np

_NAMED = 5


def explain(batches: Iterable[tuple[Any, ...]], first: int) -> str:
    """Looks through batches for values that are no finite numbers.

    Args:
      batches: (features {name: (batch, ...)}, labels, ...) that were trained on when it happened.
      first: the number of the first of them, counted from 1.

    Returns:
      Batch, column and rows of what was found, or that the batches are fine.
    """
    for number, (features, labels, *_) in enumerate(batches, start=first):
        for name, column in {**features, "the label": labels}.items():
            found = _not_finite(np.asarray(column))
            if len(found):
                more = ", …" if len(found) > _NAMED else ""
                where = f"{', '.join(str(row) for row in found[:_NAMED])}{more}"
                return f"batch {number} has no finite number in {name} (rows {where} of the batch)"
    return "every value in these batches is finite: lower the learning rate, or set train.clip_norm"


def _not_finite(column: Any) -> Any:
    if column.dtype.kind != "f":
        return np.empty(0, int)
    return np.flatnonzero(~np.isfinite(column).reshape(len(column), -1).all(axis=1))
