"""How scores rank the rows of one class: counts per distinct score, in bounded memory.

A curve holds the weight of positives and of negatives at every distinct score: exact as long as
there are at most `limit` of them. Past that the lowest bits of the scores' float64 form are dropped,
one at a time and the same ones on every machine, until they fit: parts merge without any further
error, in any order, and bunched scores keep their digits, since bits are dropped only where too many
scores differ. Rows pooled in one place count as mixed evenly: for the area under the ROC curve that is
the same as tied, and it is off by at most `error_bound`.
"""

import numpy as np

from components.evaluator.sequences import Array

RANKED = frozenset({"auc", "auc_pr"})
LIMIT = 1 << 17
"""Distinct scores of a curve that are kept apart."""
_ALL = 1 << 19
"""As above, of all the classes of a task together."""
_FEWEST = 1 << 12
_GAUSS = ((0.5 - 0.15**0.5, 5 / 18), (0.5, 8 / 18), (0.5 + 0.15**0.5, 5 / 18))
"""Places and shares of the three-point Gauss-Legendre rule on [0, 1]."""
_BITS = np.int64(0x7FFF_FFFF_FFFF_FFFF)


def limit(classes: int) -> int:
    """How many distinct scores each class may keep apart."""
    return min(LIMIT, max(_FEWEST, _ALL // max(classes, 1)))


class Curve:
    """Weights of positives and negatives per score; mergeable.

    Args:
      limit: most places it may have.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._dropped = limit, 0
        self._keys: Array = np.zeros(0, np.int64)
        self._range: Array = np.zeros((2, 0), np.int64)  # least and greatest score of a place
        self._weights: Array = np.zeros((3, 0))  # of positives, of negatives; and squares

    def add(self, scores: Array, positive: Array, weights: Array) -> None:
        """Counts rows: finite scores (rows,), bool (rows,), weights (rows,) none negative."""
        keys = _ordered(scores)
        both = np.stack([weights * positive, weights * ~positive, weights**2])
        self._take(keys >> self._dropped, np.stack([keys, keys]), both)

    def merge(self, other: "Curve") -> None:
        """Takes over what another curve counted."""
        if other._dropped > self._dropped:
            self._drop(other._dropped)
        keys = other._keys >> (self._dropped - other._dropped)
        self._take(keys, other._range, other._weights)

    def steps(self) -> tuple[Array, Array, Array]:
        """(scores, positives, negatives) at each distinct score, highest first."""
        scores = _unordered(self._range).mean(axis=0)
        return scores[::-1], self._weights[0, ::-1], self._weights[1, ::-1]

    def value(self, key: str) -> float:
        """Area under the ROC curve (`auc`), or average precision (`auc_pr`); NaN with one side only.

        Ties are one step, as in scikit-learn.
        """
        _, positives, negatives = self.steps()
        found = float(area(key, positives.cumsum()[None], negatives.cumsum()[None])[0])
        if key == "auc_pr" and self._dropped and not np.isnan(found):
            found += self._within(positives, negatives)
        return found

    def _within(self, positives: Array, negatives: Array) -> float:
        """What average precision gains when rows of different scores in one place are not tied.

        On the way through a place with positives h and all rows k, at a row of weight u, the
        precision is (H + u + (h - u) t) / (N + u + (k - u) t), t from 0 to 1. A row counts by its
        weight, so u is the sum of the squares over the sum.
        """
        mixed = (self._range[0] != self._range[1])[::-1]
        hits, rows = positives.cumsum(), (positives + negatives).cumsum()
        with np.errstate(invalid="ignore"):
            weight = self._weights[2, ::-1] / (positives + negatives)
        start, before = hits - positives + weight, rows - positives - negatives + weight
        precision: Array = np.zeros(len(hits))
        with np.errstate(divide="ignore", invalid="ignore"):
            for place, share in _GAUSS:
                inside = start + (positives - weight) * place
                precision += share * inside / (before + (positives + negatives - weight) * place)
            gain = np.where(mixed & (positives > 0), positives * (precision - hits / rows), 0.0)
        return float(gain.sum() / hits[-1])

    def error_bound(self) -> float:
        """How far `auc` may be off at most: 0 while every distinct score is kept apart."""
        both = self._weights[:2].sum(axis=1)
        if not self._dropped or not both.all():
            return 0.0
        return float(self._weights[0] @ self._weights[1] / both[0] / both[1] / 2)

    def _take(self, keys: Array, extremes: Array, weights: Array) -> None:
        keys = np.concatenate([self._keys, keys])
        order = np.argsort(keys, kind="stable")
        self._pool(
            keys[order],
            np.concatenate([self._range, extremes], axis=1)[:, order],
            np.concatenate([self._weights, weights], axis=1)[:, order],
        )
        if len(self._keys) > self._limit:
            low, high = self._dropped, 63  # how many bits must go: the fewest that will do
            while low + 1 < high:
                middle = (low + high) // 2
                distinct = np.count_nonzero(np.diff(self._keys >> (middle - self._dropped))) + 1
                low, high = (middle, high) if distinct > self._limit else (low, middle)
            self._drop(high)

    def _drop(self, bits: int) -> None:
        keys = self._keys >> (bits - self._dropped)
        self._dropped = bits
        self._pool(keys, self._range, self._weights)

    def _pool(self, keys: Array, extremes: Array, weights: Array) -> None:
        """Makes one place of equal keys, which are sorted."""
        first = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
        if len(first) < len(keys):
            least = np.minimum.reduceat(extremes[0], first)
            greatest = np.maximum.reduceat(extremes[1], first)
            keys, extremes = keys[first], np.stack([least, greatest])
            weights = np.add.reduceat(weights, first, axis=1)
        self._keys, self._range, self._weights = keys, extremes, weights


def area(key: str, hits: Array, alarms: Array) -> Array:
    """Areas from the weights down to each step, highest score first.

    Args:
      key: `auc` or `auc_pr`.
      hits: (sets, steps) weight of the class so far.
      alarms: (sets, steps) weight of the rest so far.

    Returns:
      (sets,), NaN where one side has no weight.
    """
    if not hits.shape[1]:
        return np.full(len(hits), np.nan)
    both = (hits[:, -1] > 0) & (alarms[:, -1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if key == "auc_pr":
            precision = hits / np.maximum(hits + alarms, np.finfo(float).tiny)
            found = hits[:, 0] * precision[:, 0]
            found += np.einsum("ij,ij->i", np.diff(hits), precision[:, 1:])
            found /= hits[:, -1]
        else:
            found = alarms[:, 0] * hits[:, 0]
            found += np.einsum("ij,ij->i", np.diff(alarms), hits[:, 1:] + hits[:, :-1])
            found /= 2 * hits[:, -1] * alarms[:, -1]
    return np.where(both, found, np.nan)


def _ordered(scores: Array) -> Array:
    """float64 -> int64 in the same order."""
    bits = (np.asarray(scores, np.float64) + 0.0).view(np.int64)  # -0.0 is 0.0
    return bits ^ ((bits >> 63) & _BITS)


def _unordered(keys: Array) -> Array:
    return (keys ^ ((keys >> 63) & _BITS)).view(np.float64)
