"""Which split a row belongs to, and its place in it: decided by the row's content alone."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.reading import kinds
from data.reading.errors import DataError
from data.split_names import SPLITS, UNLABELLED

CELL = b"\x1f"
"""Between the cells of a row, where it is hashed."""


def digests(batch: pa.RecordBatch, seed: int) -> list[bytes]:
    """32 bytes per row, equal for equal rows whatever the order of columns, rows or files.

    Taken before columns are excluded or converted: another `exclude` or type keeps every row in
    its split, so that models remain comparable.
    """
    texts = [_text(batch.column(name)) for name in sorted(batch.schema.names)]
    rows = pc.binary_join_element_wise(
        *texts, pa.scalar(CELL, pa.binary()), null_handling="replace", null_replacement=b""
    )
    start = f"{seed}\0".encode()
    return [hashlib.sha256(start + row).digest() for row in rows.to_pylist()]


def group_digests(batch: pa.RecordBatch, column: str, seed: int) -> list[bytes | None]:
    """32 bytes per row, equal where `column` is equal; None where it is missing.

    Raises:
      DataError: there is no such column.
    """
    if column not in batch.schema.names:
        raise DataError(
            f"data.split_by names '{column}', which is no column: {', '.join(batch.schema.names)}"
        )
    start = f"{seed}\0".encode()
    values = _text(batch.column(column)).to_pylist()
    return [None if v is None else hashlib.sha256(start + v).digest() for v in values]


def named(batch: pa.RecordBatch, column: str) -> list[str | None]:
    """The split each row is said to be in; None where `column` is empty.

    Raises:
      DataError: there is no such column, or it says something else.
    """
    if column not in batch.schema.names:
        raise DataError(
            f"data.split_column names '{column}', which is no column: {', '.join(batch.schema.names)}"
        )
    cells = _text(batch.column(column)).to_pylist()
    names = [(cell or b"").decode("utf-8", "replace").strip() for cell in cells]
    for name in set(names):
        if name and name.lower() not in SPLITS:
            raise DataError(
                f"data.split_column: '{column}' should say {', '.join(SPLITS)} or nothing in every row. "
                f"Received: '{name}'"
            )
    return [name.lower() or None for name in names]


def bounds(split: dict[str, int]) -> list[int]:
    """Where each split ends: {train: 8, eval: 1, test: 1} gives [8, 9, 10]."""
    ends: list[int] = []
    for name in SPLITS:
        ends.append((ends[-1] if ends else 0) + split[name])
    return ends


def assign(
    rows: list[bytes],
    groups: list[bytes | None],
    split: dict[str, int],
    shards: dict[str, int],
    settled: list[str | None] | None = None,
) -> list[tuple[str, int]]:
    """The split and the file of each row.

    Args:
      rows: digests of rows: equal rows go to the same file.
      groups: digests of what must stay together; None: the row's own.
      split: parts of the whole by split.
      shards: files by split.
      settled: the split of each row that does not go by its digest; None: they all do.
    """
    if not rows:
        return []
    ends = bounds(split)
    whole = np.frombuffer(b"".join(g or r for g, r in zip(groups, rows, strict=True)), ">u8")
    number: Any = np.searchsorted(ends, whole[::4] % ends[-1], side="right")
    if settled is not None:
        said = np.array([-1 if name is None else SPLITS.index(name) for name in settled])
        number = np.where(said < 0, number, said)
    place = np.frombuffer(b"".join(rows), ">u4")[2::8]
    files = place % np.array([shards[name] for name in SPLITS])[number]
    names: list[str] = [SPLITS[n] for n in number.tolist()]
    return list(zip(names, files.tolist(), strict=True))


def assign_unlabelled(rows: list[bytes], files: int) -> list[tuple[str, int]]:
    """The split without labels, and the file in it, of each row.

    Args:
      rows: digests of rows.
      files: how many files the split has.
    """
    if not rows:
        return []
    place = np.frombuffer(b"".join(rows), ">u4")[2::8]
    return [(UNLABELLED, number) for number in (place % files).tolist()]


def places(ordered: list[bytes]) -> list[bytes]:
    """Sort keys that mix rows, equal ones too, and are the same every time.

    Args:
      ordered: the digests of a file's rows, sorted.
    """
    result: list[bytes] = []
    repeat = 0
    for number, digest in enumerate(ordered):
        repeat = repeat + 1 if number and ordered[number - 1] == digest else 0
        again = (
            digest if not repeat else hashlib.sha256(digest + repeat.to_bytes(8, "big")).digest()
        )
        result.append(again[12:])
    return result


def _text(column: pa.Array) -> pa.Array:
    if kinds.is_list(column):
        cells = [None if cell is None else repr(cell).encode() for cell in column.to_pylist()]
        return pa.array(cells, pa.binary())
    return kinds.text_of(column)
