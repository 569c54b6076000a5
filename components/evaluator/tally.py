"""What is kept of a slice as one model sees it: sums, curves and a sample, never all the rows.

Tallies merge: rows may come in any order, in any number of parts, on any number of machines. What is
decided per row and summed is in contributions.py and formulas.py, what needs the order of the scores
in ranks.py. A metric is NaN where it is not defined, so that no gate passes on it:

- a prediction that is no finite number, or a label that is none of the classes: every metric;
- a weight that is negative or no finite number: every metric;
- no rows, or weights that add up to nothing: every metric;
- one class only: auc, auc_pr. The rest is in formulas.py.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.evaluator import formulas, ranks
from components.evaluator.chunk import Chunk, concatenated
from components.evaluator.contributions import Columns, contributions, decisions
from components.evaluator.sequences import COLUMNS, Array
from data.tasks import Task

ROWS = "example_count"
"""Bookkeeping beside the metrics, under the name that TFMA's own views know."""
INVALID_PREDICTIONS = "invalid_predictions"
INVALID_LABELS = "invalid_labels"
INVALID_WEIGHTS = "invalid_weights"
LABELS_DIFFER = "labels_differ"
"""Rows whose label another model numbers differently: the baseline knows other classes."""
BOOKKEEPING = (ROWS, INVALID_PREDICTIONS, INVALID_LABELS, INVALID_WEIGHTS, LABELS_DIFFER)

_AT_ONCE = 1 << 15
"""Rows that wait until they are counted together."""
MOST_CLASSES_CROSSED = 200
"""Up to so many classes every pair of label and decision is counted."""
_LONGEST = 1000
"""Edit distances from here on are counted together."""


@dataclass(frozen=True)
class Kept:
    """How much a tally keeps beside the sums."""

    curves: bool = True
    """What ranking metrics and curves need."""
    sample: int = 0
    """Rows drawn at random, for intervals and residuals."""
    worst: int = 0
    """Rows with the greatest loss, with their examples."""


