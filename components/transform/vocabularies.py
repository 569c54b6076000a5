"""The vocabularies of many columns from one pass over the data, in one file and one lookup table.

TFT's own vocabulary costs half a second of CPU a column, because each is ten Beam stages whatever
the rows. This analyzer counts all columns in one combine. It holds the distinct values in memory:
where there are very many, `hash` is the better treatment.

data/vocabulary_file.py says what the file looks like.
"""

import collections
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam

from components.transform.categories import categorical
from data import vocabulary_file

Counts = list[collections.Counter[bytes]]
"""How often each value was seen, per column."""


class Vocabulary(NamedTuple):
    """Which values of a column get an id of their own."""

    feature: str
    top_k: int = 1000
    min_count: int = 1
    oov_buckets: int = 1


def vocabulary_ids(columns: dict[str, tf.Tensor], wanted: list[Vocabulary]) -> dict[str, tf.Tensor]:
    """Text columns to (batch,) int64: 0 missing, 1..V known values by frequency, then unknown ones.

    Args:
      columns: feature name to (batch,) text, "" where missing.
      wanted: one for each of them, in the same order.

    Returns:
      {feature: ids}, the range of ids in the transformed schema.
    """
    if not columns:
        return {}
    marks = [str(position) for position in range(len(wanted) + 1)]
    prefixes = [f"{mark}=" for mark in marks[:-1]]
    keys = [
        tf.strings.join([prefix, text])
        for prefix, text in zip(prefixes, columns.values(), strict=True)
    ]
    keys = tf.stack(keys, axis=1)  # (batch, columns)
    (file,) = tft.experimental.ptransform_analyzer(
        [keys],
        _Learn(wanted),
        output_dtypes=[tf.string],
        output_shapes=[[]],
        output_asset_default_values=[vocabulary_file.NAME.encode()],
    )
    starts = tft.apply_vocabulary(tf.constant(marks), file, default_value=-1)
    line = tft.apply_vocabulary(keys, file, default_value=-1)
    sizes = starts[1:] - starts[:-1] - 1
    unknown = tf.constant([vocabulary.oov_buckets for vocabulary in wanted], tf.int64)
    bucket = tf.strings.to_hash_bucket_fast(keys, 2**31 - 1) % unknown
    ids = tf.where(line >= 0, line - starts[:-1], sizes + 1 + bucket)
    ids = tf.where(tf.equal(keys, prefixes), tf.zeros_like(ids), ids)
    highest = sizes + unknown
    return {
        feature: categorical(ids[:, position], highest[position])
        for position, feature in enumerate(columns)
    }


class _Learn(tft_beam.experimental.PTransformAnalyzer):
    """(batch, columns) of `<position>=<value>` to the path of the vocabulary file."""

    def __init__(self, wanted: list[Vocabulary]) -> None:
        super().__init__()
        self._wanted = wanted

    def expand(self, batches: Any) -> Any:
        folder, wanted = self.base_temp_dir, self._wanted
        return (
            batches
            | "Count" >> beam.CombineGlobally(_Count(len(wanted)))
            | "Write" >> beam.Map(lambda counts: _write(counts, wanted, folder))
        )


class _Count(beam.CombineFn):
    """Counts the values of each column."""

    def __init__(self, columns: int) -> None:
        self._columns = columns

    def create_accumulator(self) -> Counts:
        return [collections.Counter() for _ in range(self._columns)]

    def add_input(self, counts: Counts, batch: tuple[Any]) -> Counts:
        for counter, values in zip(counts, batch[0].T, strict=True):
            counter.update(values.tolist())
        return counts

    def merge_accumulators(self, accumulators: Iterable[Counts]) -> Counts:
        merged = self.create_accumulator()
        for counts in accumulators:
            for counter, more in zip(merged, counts, strict=True):
                counter.update(more)
        return merged

    def extract_output(self, counts: Counts) -> Counts:
        return counts


def _write(counts: Counts, wanted: list[Vocabulary], folder: str) -> Any:
    chosen = [
        _chosen(counter, vocabulary, missing=b"%d=" % position)
        for position, (counter, vocabulary) in enumerate(zip(counts, wanted, strict=True))
    ]
    path = os.path.join(folder, vocabulary_file.NAME)
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(vocabulary_file.to_bytes(chosen))
    return np.array(path)


def _chosen(
    counter: collections.Counter[bytes], vocabulary: Vocabulary, missing: bytes
) -> list[bytes]:
    """The most frequent values first, equally frequent ones in order of their bytes."""
    ranked = sorted(
        (-count, value)
        for value, count in counter.items()
        # A line break cannot be in a file of lines: such a value is unknown.
        if value != missing and count >= vocabulary.min_count and not {10, 13} & set(value)
    )
    return [value for _, value in ranked[: vocabulary.top_k]]
