"""A note beside the splits: rows in each, and the pictures that were left out."""

import json
from collections.abc import Iterator

import apache_beam as beam
import tensorflow as tf

NAME = "tally.json"


@beam.typehints.with_input_types(str, list[tuple[str, int]], list[str])
@beam.typehints.with_output_types(str)
class WriteTally(beam.DoFn):
    """Writes the note once all shards are written."""

    def __init__(self, splits: tuple[str, ...]) -> None:
        self._splits = splits

    def process(self, uri: str, counts: list[tuple[str, int]], skipped: list[str]) -> Iterator[str]:
        rows = dict.fromkeys(self._splits, 0)
        for split, count in counts:
            rows[split] += count
        tf.io.gfile.makedirs(uri)
        path = f"{uri}/{NAME}"
        with tf.io.gfile.GFile(path, "w") as file:
            file.write(json.dumps({"rows": rows, "skipped": sorted(skipped)}, ensure_ascii=False))
        yield path


def read_tally(uri: str) -> tuple[dict[str, int], list[str]]:
    """Rows by split, and "file: reason" of each picture left out."""
    with tf.io.gfile.GFile(f"{uri}/{NAME}") as file:
        note = json.loads(file.read())
    return note["rows"], note["skipped"]
