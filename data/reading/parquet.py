"""Reads Parquet: every column becomes one of int64, float64, bool, string, binary, or is refused."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.reading.errors import DataError

BATCH_ROWS = 4096
BATCH_ROWS_BINARY = 256
"""Rows at once where a column holds binary values: pictures are large."""
PANDAS_INDEX = "__index_level_"
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def kinds(path: str | Path) -> dict[str, pa.DataType]:
    """Each column and the type `read` gives it, without reading rows; refuses what `read` refuses."""
    path = Path(path)
    with _open(path) as file:
        schema = file.schema_arrow
    return {
        name: _plain(path, name, pa.nulls(0, schema.field(name).type)).type
        for name in _names(path, schema)
    }


def moments(path: str | Path) -> list[str]:
    """The columns that hold dates or times of day of a date, which `read` gives as unix seconds."""
    with _open(Path(path)) as file:
        schema = file.schema_arrow
    kinds = {name: _values(schema.field(name).type) for name in schema.names}
    return [
        name
        for name, kind in kinds.items()
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    ]


def read(path: Path, columns: Collection[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows as batches of plain columns; dates and times become unix seconds.

    An unnamed pandas index (`__index_level_0__`) is no column of the data and is left out.

    Args:
      path: the file.
      columns: read only these; None: all.

    Raises:
      DataError: no Parquet, a damaged file, a nested or unknown type; by column.
    """
    with _open(path) as file:
        names = _names(path, file.schema_arrow)
        if columns is not None:
            names = [name for name in names if name in columns]
        types = [file.schema_arrow.field(name).type for name in names]
        binary = any(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) for kind in types)
        rows = BATCH_ROWS_BINARY if binary else BATCH_ROWS
        batches = file.iter_batches(batch_size=rows, columns=names, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowInvalid, OSError) as error:
                raise DataError(f"{path} is damaged: {_first_line(error)}") from error
            if batch is None:
                return
            yield pa.record_batch(
                [_plain(path, name, batch.column(name)) for name in names], names=names
            )


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {_first_line(error)}") from error


def _values(kind: pa.DataType) -> pa.DataType:
    """The type of the values, also of a dictionary's."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _names(path: Path, schema: pa.Schema) -> list[str]:
    """The columns in the file's order, once they are fit to be columns."""
    names = [name for name in schema.names if not name.startswith(PANDAS_INDEX)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"Column '{name}' appears twice in {path}.")
        if not name.strip():
            raise DataError(f"A column of {path} has no name.")
        kind = _values(schema.field(name).type)
        if pa.types.is_nested(kind) and not _is_list_of_text(kind):
            raise DataError(
                f"Column '{name}' of {path} is nested ({kind}); write its parts as columns of "
                "their own before giving it to the pipeline."
            )
    return names


def _is_list_of_text(kind: pa.DataType) -> bool:
    """Class names of a multi-label row."""
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(
        is_list
        and (pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))
    )


def _plain(path: Path, name: str, column: pa.Array) -> pa.Array:
    """One column as int64, float64, bool, string, binary, null or lists of strings."""
    kind = column.type
    if _is_list_of_text(kind):
        return column.cast(pa.list_(pa.string()))
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if kind in (pa.int64(), pa.float64(), pa.string(), pa.binary()):
        return column
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return column
    try:
        if pa.types.is_integer(kind):
            return column.cast(pa.int64())
        if pa.types.is_floating(kind):
            return column.cast(pa.float64())
        if pa.types.is_decimal(kind):
            return column.cast(pa.int64() if kind.scale == 0 else pa.float64())
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return column.cast(pa.string())
        if pa.types.is_binary_view(kind) or pa.types.is_large_binary(kind):
            return column.cast(pa.binary())
        if pa.types.is_fixed_size_binary(kind):
            return column.cast(pa.binary())
        if pa.types.is_date(kind):
            return _seconds(column.cast(pa.timestamp("ms")), "ms")
        if pa.types.is_timestamp(kind):
            return _seconds(column, kind.unit)
        if pa.types.is_time32(kind):
            return _seconds(column.cast(pa.int32()).cast(pa.int64()), kind.unit)
        if pa.types.is_time(kind) or pa.types.is_duration(kind):
            return _seconds(column, kind.unit)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"Column '{name}' of {path} ({kind}) does not fit 64 bits: {_first_line(error)}"
        ) from error
    raise DataError(f"Column '{name}' of {path} is of type {kind}, which a model has no use for.")


def _seconds(column: pa.Array, unit: str) -> pa.Array:
    """Whole seconds, rounded down also before 1970."""
    ticks = column.cast(pa.int64())
    size = PER_SECOND[unit]
    if size == 1:
        return ticks
    whole = pc.divide(ticks, size)
    behind = pc.less(pc.subtract(ticks, pc.multiply(whole, size)), 0)
    return pc.subtract(whole, behind.cast(pa.int64()))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
