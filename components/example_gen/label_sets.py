"""Multi-label data as people keep it, made one column that holds a list of class names per row."""

import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.ingestion import Ingestion
from data.reading import kinds
from data.reading.errors import DataError


def fold(batch: pa.RecordBatch, plan: Ingestion) -> pa.RecordBatch:
    """The batch with its label as lists; as it is where the label is no set.

    With `label_columns`, columns of 0 and 1 (or true and false) become one list of the names of
    those that are 1; with `label_separator`, a column of text is cut at the separator, blanks and
    empty names left out. A row without any has an empty list.

    Raises:
      DataError: a label column is missing, or holds something else.
    """
    if plan.label_columns:
        return _from_flags(batch, plan)
    if plan.label_separator and plan.label in batch.schema.names:
        position = batch.schema.names.index(plan.label)
        lists = _from_text(batch.column(position), plan.label_separator)
        return batch.set_column(position, plan.label, lists)
    return batch


def _from_flags(batch: pa.RecordBatch, plan: Ingestion) -> pa.RecordBatch:
    flags = []
    for name in plan.label_columns:
        if name not in batch.schema.names:
            raise DataError(
                f"data.label_columns names '{name}', which is no column: "
                f"{', '.join(batch.schema.names)}"
            )
        flags.append(_flag(name, batch.column(name)))
    names = [
        [name for name, flag in zip(plan.label_columns, row, strict=True) if flag]
        for row in zip(*(flag.to_pylist() for flag in flags), strict=True)
    ]
    kept = [name for name in batch.schema.names if name not in plan.label_columns]
    columns = [batch.column(name) for name in kept]
    return pa.record_batch(
        [*columns, pa.array(names, pa.list_(pa.string()))], names=[*kept, plan.label]
    )


def _flag(name: str, column: pa.Array) -> pa.Array:
    try:
        numbers = kinds.integers(column)
    except ValueError:
        numbers = None
    if numbers is None or not pc.all(pc.is_in(numbers, pa.array([0, 1]))).as_py():
        raise DataError(
            f"data.label_columns: '{name}' should hold 0 or 1, true or false in every row. It holds "
            f"something else, or nothing, in a batch of {len(column):,} rows"
        )
    return numbers


def _from_text(column: pa.Array, separator: str) -> pa.Array:
    names = [
        [name for part in (cell or "").split(separator) if (name := part.strip())]
        for cell in column.cast(pa.string()).to_pylist()
    ]
    return pa.array(names, pa.list_(pa.string()))
