"""Columns as one vector in which rows that are alike are near: what k-means and neighbours look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.transfer.batches import Array

MOST_VALUES = 1000
"""A category with more values is left out: of so many, two rows hardly ever share one."""
_FARTHEST = 3.0
_ROWS = 4096
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Standard:
    """How columns become vectors."""

    inputs: tuple[ModelInput, ...]
    """Those that do."""
    mean: Array
    """Of every number, (numbers,) float32."""
    deviation: Array
    """Likewise, never 0."""
    left_out: tuple[str, ...] = ()
    """Features that are no part of it."""

    def layer(self) -> "StandardisedColumns":
        """A new layer that makes them."""
        return StandardisedColumns(
            [(item.kind is InputKind.NUMBERS, item.size) for item in self.inputs],
            self.mean,
            self.deviation,
            name="standardised",
        )

    def columns(self, entries: dict[str, Any]) -> list[Any]:
        """What the layer takes, of {feature: tensor}."""
        return [entries[item.name] for item in self.inputs]

    def vectors(self, rows: ExampleFiles) -> Array:
        """Every row of a split, (rows, width) float32, in the order of the files."""
        layer = self.layer()
        parts = [layer(self.columns(features)).numpy() for features, *_ in rows.batches(_ROWS)]
        return np.concatenate(parts)


def standard(rows: Sequence[ExampleFiles], inputs: Sequence[ModelInput]) -> Standard:
    """Looks at the numbers of some splits.

    Raises:
      ValueError: no feature is left to make vectors of.
    """
    used = tuple(
        item
        for item in inputs
        if item.kind is InputKind.NUMBERS
        or (item.kind is InputKind.CATEGORY and item.size <= MOST_VALUES)
    )
    if not used:
        raise ValueError(
            f"clusters and propagation need numbers, or categories of at most {MOST_VALUES} values. "
            f"Received: {', '.join(item.name for item in inputs)}, and none of them is that"
        )
    numbers = [item for item in used if item.kind is InputKind.NUMBERS]
    width = sum(item.size for item in numbers)
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    for split in rows if numbers else ():
        for features, *_ in split.batches(_ROWS):
            values = np.concatenate([features[item.name].numpy() for item in numbers], axis=1)
            values = values.astype(np.float64)
            count += len(values)
            total += values.sum(axis=0)
            squares += (values**2).sum(axis=0)
    mean = total / max(count, 1)
    variance = squares / max(count, 1) - mean**2
    deviation = np.where(variance > _LEAST, np.sqrt(np.maximum(variance, _LEAST)), 1.0)
    left_out = tuple(item.name for item in inputs if item not in used)
    return Standard(used, mean.astype(np.float32), deviation.astype(np.float32), left_out)


class StandardisedColumns(keras.layers.Layer):
    """Numbers and ids [(batch, size) float32 or (batch,) int64, ...] to vectors (batch, width) float32.

    Numbers are (x - mean) / deviation within ±3, divided by the root of the feature's size, so that a
    feature of many numbers counts like one of one. A category is one of many: two rows with different
    values are as far apart (2, squared) as two rows are on average in a number.
    """

    def __init__(
        self, columns: Sequence[tuple[bool, int]], mean: Array, deviation: Array, **options: Any
    ) -> None:
        """Args:
        columns: for each, whether it is numbers, and its size (numbers: how many; category: ids).
        mean: of all numbers, in their order.
        deviation: likewise.
        options: as for every layer.
        """
        super().__init__(dtype="float32", **options)
        self._columns = list(columns)
        self._first = np.asarray(mean, np.float32), np.asarray(deviation, np.float32)

    def build(self, shapes: Any) -> None:
        """Puts mean and deviation where weights are, if there are numbers."""
        if len(self._first[0]):
            self.mean, self.deviation = (
                self._weight(name, value)
                for name, value in zip(("mean", "deviation"), self._first, strict=True)
            )
        super().build(shapes)

    def _weight(self, name: str, value: Array) -> Any:
        def first(shape: Any, dtype: Any = None) -> Any:
            return keras.ops.convert_to_tensor(value, dtype)

        return self.add_weight(shape=value.shape, initializer=first, trainable=False, name=name)

    def call(self, columns: list[Any]) -> Any:
        """[(batch, ...), ...] -> (batch, width)."""
        parts, at = [], 0
        for (numbers, size), value in zip(self._columns, columns, strict=True):
            if not numbers:
                parts.append(keras.ops.one_hot(value, size, dtype="float32"))
                continue
            value = keras.ops.cast(value, "float32")
            scores = (value - self.mean[at : at + size]) / self.deviation[at : at + size]
            parts.append(keras.ops.clip(scores, -_FARTHEST, _FARTHEST) / size**0.5)
            at += size
        return keras.ops.concatenate(parts, axis=1)

    def compute_output_shape(self, shapes: Any) -> tuple[int | None, int]:
        """(batch, width)."""
        return (shapes[0][0], sum(size for _, size in self._columns))
