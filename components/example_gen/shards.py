"""Writes a split's rows as TFRecord files, each complete or not there, its rows mixed and in a fixed order."""

import uuid
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import PurePosixPath

import apache_beam as beam
import tensorflow as tf

from components.example_gen import spill
from components.example_gen.spill import Place, Shard
from components.example_gen.splits import places
from data.split_names import SPLITS, UNLABELLED

SHARD_BYTES = 16 << 20
"""Input bytes per file: a worker holds one file's rows in memory while it sorts them."""

GZIP_LEVEL = 1
"""A fifth larger than the default 6 and written in a third of the time."""


def shard_counts(
    total_bytes: int, split: dict[str, int], unlabelled_bytes: int | None = None
) -> dict[str, int]:
    """How many files each split is written to.

    Args:
      total_bytes: of the labelled rows' files.
      split: parts of the whole by split.
      unlabelled_bytes: of files that hold rows without labels; None: there is no such split.
    """
    whole = sum(split.values())
    shards = {
        name: max(1, ceil(total_bytes * split[name] / whole / SHARD_BYTES)) for name in SPLITS
    }
    if unlabelled_bytes is not None:
        shards[UNLABELLED] = max(1, ceil(unlabelled_bytes / SHARD_BYTES))
    return shards


@beam.typehints.with_input_types(tuple[Shard, Iterable[Place]])
@beam.typehints.with_output_types(tuple[str, int])
class WriteShard(beam.DoFn):
    """Writes one file and yields its split and number of rows."""

    def __init__(self, folders: dict[str, str], shards: dict[str, int]) -> None:
        self._folders = folders
        self._shards = shards

    def process(self, element: tuple[Shard, Iterable[Place]]) -> Iterator[tuple[str, int]]:
        (split, number), where = element
        rows = sorted(spill.read(where))
        order = places([digest for digest, _ in rows])
        folder = PurePosixPath(self._folders[split])
        final = folder / f"data_tfrecord-{number:05d}-of-{self._shards[split]:05d}.gz"
        # Written elsewhere and renamed: a retried worker replaces the file, a killed one leaves none.
        beside = folder.parent / f".{split}-{number}-{uuid.uuid4().hex}"
        tf.io.gfile.makedirs(str(folder))
        options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=GZIP_LEVEL)
        with tf.io.TFRecordWriter(str(beside), options) as writer:
            for _, (_, example) in sorted(zip(order, rows, strict=True)):
                writer.write(example)
        tf.io.gfile.rename(str(beside), str(final), overwrite=True)
        yield split, len(rows)
