"""Rows on their way between workers: one compressed piece of bytes for many rows of one file.

As Python objects a million rows weigh several times their bytes. Packed, they weigh less than the CSV
they came from.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

SCHEMA = pa.schema([("digest", pa.binary(32)), ("example", pa.large_binary())])
LARGEST = 4 << 20
"""Bytes of examples in a chunk, before compression; a larger row is a chunk of its own."""

Row = tuple[bytes, bytes]
"""Digest and serialized tf.Example."""


def pack(rows: Iterable[Row]) -> Iterator[bytes]:
    """Rows as chunks."""
    held: list[Row] = []
    size = 0
    for row in rows:
        if held and size + len(row[1]) > LARGEST:
            yield _chunk(held)
            held, size = [], 0
        held.append(row)
        size += len(row[1])
    if held:
        yield _chunk(held)


def _chunk(rows: list[Row]) -> bytes:
    digests, examples = zip(*rows, strict=True)
    batch = pa.record_batch(
        [pa.array(digests, SCHEMA.types[0]), pa.array(examples, SCHEMA.types[1])], schema=SCHEMA
    )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def unpack(chunks: Iterable[bytes]) -> Iterator[Row]:
    """The rows of chunks."""
    for chunk in chunks:
        with pa.ipc.open_stream(chunk) as reader:
            for batch in reader:
                yield from zip(
                    batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True
                )
