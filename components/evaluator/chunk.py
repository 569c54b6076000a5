"""Rows of one slice side by side: what a record batch holds of it, as one model sees it."""

from dataclasses import dataclass, fields, replace

import numpy as np

from components.evaluator.contributions import losses
from components.evaluator.sequences import COLUMNS, Array
from data.tasks import Task


@dataclass(frozen=True)
class Chunk:
    """Arrays of the same length."""

    labels: Array
    """(rows,) class numbers, or regression targets; NaN where missing. Multi-label: (rows, classes)
    of 0 and 1. Sequence: any number that tells texts apart."""
    predictions: Array
    """As `contributions` takes them."""
    weights: Array
    """(rows,) example weights."""
    draws: Array
    """(rows,) a random number each, by which samples are drawn."""
    hashes: Array
    """(rows,) of the examples: an order that does not depend on how rows were batched."""
    examples: Array | None = None
    """(rows,) serialized tf.Examples, where the worst are to be shown."""
    answers: Array | None = None
    """(rows,) predicted texts of sequences, where the worst are to be shown."""
    differs: Array | None = None
    """(rows,) bool, whether another model numbers the label differently; None: nowhere."""

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, which: Array) -> "Chunk":
        """Some of the rows, by mask or by number."""
        chosen = {
            item.name: getattr(self, item.name)[which]
            for item in fields(self)
            if isinstance(getattr(self, item.name), np.ndarray)
        }
        return replace(self, **chosen)

    def part(self, which: Array, without_examples: bool) -> "Chunk":
        """As `rows`, of rising row numbers; on request without what is only there to be shown."""
        found = self.without_examples() if without_examples else self
        return found if len(which) == len(self) else found.rows(which)

    @property
    def differing(self) -> int:
        """Rows whose label another model numbers differently."""
        return 0 if self.differs is None else int(np.count_nonzero(self.differs))

    def without_examples(self) -> "Chunk":
        """The same rows, without what is only there to be shown."""
        return self if self.examples is None else replace(self, examples=None, answers=None)

    def classes(self, task: Task) -> int:
        """How many classes; 0 without classes."""
        width = int(self.predictions.shape[1])
        by_task = {Task.BINARY: 2, Task.MULTICLASS: width, Task.MULTILABEL: width // 2}
        return by_task.get(task, 0)

    def known_labels(self, task: Task) -> Array:
        """(rows,) bool: whether the label is one of the classes, or a finite number."""
        if task in (Task.REGRESSION, Task.SEQUENCE):
            return np.isfinite(self.labels)
        if task is Task.MULTILABEL:
            known = np.isin(self.labels, (0, 1))
            return known.reshape(len(self), self.classes(task)).all(axis=1)
        return np.isin(self.labels, np.arange(self.classes(task)))

    def ranking(self, task: Task, class_id: int) -> tuple[Array, Array]:
        """(scores, whether the row is of the class) of a class; binary: of the positive one."""
        if task is Task.BINARY:
            return self.predictions[:, 0], self.labels == 1
        several = task is Task.MULTILABEL
        positive = self.labels[:, class_id] == 1 if several else self.labels == class_id
        return self.predictions[:, class_id], positive

    def losses(self, task: Task) -> Array:
        """(rows,) how wrong each answer is: negative log-probability of the label (multi-label:
        summed over the classes), absolute error, or edits per token of the label."""
        if task is Task.REGRESSION:
            return np.abs(self.labels - self.predictions[:, 0])
        if task is Task.SEQUENCE:
            length = self.predictions[:, COLUMNS.index("reference_tokens")]
            return self.predictions[:, COLUMNS.index("edits")] / np.maximum(length, 1)
        if task is Task.MULTILABEL:
            scores = self.predictions[:, : self.classes(task)]
            of_label = np.where(self.labels == 1, scores, 1 - scores)
            return -np.log(np.clip(of_label, 1e-7, 1)).sum(axis=1)
        return losses(task, self.labels, self.predictions)


def from_arrays(labels: Array, predictions: Array, weights: Array | None = None) -> Chunk:
    """Rows that were not drawn from examples; draws and hashes are the rows' numbers."""
    count = len(predictions)
    numbers = np.arange(count)
    return Chunk(
        np.asarray(labels, np.float64),
        np.asarray(predictions, np.float64),
        np.ones(count) if weights is None else np.asarray(weights, np.float64),
        numbers / max(count, 1),
        numbers,
    )


def concatenated(chunks: list[Chunk]) -> Chunk:
    """One chunk of several, in their order, which hold the same arrays."""
    if len(chunks) == 1:
        return chunks[0]
    columns = {
        item.name: np.concatenate([getattr(chunk, item.name) for chunk in chunks])
        for item in fields(Chunk)
        if isinstance(getattr(chunks[0], item.name), np.ndarray)
    }
    return Chunk(**columns)