class Tally:
    """Counts chunks of rows.

    Args:
      task: the task.
      kept: what to keep.
    """

    def __init__(self, task: Task, kept: Kept) -> None:
        self.task, self.kept = task, kept
        self.counts = dict.fromkeys(BOOKKEEPING, 0)
        self.classes = 0
        self.sums: Array | None = None
        self.origin = 0.0
        self.curves: list[ranks.Curve] = []
        self.confusion: Array | None = None
        """(label, decision) weights."""
        self.distances: Array | None = None
        """Weight of the rows with each edit distance."""
        self.sample: Chunk | None = None
        self.worst: Chunk | None = None
        self.replicates: Any = None
        """What bootstrap.py makes of the sample, kept while the slice is written."""
        self._waiting: list[Chunk] = []
        self._rows_waiting = 0

    @classmethod
    def of(cls, task: Task, chunk: Chunk, kept: Kept | None = None) -> "Tally":
        """The tally of one chunk."""
        tally = cls(task, kept or Kept())
        tally.add(chunk)
        tally.pack()
        return tally

    @property
    def columns(self) -> Columns:
        """The layout of `sums`."""
        return Columns(self.task, self.classes)

    def __getstate__(self) -> dict[str, Any]:
        """What is made anew where it is needed does not travel."""
        self.pack()
        return {**self.__dict__, "replicates": None}

    def add(self, chunk: Chunk) -> None:
        """Counts rows."""
        if chunk.examples is not None:  # examples may be pictures: only the worst ones wait
            self._keep_worst(chunk)
        self._waiting.append(chunk.without_examples())
        self._rows_waiting += len(chunk)
        if self._rows_waiting >= _AT_ONCE:
            self.pack()

    def merge(self, other: "Tally") -> None:
        """Takes over what another tally counted; the other is spent."""
        self.pack()
        other.pack()
        for name, count in other.counts.items():
            self.counts[name] += count
        if other.sums is not None:
            self._set_up(other.classes, other.origin)
            self.sums = self.sums + formulas.moved(
                self.columns, other.sums, other.origin - self.origin
            )
            for mine, theirs in zip(self.curves, other.curves, strict=True):
                mine.merge(theirs)
            if self.confusion is not None:
                self.confusion = self.confusion + other.confusion
            if self.distances is not None:
                self.distances = self.distances + other.distances
        self._draw([item for item in (self.sample, other.sample) if item is not None])
        if other.worst is not None:
            self._keep_worst(other.worst)

    def pack(self) -> None:
        """Counts what waits; afterwards the tally is small."""
        if not self._waiting:
            return
        chunk = concatenated(self._waiting)
        self._waiting, self._rows_waiting = [], 0
        predictions, labels, weights = self._valid(chunk)
        self.counts[ROWS] += len(chunk)
        self.counts[INVALID_PREDICTIONS] += int(np.count_nonzero(~predictions))
        self.counts[INVALID_LABELS] += int(np.count_nonzero(~labels))
        self.counts[INVALID_WEIGHTS] += int(np.count_nonzero(~weights))
        self.counts[LABELS_DIFFER] += chunk.differing
        usable = predictions & labels & weights
        if usable.any():
            self._count(chunk if usable.all() else chunk.rows(usable))

    def value(self, key: str, class_id: int = -1) -> float:
        """One metric.

        Args:
          key: a metric key without `/<class>`, or one of the bookkeeping names.
          class_id: one class of a multi-class or multi-label task; -1: all of them.
        """
        self.pack()
        if key in self.counts:
            return float(self.counts[key])
        if self.why_not():
            return math.nan
        assert self.sums is not None
        plain = key.removeprefix("weighted_")
        if plain not in ranks.RANKED:
            return float(formulas.value(self.columns, key, self.sums[None], class_id)[0])
        if class_id >= 0 or self.task is Task.BINARY:
            return self.curves[max(class_id, 0)].value(plain)
        values = np.array([[curve.value(plain) for curve in self.curves]])
        labelled = self.sums[None, self.columns["labelled"]] if plain != key else None
        return float(formulas.average(values, labelled)[0])

    def why_not(self) -> str:
        """The bookkeeping name that makes every metric undefined; empty where there is none."""
        for name in (INVALID_PREDICTIONS, INVALID_LABELS, INVALID_WEIGHTS):
            if self.counts[name]:
                return name
        return ROWS if self.sums is None or not self.sums[self.columns["rows"]] > 0 else ""

    def _count(self, chunk: Chunk) -> None:
        labels, predictions, weights = chunk.labels, chunk.predictions, chunk.weights
        regression = self.task is Task.REGRESSION
        self._set_up(chunk.classes(self.task), float(labels.mean()) if regression else 0.0)
        self.sums = self.sums + weights @ contributions(
            self.columns, labels, predictions, self.origin
        )
        for number, curve in enumerate(self.curves):
            curve.add(*chunk.ranking(self.task, number), weights)
        if self.confusion is not None:
            pairs = labels.astype(np.int64) * self.classes + decisions(self.task, predictions)
            found = np.bincount(pairs, weights, self.classes**2)
            self.confusion = self.confusion + found.reshape(self.classes, self.classes)
        if self.distances is not None:
            edits = np.minimum(predictions[:, COLUMNS.index("edits")], _LONGEST).astype(np.int64)
            self.distances = self.distances + np.bincount(edits, weights, _LONGEST + 1)
        self._draw([item for item in (self.sample, chunk) if item is not None])

    def _set_up(self, classes: int, origin: float) -> None:
        if self.sums is not None:
            return
        self.classes, self.origin = classes, origin
        self.sums = np.zeros(self.columns.width)
        one_class = self.task in (Task.BINARY, Task.MULTICLASS)
        if self.kept.curves and self.task.is_classification:
            count = 1 if self.task is Task.BINARY else classes
            self.curves = [ranks.Curve(ranks.limit(count)) for _ in range(count)]
        if one_class and classes <= MOST_CLASSES_CROSSED:
            self.confusion = np.zeros((classes, classes))
        if self.task is Task.SEQUENCE:
            self.distances = np.zeros(_LONGEST + 1)

    def _draw(self, parts: list[Chunk]) -> None:
        """Keeps the rows with the least random numbers: a fair sample of any union."""
        if self.kept.sample and parts:
            rows = concatenated(parts)
            if len(rows) > self.kept.sample:
                rows = rows.rows(np.argpartition(rows.draws, self.kept.sample)[: self.kept.sample])
            self.sample = rows

    def _keep_worst(self, chunk: Chunk) -> None:
        chunk = chunk.rows(np.logical_and.reduce(self._valid(chunk)))
        if not self.kept.worst or not len(chunk):
            return
        rows = chunk if self.worst is None else concatenated([self.worst, chunk])
        order = np.lexsort((rows.hashes, -rows.losses(self.task)))[: self.kept.worst]
        self.worst = rows.rows(order)

    def _valid(self, chunk: Chunk) -> tuple[Array, Array, Array]:
        """(rows,) bool each: whether prediction, label and weight can be counted."""
        return (
            np.isfinite(chunk.predictions).all(axis=1),
            chunk.known_labels(self.task),
            np.isfinite(chunk.weights) & (chunk.weights >= 0),
        )
