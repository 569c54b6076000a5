"""Every Parquet type becomes a plain column or is refused by name."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.reading import parquet
from data.reading.errors import DataError

NOON = dt.datetime(2024, 2, 29, 12, 0, 0)
UNIX = 1_709_208_000


def read(path: Path) -> dict[str, list[Any]]:
    return pa.Table.from_batches(parquet.read(path)).to_pydict()


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        (pa.array([1, None], pa.int8()), [1, None], pa.int64()),
        (pa.array([2**63 - 1], pa.uint64()), [2**63 - 1], pa.int64()),
        (pa.array([1.5], pa.float32()), [1.5], pa.float64()),
        (pa.array(np.array([1.5], np.float16)), [1.5], pa.float64()),
        (pa.array([True, None]), [True, None], pa.bool_()),
        (pa.array(["a"], pa.large_string()), ["a"], pa.string()),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"], pa.string()),
        (pa.array([b"\xff"]), [b"\xff"], pa.binary()),
        (pa.array([Decimal("1.25")]), [1.25], pa.float64()),
        (pa.array([Decimal("12")], pa.decimal128(5, 0)), [12], pa.int64()),
        (pa.array([NOON], pa.timestamp("us")), [UNIX], pa.int64()),
        (pa.array([NOON], pa.timestamp("ns", tz="Europe/Berlin")), [UNIX], pa.int64()),
        (pa.array([dt.date(2024, 2, 29)]), [UNIX - 12 * 3600], pa.int64()),
        (pa.array([dt.time(1, 0, 1)]), [3601], pa.int64()),
        (pa.array([dt.datetime(1969, 12, 31, 23, 59, 59, 500000)]), [-1], pa.int64()),
        (pa.array([None, None]), [None, None], None),
    ],
)
def test_types(tmp_path: Path, column: pa.Array, values: list[Any], kind: pa.DataType) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": column}), path)
    table = pa.Table.from_batches(parquet.read(path))
    assert table.column("x").to_pylist() == values
    if kind is not None:
        assert table.schema.field("x").type == kind


@pytest.mark.parametrize(
    "column",
    [pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([[("k", 1)]], pa.map_("string", "int8"))],
)
def test_nested_columns_are_refused_by_name(tmp_path: Path, column: pa.Array) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"fine": [1], "tags": column}), path)
    with pytest.raises(DataError, match="Column 'tags' of .* is nested"):
        read(path)


def test_too_large_for_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": pa.array([2**64 - 1], pa.uint64())}), path)
    with pytest.raises(DataError, match="Column 'x' .* does not fit 64 bits"):
        read(path)


def test_the_pandas_index_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1], "__index_level_0__": [7]}), path)
    assert read(path) == {"x": [1]}


def test_no_parquet_and_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(path)
    pq.write_table(pa.table({"x": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(path)


def test_only_the_columns_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1], "y": [2]}), path)
    (batch,) = parquet.read(path, {"y"})
    assert batch.to_pydict() == {"y": [2]}
    assert set(parquet.kinds(path)) == {"x", "y"}
