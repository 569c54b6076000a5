"""Reads TFRecord files of tf.Example without TensorFlow: framing here, decoding by tfx_bsl's C++."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from data.reading.errors import DataError

HEAD = struct.Struct("<QI")
FOOT = struct.Struct("<I")
GZIP_MAGIC = b"\x1f\x8b\x08"
BATCH_BYTES = 4 << 20
BATCH_RECORDS = 1000
LARGEST_RECORD = 1 << 31


def records(path: Path) -> Iterator[bytes]:
    """The serialized records, each checked against its checksum; gzip is recognised by content.

    Raises:
      DataError: truncated, damaged, or no TFRecord at all; by record.
    """
    with path.open("rb") as plain:
        zipped = plain.read(3) == GZIP_MAGIC
    number = 0
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            while (record := _next(cast(BinaryIO, file), path, number)) is not None:
                yield record
                number += 1
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or damaged after record {number}: {error}") from error


def _next(file: BinaryIO, path: Path, number: int) -> bytes | None:
    head = file.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise DataError(f"{path} is truncated: it ends inside record {number + 1}.")
    size, size_sum = HEAD.unpack(head)
    if _masked_crc32c(head[:8]) != size_sum or size > LARGEST_RECORD:
        if number == 0:
            raise DataError(f"{path} is no TFRecord file: its first bytes are not a record's.")
        raise DataError(f"{path} is damaged at record {number + 1}: its length fails the checksum.")
    body = file.read(size + FOOT.size)
    if len(body) < size + FOOT.size:
        raise DataError(f"{path} is truncated: it ends inside record {number + 1}.")
    record = body[:size]
    if _masked_crc32c(record) != FOOT.unpack(body[size:])[0]:
        raise DataError(f"{path} is damaged at record {number + 1}: it fails the checksum.")
    return record


def _masked_crc32c(content: bytes) -> int:
    from google_crc32c import value

    crc: int = value(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of int64, float32 and binary columns; a feature with several values stays a list.

    Raises:
      DataError: see `records`; also a record that is no tf.Example, or one feature of two types.
    """
    held: list[bytes] = []
    size = first = 0
    for record in records(path):
        held.append(record)
        size += len(record)
        if size >= BATCH_BYTES or len(held) >= BATCH_RECORDS:
            yield _decode(held, path, first)
            first += len(held)
            held, size = [], 0
    if held:
        yield _decode(held, path, first)


def _decode(held: list[bytes], path: Path, first: int) -> pa.RecordBatch:
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    try:
        batch = ExamplesToRecordBatchDecoder().DecodeBatch(held)
    except Exception as error:  # the extension raises RuntimeError, ValueError or its own kinds
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path}, records {first + 1} to {first + len(held)}: not tf.Examples of one kind: {reason}"
        ) from error
    return pa.record_batch([_flat(column) for column in batch.columns], names=batch.schema.names)


def _flat(column: pa.Array) -> pa.Array:
    """A list column as a plain one where no row has more than one value."""
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return column
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    if pc.max(lengths).as_py() > 1:
        return column
    rows = pc.list_parent_indices(column)
    values = column.flatten()
    places = pa.nulls(len(column), pa.int64())
    present = pc.equal(lengths, 1)
    order = pa.array(range(len(rows)), pa.int64())
    places = pc.replace_with_mask(places, present, order)
    return values.take(places)
