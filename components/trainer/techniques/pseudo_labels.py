"""Rows without labels, written again with the class a model is sure of."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.transfer.batches import Array
from data.tasks import Task

_ROWS = 256
_LEAST = 1e-9
"""A row whose classes all have probability 0 is never sure."""

Logits = Callable[[dict[str, Any], Any], Any]
"""Features {name: (batch, ...)} and what stands for labels to plain outputs (batch, units)."""


@dataclass(frozen=True)
class Taken:
    """The rows that were taken."""

    file: Path
    """Gzipped TFRecord of transformed examples, the label among them."""
    asked: int
    """How many rows there were."""
    per_class: dict[str, int]
    """Rows by class, all classes in order."""
    digest: str
    """Equal for the same rows with the same labels."""

    @property
    def rows(self) -> int:
        """How many were taken."""
        return sum(self.per_class.values())


def guessed(logits: Array, task: Task) -> tuple[Array, Array]:
    """The class of each row, and how probable it is.

    Args:
      logits: (rows, units); binary one unit, the log-odds of class 1.
      task: binary or multiclass.

    Returns:
      Class numbers (rows,) int64 and probabilities (rows,) float64: 0 where logits are no finite numbers.
    """
    outputs = np.asarray(logits, np.float64)
    if task is Task.BINARY:  # the same as a softmax over (0, log-odds)
        outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
    finite = np.isfinite(outputs).all(axis=1)
    outputs = np.where(finite[:, None], outputs, 0.0)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    probability = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
    return outputs.argmax(axis=1), np.where(finite, probability, 0.0)


def answered(unlabelled: ExampleFiles, logits: Logits, task: Task) -> tuple[Array, Array]:
    """What a model finds in all rows, as `guessed` gives it.

    Args:
      unlabelled: the rows.
      logits: the model.
      task: binary or multiclass.
    """
    run = tf.function(logits, autograph=False, reduce_retracing=True)
    parts = [
        guessed(run(features, beside).numpy(), task)
        for features, beside, *_ in unlabelled.batches(_ROWS)
    ]
    numbers, probability = zip(*parts, strict=True)
    return np.concatenate(numbers), np.concatenate(probability)


def chosen(
    numbers: Array, probability: Array, least: float, share: float | None, shares: Array
) -> Array:
    """Which rows are taken, (rows,) bool.

    Args:
      numbers: each row's class (rows,).
      probability: of that class (rows,); 0 is never sure.
      least: what it has to be.
      share: take so large a share of all rows at most, the most probable of each class, and of each
        class as many as `shares` says, so that easy classes do not crowd out others (as Zou et al.
        2018, "Class-Balanced Self-Training", and Noisy Student do); None: every row that is sure.
      shares: of each class among the labelled rows (classes,).
    """
    sure = probability >= max(least, _LEAST)
    if share is None:
        return sure
    taken = np.zeros_like(sure)
    for number, wanted in enumerate(shares):
        rows = np.flatnonzero(sure & (numbers == number))
        rows = rows[np.argsort(-probability[rows], kind="stable")]
        taken[rows[: round(share * wanted * len(numbers))]] = True
    return taken


def take(
    unlabelled: ExampleFiles,
    numbers: Array,
    chosen: Array,
    classes: list[str],
    label: str,
    file: Path,
) -> Taken:
    """Writes the rows that are chosen, with the class as their label.

    Args:
      unlabelled: the rows.
      numbers: the classes of the same rows (rows,).
      chosen: which of them (rows,) bool.
      classes: names in the order of class numbers.
      label: the label's name.
      file: to be written, whole or not at all.
    """
    counts: Counter[int] = Counter()
    digest = hashlib.sha256()
    asked = 0
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)
    partial = file.with_name(f"{file.name}.partial")
    with tf.io.TFRecordWriter(str(partial), options) as writer:
        for serialized in unlabelled.serialized(_ROWS):
            for row in np.flatnonzero(chosen[asked : asked + len(serialized)]):
                number = int(numbers[asked + row])
                example = tf.train.Example.FromString(serialized[int(row)].numpy())
                example.features.feature[label].Clear()
                example.features.feature[label].int64_list.value.append(number)
                writer.write(example.SerializeToString())
                counts[number] += 1
                digest.update(f"{asked + int(row)} {number}\n".encode())
            asked += len(serialized)
    os.replace(partial, file)
    per_class = {name: counts[number] for number, name in enumerate(classes)}
    return Taken(file, asked, per_class, digest.hexdigest())
