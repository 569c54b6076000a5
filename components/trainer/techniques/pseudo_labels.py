"""Rows without labels, written again with the class a model is sure of."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
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


def sure(logits: Array, task: Task, confidence: float) -> tuple[Array, Array]:
    """The class of each row, and whether it is sure enough.

    Args:
      logits: (rows, units); binary one unit, the log-odds of class 1.
      task: binary or multiclass.
      confidence: the least probability of the class.

    Returns:
      Class numbers (rows,) int64 and (rows,) bool. A row whose logits are no finite numbers is not.
    """
    outputs = np.asarray(logits, np.float64)
    if task is Task.BINARY:  # the same as a softmax over (0, log-odds)
        outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
    finite = np.isfinite(outputs).all(axis=1)
    outputs = np.where(finite[:, None], outputs, 0.0)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    probability = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
    return outputs.argmax(axis=1), finite & (probability >= confidence)


Found = Iterable[tuple[Array, Array]]
"""For each batch of rows in the order of the files: class numbers (batch,), and whether it is sure."""


def answered(unlabelled: ExampleFiles, logits: Logits, task: Task, confidence: float) -> Found:
    """What a model finds, batch by batch.

    Args:
      unlabelled: the rows.
      logits: the model.
      task: binary or multiclass.
      confidence: the least probability of the class.
    """
    run = tf.function(logits, autograph=False, reduce_retracing=True)
    for features, beside, *_ in unlabelled.batches(_ROWS):
        yield sure(run(features, beside).numpy(), task, confidence)


def in_batches(probabilities: Array, confidence: float) -> Found:
    """What is known of all rows already, batch by batch.

    Args:
      probabilities: (rows, classes), in the order of the files.
      confidence: the least probability of the class.
    """
    for first in range(0, len(probabilities), _ROWS):
        part = probabilities[first : first + _ROWS]
        yield part.argmax(axis=1), part.max(axis=1) >= max(confidence, _LEAST)


def take(
    unlabelled: ExampleFiles, found: Found, classes: list[str], label: str, file: Path
) -> Taken:
    """Writes the rows that somebody is sure of, with the class as their label.

    Args:
      unlabelled: the rows.
      found: the classes of the same rows.
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
        for serialized, (numbers, chosen) in zip(unlabelled.serialized(_ROWS), found, strict=True):
            for row in np.flatnonzero(chosen):
                number = int(numbers[row])
                example = tf.train.Example.FromString(serialized[int(row)].numpy())
                example.features.feature[label].Clear()
                example.features.feature[label].int64_list.value.append(number)
                writer.write(example.SerializeToString())
                counts[number] += 1
                digest.update(f"{asked + int(row)} {number}\n".encode())
            asked += len(numbers)
    os.replace(partial, file)
    per_class = {name: counts[number] for number, name in enumerate(classes)}
    return Taken(file, asked, per_class, digest.hexdigest())
