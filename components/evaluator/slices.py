"""Which rows of a record batch are in which slice, for all rows at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from components.evaluator.config import bucket_names
from components.evaluator.sequences import Array

Members = tuple[Array, Array, list[Any]]
"""(row, number of the value) of every value of a column, by row, and the values."""


def members(column: Any, name: str, edges: Sequence[float] = ()) -> Members:
    """The values of a column, each once per row; bucketed where there are edges.

    Args:
      column: as TFMA extracts it: (rows, values), or sparse with `values` and `indices`.
      name: the column's name, for errors.
      edges: the bounds between buckets, rising; none: every value is a slice of its own.

    Raises:
      ValueError: bytes that are no text.
    """
    rows, flat, several = _pairs(column)
    if edges:
        numbers = flat.astype(np.float64)
        kept = ~np.isnan(numbers)
        rows, codes = rows[kept], np.searchsorted(np.array(edges), numbers[kept], side="right")
        values: list[Any] = bucket_names(edges)
    else:
        encoded = pa.array(flat).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        values = [_value(item, name) for item in encoded.dictionary.to_pylist()]
    if several:  # a value twice in a row counts once
        rows, codes = np.unique(np.stack([rows, codes]), axis=1)
    return rows, codes, values


def _pairs(column: Any) -> tuple[Array, Array, bool]:
    """(row of each value, the values, whether a row may have several)."""
    if hasattr(column, "indices"):
        return column.indices[:, 0], np.asarray(column.values), column.dense_shape[1] > 1
    column = np.asarray(column)
    if column.ndim == 1 and column.dtype == object:  # lists, or None where a row has none
        lists: list[Any] = [[] if item is None else np.ravel(item) for item in column]
        lengths = [len(item) for item in lists]
        rows: Array = np.repeat(np.arange(len(column)), lengths)
        return rows, np.concatenate([*lists, np.zeros(0)])[: len(rows)], max(lengths) > 1
    flat = column.reshape(len(column), -1)
    return np.repeat(np.arange(len(flat)), flat.shape[1]), flat.ravel(), flat.shape[1] > 1


def slices(
    columns: Mapping[str, Members], keys: Sequence[str], wanted: Mapping[str, Any], rows: int
) -> Iterator[tuple[tuple[tuple[str, Any], ...], Array]]:
    """The slices of one specification that have rows.

    Args:
      columns: the columns of the batch; a column without any value may lack.
      keys: columns of which every value makes a slice, crossed with each other.
      wanted: columns of which one value is asked for.
      rows: rows of the batch.

    Yields:
      (slice key as TFMA has it, row numbers, rising).
    """
    here = np.arange(rows)
    key: list[tuple[str, Any]] = []
    for name, value in wanted.items():
        if name not in columns:
            return
        of_rows, codes, values = columns[name]
        numbers = [n for n, item in enumerate(values) if _same(item, value)]
        here = np.intersect1d(here, of_rows[np.isin(codes, numbers)])
        key.append((name, value))
    parts: list[tuple[tuple[tuple[str, Any], ...], Array]] = [(tuple(key), here)]
    for name in sorted(keys):
        if name not in columns:
            return
        parts = [
            ((*start, (name, value)), chosen)
            for start, those in parts
            for value, chosen in _by_value(columns[name], those, rows)
        ]
    for found, chosen in parts:
        if len(chosen):
            yield tuple(sorted(found)), chosen


def _by_value(column: Members, those: Array, rows: int) -> Iterator[tuple[Any, Array]]:
    of_rows, codes, values = column
    if not values:
        return
    inside: Array = np.zeros(rows, bool)
    inside[those] = True
    kept = inside[of_rows]
    of_rows, codes = of_rows[kept], codes[kept]
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(values)))
    for value, group in zip(values, np.split(of_rows[order], ends[:-1]), strict=True):
        if len(group):
            yield value, group


def _value(item: Any, name: str) -> Any:
    if not isinstance(item, bytes):
        return item
    try:
        return item.decode()
    except UnicodeDecodeError:
        raise ValueError(f"column '{name}' cannot be sliced: {item!r} is no UTF-8 text") from None


def _same(item: Any, wanted: Any) -> bool:
    """As TFMA has it: a number that is asked for is also found as text."""
    return bool(item == wanted or (not isinstance(wanted, str) and item == str(wanted)))
