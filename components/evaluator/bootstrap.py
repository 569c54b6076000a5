"""Confidence intervals by the Poisson bootstrap, over all replicates at once.

A replicate counts every row of a slice a random number of times, drawn from the Poisson distribution
with mean 1 (Chamandy et al. 2012), which is the usual bootstrap without having to know how many rows
there are. The rows are the tally's sample: all of a slice that has no more, otherwise a fair draw of
m of its n rows, and the spread is then that of m rows times sqrt(m / n) (Politis and Romano 1994).
Two models are compared on the same replicates of the same rows.

Drawn numbers depend on the seed alone. Which rows a larger slice draws depends on how Beam batched
them, so that its intervals may differ in their last digits between runs.
"""

from typing import Any

import numpy as np

from components.evaluator import formulas, ranks
from components.evaluator.contributions import contributions
from components.evaluator.sequences import Array
from components.evaluator.tally import Tally
from data.tasks import Task

LEVEL = 0.95
"""The confidence of intervals that nobody asked another of; TFMA's own, too."""
SAMPLE = 10_000
"""Rows of a slice that replicates are drawn from, at most."""
_NUMBERS = 10_000_000
"""Replicates times rows times ranked classes of a slice, at most."""
_TOGETHER = 25
"""Replicates that are ranked together."""
_RANKED = sorted(ranks.RANKED)
_FEWEST = 0.9
"""The share of replicates that must have a value, for the metric to have an interval."""

Interval = tuple[float, float]


class Replicates:
    """A tally's metrics, again and again on other draws of its rows.

    Args:
      tally: of a slice in which every metric is defined.
      count: how many replicates.
      seed: of the draws.
    """

    def __init__(self, tally: Tally, count: int, seed: int) -> None:
        assert tally.sample is not None
        rows = tally.sample
        most = max(1000, _NUMBERS // (count * max(len(tally.curves), 1)))
        if len(rows) > most:
            rows = rows.rows(np.argpartition(rows.draws, most)[:most])
        # In an order of their own: equal rows are equal, whichever comes first.
        self._rows = rows.rows(np.lexsort((rows.draws, rows.hashes)))
        self._tally = tally
        self._scale = float(np.sqrt(len(rows) / tally.counts["example_count"]))
        self._counts = np.concatenate(
            [np.ones((1, len(rows)), np.uint8), _poisson(count, len(rows), seed)]
        )  # the sample itself, then its replicates
        self._found: dict[tuple[str, int], Array] = {}
        self._sums: Array | None = None

    def values(self, key: str, class_id: int = -1) -> Array:
        """(1 + replicates,): the metric of the sample and of each replicate; NaN where undefined."""
        if (key, class_id) not in self._found:
            self._found[key, class_id] = self._value(key, class_id)
        return self._found[key, class_id]

    def interval(
        self, value: float, key: str, class_id: int, level: float, less: "Replicates | None" = None
    ) -> Interval | None:
        """The two-sided percentile interval around a value.

        Args:
          value: the metric of the whole slice, or its difference to the other model's.
          key: a metric key without `/<class>`.
          class_id: one class, -1 for all.
          level: between 0 and 1, such as 0.95.
          less: the other model, of whose metric the difference is meant.

        Returns:
          None where too few replicates have a value, such as for a class with a single row.
        """
        found = self.values(key, class_id)
        if less is not None:
            found = found - less.values(key, class_id)
        center, drawn = found[0], found[1:][np.isfinite(found[1:])]
        if not np.isfinite(center) or len(drawn) < _FEWEST * (len(found) - 1):
            return None
        tail = (1 - level) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        whole = self._scale == 1
        center, scale = (value, 1.0) if whole else (center, self._scale)
        return float(value + (low - center) * scale), float(value + (high - center) * scale)

    def _value(self, key: str, class_id: int) -> Array:
        columns = self._tally.columns
        plain = key.removeprefix("weighted_")
        if plain not in ranks.RANKED:
            return formulas.value(columns, key, self._all_sums(), class_id)
        if class_id >= 0 or self._tally.task is Task.BINARY:
            return self._ranked(plain, max(class_id, 0))
        values = np.stack([self.values(plain, n) for n in range(columns.classes)], axis=1)
        labelled = self._all_sums()[:, columns["labelled"]] if plain != key else None
        return formulas.average(values, labelled)

    def _all_sums(self) -> Array:
        if self._sums is None:
            rows, tally = self._rows, self._tally
            found = contributions(tally.columns, rows.labels, rows.predictions, tally.origin)
            found *= rows.weights[:, None]
            self._sums = np.concatenate(
                [part.astype(np.float64) @ found for part in _parts(self._counts)]
            )
        return self._sums

    def _ranked(self, key: str, class_id: int) -> Array:
        scores, positive = self._rows.ranking(self._tally.task, class_id)
        order = np.argsort(-scores, kind="stable")
        scores, positive, weights = scores[order], positive[order], self._rows.weights[order]
        last = np.flatnonzero(np.diff(scores, append=-np.inf))  # of each group of equal scores
        found: list[Array] = []
        for part in _parts(self._counts):
            drawn = part[:, order] * weights  # (replicates, rows)
            both = drawn.cumsum(axis=1)
            hits = np.cumsum(drawn * positive, axis=1)
            if len(last) < len(scores):
                both, hits = both[:, last], hits[:, last]
            alarms = both - hits
            found.append(np.stack([ranks.area(name, hits, alarms) for name in _RANKED]))
        for name, values in zip(_RANKED, np.concatenate(found, axis=1), strict=True):
            self._found[name, class_id if self._tally.task is not Task.BINARY else -1] = values
        return self._found[key, class_id if self._tally.task is not Task.BINARY else -1]


def of(tally: Any, count: int, seed: int) -> Replicates | None:
    """The replicates of a tally, made once; None where no metric of it is defined."""
    if not count or tally.sample is None or tally.why_not():
        return None
    kept: Replicates | None = tally.replicates
    if kept is None:
        kept = tally.replicates = Replicates(tally, count, seed)
    return kept


def _parts(counts: Array) -> list[Array]:
    return [counts[start : start + _TOGETHER] for start in range(0, len(counts), _TOGETHER)]


def _poisson(count: int, rows: int, seed: int) -> Array:
    """(count, rows) uint8, Poisson with mean 1 to within 1e-4, from 16 random bits each."""
    chances = np.cumsum([np.exp(-1.0) / _factorial(k) for k in range(9)])
    edges = np.round(chances * 65536).astype(np.int64)
    table: Array = np.searchsorted(edges, np.arange(65536), side="right").astype(np.uint8)
    bits = np.random.default_rng(seed).integers(0, 65536, (count, rows), np.uint16)
    drawn: Array = table[bits]
    return drawn


def _factorial(k: int) -> float:
    return float(np.prod(np.arange(1, k + 1)))
