"""Record batches to serialized tf.Examples, by way of tfx_bsl's C++ encoder."""

import pyarrow as pa
import pyarrow.compute as pc

from data.reading import kinds

ARROW = {"INT": pa.int64(), "FLOAT": pa.float32(), "BYTES": pa.binary()}


def encode(
    batch: pa.RecordBatch, types: dict[str, str], missing: tuple[str, ...] = ()
) -> list[bytes]:
    """One serialized tf.Example per row; a missing cell is a feature without a value.

    Args:
      batch: as a reader yields it.
      types: INT, FLOAT or BYTES of each column to write; others are left out.
      missing: spellings that stand for a missing number.
    """
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    names = [name for name in batch.schema.names if name in types]
    if not names:
        from tensorflow.core.example.example_pb2 import Example

        return [Example().SerializeToString()] * batch.num_rows
    columns = [_lists(batch.column(name), types[name], missing) for name in names]
    encoded: list[bytes] = RecordBatchToExamplesEncoder().encode(
        pa.record_batch(columns, names=names)
    )
    return encoded


def _lists(column: pa.Array, kind: str, missing: tuple[str, ...]) -> pa.Array:
    """The column as lists: one value, none (null), or as many as the cell had."""
    if kinds.is_list(column):
        values = kinds.convert(column.flatten(), kind, missing)
        if values.null_count:  # not-a-number among other values: kept in its place
            values = values.fill_null(
                b"" if kind == "BYTES" else float("nan") if kind == "FLOAT" else 0
            )
        lengths = pc.list_value_length(column)
        return _from_lengths(values, lengths)
    values = kinds.convert(column, kind, missing)
    filled = values.drop_null()
    return _from_lengths(filled, pc.if_else(values.is_valid(), 1, pa.scalar(None, pa.int64())))


def _from_lengths(values: pa.Array, lengths: pa.Array) -> pa.Array:
    """A list array from the values of all cells and how many each has; null where it has none."""
    ends = pc.cumulative_sum(pc.fill_null(lengths.cast(pa.int64()), 0))
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends])
    return pa.LargeListArray.from_arrays(offsets, values, mask=lengths.is_null())
