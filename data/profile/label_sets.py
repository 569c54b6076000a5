"""Multi-label data, recognised: lists in a column, lists behind a separator, or a column per class."""

from collections import Counter

from data.profile.column import Column
from data.profile.label import Label
from data.profile.survey import Survey
from data.reading.errors import DataError
from data.reading.kinds import Evidence
from data.tasks import Task

SEPARATORS = ("|", ";", ",")
SEPARATED = 0.1
"""At least this share of the rows has a separator, where a column holds lists."""
FOLDED = "labels"
"""The name of the label that several columns become."""


def separator(counts: Counter[str]) -> str:
    """What stands between class names, where a column of text plainly holds lists; else empty.

    Plainly: a tenth of the rows or more have it, no cell names a class twice or leaves one empty, and
    there are fewer names than different cells: the same names come in many combinations.

    Args:
      counts: rows per value.
    """
    for mark in SEPARATORS:
        rows = sum(count for value, count in counts.items() if mark in value)
        cells = [_names(value, mark) for value in counts if value.strip()]
        names = {name for cell in cells for name in cell}
        whole = all("" not in cell and len(set(cell)) == len(cell) for cell in cells)
        if rows >= SEPARATED * counts.total() and whole and 2 <= len(names) < len(cells):
            return mark
    return ""


def of_column(column: Column, counts: Counter[str] | None, asked: bool) -> Label | None:
    """The label where a column holds lists; None where it does not.

    Args:
      column: its column.
      counts: rows per value, or per name where the file has lists.
      asked: the task was named: then a cell without any separator is a list of one.

    Raises:
      DataError: lists were asked for, and there are too many different values to be any.
    """
    if counts is None:
        if asked or column.several:
            raise DataError(
                f"The label '{column.name}' has too many or too long values to be lists of classes."
            )
        return None
    mark = "" if column.several else separator(counts)
    if not (column.several or mark or asked):
        return None
    names: Counter[str] = Counter()
    for value, count in counts.items():
        for name in [value] if column.several else _names(value, mark):
            names[name] += count if name else 0
    names.pop("", None)
    why = "lists of classes" if column.several else f"class names separated by '{mark}'"
    classes = tuple(sorted(names))
    empty = column.rows - column.filled
    notes = (f"{empty:,} rows name no class: none of them applies there",) if empty else ()
    return Label(column.name, Task.MULTILABEL, why, classes, dict(names), notes, separator=mark)


def of_columns(found: Survey, names: list[str]) -> Label:
    """The label that several columns of 0 and 1 become.

    Raises:
      DataError: one of them holds something else, or nothing in some row.
    """
    counts = {}
    for name in names:
        column = found.columns[name]
        boolean = Evidence.NOT_BOOL not in Evidence(column.evidence)
        bit = column.is_integer and column.low >= 0 and column.high <= 1
        if column.filled < column.rows or not (bit or boolean):
            raise DataError(
                f"Several --label make one label of many classes, each a column of 0 and 1 or true "
                f"and false, filled in every row. '{name}' is none."
            )
        counts[name] = sum(
            count
            for value, count in (column.counts or {}).items()
            if value.lower() in (b"1", b"true")
        )
    label = FOLDED
    while label in found.columns:
        label += "_"
    return Label(
        label,
        Task.MULTILABEL,
        f"{len(names)} columns of 0 and 1",
        tuple(names),
        counts,
        columns=tuple(names),
    )


def _names(cell: str, mark: str) -> list[str]:
    return [part.strip() for part in (cell.split(mark) if mark else [cell])]
