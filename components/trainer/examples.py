"""Transformed examples off the disk: held in memory where they are few, streamed where not."""

import glob
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.inputs import InputKind, model_inputs
from components.trainer.transfer.batches import Array
from data.columns import ROW_WEIGHT, TEACHER

_MEMORY_BYTES = 32 * 2**20
"""Splits up to this size on disk, compressed, are parsed once and held as tensors."""
_SHUFFLED_ROWS = 50_000
"""How many serialized rows a streamed split is shuffled among."""
_PARSED_ROWS = 8192
_ROWS_AT_ONCE = 512
"""How many rows of training batches are parsed or gathered by one call: it costs as much for 40."""

_as_written = tf.autograph.experimental.do_not_convert  # nothing to convert, and it takes a second


class ExampleFiles:
    """The transformed examples of one split."""

    def __init__(
        self,
        patterns: Sequence[str],
        graph: tft.TFTransformOutput,
        label: str,
        taught: int = 0,
        weight: str = "",
    ) -> None:
        """Args:
        patterns: globs of gzipped TFRecord files.
        graph: what Transform wrote beside them.
        label: the label's name.
        taught: how many outputs of a teacher each row has beside its label; then labels are pairs
          (rows, label width + taught) float32, a missing label NaN.
        weight: the raw column of the rows' weights, which Transform passed on; empty: there is none.
          Rows that weigh 0 are left out, and batches have the weights as a third part.

        Raises:
          ValueError: there is no row, or a weight that is none.
        """
        self._files = sorted(name for pattern in patterns for name in glob.glob(pattern))
        self._inputs = model_inputs(graph, label)
        self._spec = graph.transformed_feature_spec()
        self._label = label
        width = tf.TensorShape(self._spec[label].shape).num_elements()
        self._label_shape = [-1] if width == 1 and not taught else [-1, width]
        self._label_spec = {label: self._spec[label]}
        if taught:
            self._label_spec[TEACHER] = tf.io.FixedLenFeature([taught], tf.float32)
            self._spec = {**self._spec, **self._label_spec}
        self._weight = weight
        if weight and ROW_WEIGHT not in self._spec:
            raise ValueError(
                f"Transform passed no weights on. Expected: those of column '{weight}'"
            )
        pictures = any(item.kind is InputKind.PICTURE for item in self._inputs)
        size = sum(Path(name).stat().st_size for name in self._files)
        self.in_memory = size <= _MEMORY_BYTES and not pictures
        if weight:
            self._check_weights()
        if not self.rows:
            raise ValueError(
                f"no rows in {', '.join(patterns)}: is data.split too thin for the data?"
            )

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    @cached_property
    def labels(self) -> Array:
        """Every label, in the order of the files: (rows,), or (rows, classes) of a multi-label task."""
        if self.in_memory:
            return self._table[1].numpy()
        batches = self._records().batch(_PARSED_ROWS)
        parts = [
            self._labels(tf.io.parse_example(rows, self._label_spec)).numpy() for rows in batches
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def weights(self) -> Array | None:
        """How much each row counts, (rows,) float32 in the order of the files; None: all the same."""
        if not self._weight:
            return None
        if self.in_memory:
            return self._table[2].numpy()
        parts = [self._weights_of(rows).numpy() for rows in self._records().batch(_PARSED_ROWS)]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _check_weights(self) -> None:
        weights = self.weights
        assert weights is not None
        missing, negative = int(np.sum(~np.isfinite(weights))), int(np.sum(weights < 0))
        if missing or negative:
            raise ValueError(
                f"data.weight: column '{self._weight}' should be a finite number of at least 0 in every "
                f"row. Received: {missing} missing or infinite and {negative} negative, of "
                f"{len(weights)} rows that do not weigh 0"
            )
        if not len(weights):
            raise ValueError(
                f"data.weight: no row counts: column '{self._weight}' is 0 in every row of "
                f"{', '.join(self._files)}"
            )

    @cached_property
    def _table(self) -> tuple[Any, ...]:
        """Every row at once: features {name: (rows, ...)}, the labels (rows, ...), perhaps weights."""
        parts = list(self._records().batch(_PARSED_ROWS).map(self._parse))
        if not parts:
            return {}, tf.zeros((0,)), tf.zeros((0,))
        names = parts[0][0]
        features = {name: tf.concat([part[0][name] for part in parts], axis=0) for name in names}
        rest = (tf.concat(columns, axis=0) for columns in zip(*(p[1:] for p in parts), strict=True))
        return (features, *rest)

    def batches(self, size: int) -> tf.data.Dataset:
        """One pass in the order of the files: features {name: (batch, ...)}, labels (batch, ...), and
        weights (batch,) float32 where rows have them.
        """
        if self.in_memory:
            return self._gathered(tf.data.Dataset.range(self.rows).batch(size))
        return self._parsed(self._records().batch(size))

    def serialized(self, size: int) -> tf.data.Dataset:
        """The rows as they lie on disk, (batch,) string, in the order of `batches`."""
        return self._records().batch(size)

    def shuffled(self, size: int, seed: int, skip: int = 0) -> tf.data.Dataset:
        """Batches without end, all of the same size: every row once, in a new order each time round.

        Args:
          size: rows per batch.
          seed: the same seed gives the same orders.
          skip: leave out so many batches at the beginning, unread where that can be.
        """
        if self.in_memory:
            order = tf.data.Dataset.range(self.rows).shuffle(self.rows, seed=seed)
            return self._cut(order, size, skip, self._gathered)
        files = tf.data.Dataset.from_tensor_slices(self._files).shuffle(len(self._files), seed=seed)
        records = files.interleave(self._read, cycle_length=4, deterministic=True)
        records = records.shuffle(min(self.rows, _SHUFFLED_ROWS), seed=seed)
        return self._cut(records, size, skip, self._parsed)

    @staticmethod
    def _cut(
        rows: tf.data.Dataset,
        size: int,
        skip: int,
        made: Callable[[tf.data.Dataset], tf.data.Dataset],
    ) -> tf.data.Dataset:
        """Batches of one size without end, several made at a time.

        Args:
          rows: a pass of what batches are made of.
          size: rows per batch.
          skip: leave out so many batches.
          made: makes batches of any size.
        """
        together = max(1, _ROWS_AT_ONCE // size)
        batches = made(rows.repeat().skip(skip * size).batch(together * size, drop_remainder=True))
        return batches.rebatch(size, drop_remainder=True).prefetch(4) if together > 1 else batches

    def _records(self) -> tf.data.Dataset:
        return self._read(self._files)

    def _read(self, files: Any) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset(files, compression_type="GZIP")
        if not self._weight:
            return records
        return records.batch(_PARSED_ROWS).map(self._that_count).unbatch()

    @_as_written
    def _that_count(self, serialized: tf.Tensor) -> tf.Tensor:
        return tf.boolean_mask(serialized, tf.not_equal(self._weights_of(serialized), 0.0))

    def _weights_of(self, serialized: tf.Tensor) -> tf.Tensor:
        parsed = tf.io.parse_example(serialized, {ROW_WEIGHT: self._spec[ROW_WEIGHT]})
        return tf.reshape(parsed[ROW_WEIGHT], [-1])

    def _gathered(self, positions: tf.data.Dataset) -> tf.data.Dataset:
        features, *rest = self._table

        @_as_written
        def gather(rows: tf.Tensor) -> tuple[Any, ...]:
            taken = {name: tf.gather(column, rows) for name, column in features.items()}
            return (taken, *(tf.gather(column, rows) for column in rest))

        return positions.map(gather).prefetch(4)

    def _parsed(self, serialized: tf.data.Dataset) -> tf.data.Dataset:
        return serialized.map(self._parse, num_parallel_calls=tf.data.AUTOTUNE).prefetch(
            tf.data.AUTOTUNE
        )

    @_as_written
    def _parse(self, serialized: tf.Tensor) -> tuple[Any, ...]:
        """As the model's inputs are: numbers (batch, size) float32, others (batch,); then labels, and
        weights where there are any.
        """
        parsed = tf.io.parse_example(serialized, self._spec)
        features = {}
        for item in self._inputs:
            value = parsed[item.name]
            shape = [-1, item.size] if item.kind is InputKind.NUMBERS else [-1]
            features[item.name] = tf.reshape(tf.cast(value, item.dtype), shape)
        weights = (tf.reshape(parsed[ROW_WEIGHT], [-1]),) if self._weight else ()
        return (features, self._labels(parsed), *weights)

    def _labels(self, parsed: dict[str, tf.Tensor]) -> tf.Tensor:
        label = tf.reshape(parsed[self._label], self._label_shape)
        if TEACHER not in parsed:
            return label
        if self._spec[self._label].dtype.is_integer:  # class numbers; none of them is -1
            label = tf.cast(label, tf.float32)
            label = tf.where(label < 0, tf.constant(float("nan")), label)
        return tf.concat([label, parsed[TEACHER]], axis=1)
