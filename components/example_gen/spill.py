"""Rows on their way from the files that were read to the files that are written: in files of their own.

What goes through the engine is only where they lie. An engine in one process keeps everything that it
groups in memory, several times over, and a cluster's sort buffers are small.
"""

import itertools
import uuid
from collections.abc import Iterable, Iterator

import tensorflow as tf

from components.example_gen import chunks

HELD = 32 << 20
"""Bytes of examples a worker collects before it writes them: chunks of many rows however many shards."""

Shard = tuple[str, int]
"""Split and number of the file in it."""

Place = tuple[str, int, int]
"""A chunk's file, where it starts, and its length in bytes."""


class Spill:
    """The rows of one piece, collected by shard and written to one file.

    The file's name is never used twice: of a piece that was tried again only the places that the
    engine kept are read, and no rows twice.
    """

    def __init__(self, folder: str) -> None:
        """Writes nothing yet.

        Args:
          folder: must be there, unless it is an object store's; whoever made it removes it.
        """
        self._path = f"{folder}/{uuid.uuid4().hex}"
        self._rows: dict[Shard, list[chunks.Row]] = {}
        self._held = 0
        self._end = 0
        self._places: list[tuple[Shard, Place]] = []
        self._file: tf.io.gfile.GFile | None = None

    def add(self, shards: list[Shard], digests: list[bytes], examples: list[bytes]) -> None:
        """Takes rows: of each its shard, its digest and its tf.Example."""
        for shard, digest, example in zip(shards, digests, examples, strict=True):
            self._rows.setdefault(shard, []).append((digest, example))
            self._held += len(example)
        if self._held > HELD:
            self._write()

    def close(self) -> list[tuple[Shard, Place]]:
        """Where the rows of each shard lie, now that all of them are written."""
        self._write()
        if self._file is not None:
            self._file.close()
        return self._places

    def _write(self) -> None:
        for shard, rows in self._rows.items():
            for chunk in chunks.pack(rows):
                if self._file is None:
                    self._file = tf.io.gfile.GFile(self._path, "wb")
                self._file.write(chunk)
                self._places.append((shard, (self._path, self._end, len(chunk))))
                self._end += len(chunk)
        self._rows, self._held = {}, 0


def read(places: Iterable[Place]) -> Iterator[chunks.Row]:
    """The rows that lie there."""
    for path, inside in itertools.groupby(sorted(places), key=lambda place: place[0]):
        with tf.io.gfile.GFile(path, "rb") as file:
            for _, start, length in inside:
                file.seek(start)
                yield from chunks.unpack([file.read(length)])
