"""Which rows have no label, and what of them is kept: every column but the label's."""

import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.config import EMPTY
from components.example_gen.ingestion import Ingestion
from data.reading import kinds


def divide(
    batch: pa.RecordBatch, plan: Ingestion, unlabelled: bool
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """The rows with a label as they are, and those without, without the label's columns.

    Args:
      batch: as a reader yields it.
      plan: whether rows with an empty label are told apart.
      unlabelled: none of the rows has a label, whatever stands in its column.
    """
    if unlabelled:
        return batch.slice(0, 0), without_label(batch, plan)
    if plan.unlabelled != EMPTY:
        return batch, batch.slice(0, 0)
    empty = is_empty(batch, plan)
    return batch.filter(pc.invert(empty)), without_label(batch.filter(empty), plan)


def is_empty(batch: pa.RecordBatch, plan: Ingestion) -> pa.Array:
    """Which rows have an empty label, (rows,) bool: nothing, blanks, not-a-number, or a spelling of
    a missing number. All of them where there is no such column."""
    if plan.label not in batch.schema.names:
        return pa.array([True] * batch.num_rows, pa.bool_())
    column = batch.column(plan.label)
    if kinds.is_list(column):
        return pc.equal(pc.fill_null(pc.list_value_length(column), 0), 0)
    text = pc.ascii_trim_whitespace(kinds.text_of(column).cast(pa.string()))
    return pc.is_in(text, pa.array(["", None, *plan.missing], pa.string()))


def without_label(batch: pa.RecordBatch, plan: Ingestion) -> pa.RecordBatch:
    """The batch without the columns that say what the label is."""
    return batch.select([name for name in batch.schema.names if name not in plan.label_names])
