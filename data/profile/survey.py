"""Reads a source once from end to end and remembers what matters of each column."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from data.profile.column import Column, Odd
from data.reading import diagnosis, parquet, stream
from data.reading.delimited import read_header
from data.reading.errors import DataError
from data.reading.stream import Piece
from data.sources import Source, SourceFormat

SAMPLE_CELLS = 20_000_000
SAMPLE_BYTES = 256 << 20
"""Types, counts, ranges and missing cells are of all rows; quantiles and identifiers of this many."""
MISSING_SPELLINGS = frozenset(
    {
        "NA",
        "N/A",
        "n/a",
        "na",
        "NaN",
        "nan",
        "null",
        "NULL",
        "Null",
        "None",
        "none",
        "NONE",
        "?",
        "-",
        "--",
        ".",
    }
)
"""What people write where a number is missing."""


@dataclass
class Survey:
    """A source and its columns."""

    source: Source
    pieces: list[Piece]
    columns: dict[str, Column] = field(default_factory=dict)
    rows: int = 0
    corrupt: list[str] = field(default_factory=list)
    """Pictures that cannot be decoded."""

    def place(self, piece: int, row: int) -> str:
        """Where a row is, for people: file and line, or file and row."""
        file = Path(self.pieces[piece].files[0])
        if self.source.format is SourceFormat.CSV:
            line = diagnosis.line_of(file, read_header(file).delimiter, row)
            return f"{file.name}, line {line}"
        return f"{file.name}, row {row + 1}"

    def where_odd(self, odd: Odd) -> str:
        """Where a value that is no number stands."""
        return self.place(odd.file, odd.row)


def survey(
    source: Source,
    skip_corrupt: bool = False,
    missing: dict[str, tuple[str, ...]] | None = None,
    progress: Callable[[int], None] | None = None,
    may_lack_class: bool = False,
) -> Survey:
    """Reads everything once; memory does not grow with the data beyond the sample.

    Args:
      source: the files.
      skip_corrupt: collect pictures that cannot be decoded instead of stopping at the first.
      missing: by column, spellings that stand for a missing number.
      progress: called with the rows read so far, once a batch.
      may_lack_class: pictures and texts may lie beside the class folders.

    Raises:
      DataError: unreadable, or no rows.
    """
    found = Survey(source, stream.pieces(source, may_lack_class=may_lack_class))
    untyped = source.format is SourceFormat.CSV
    spent = 0
    for number, piece in enumerate(found.pieces):
        row = 0
        for batch in stream.read(piece, found.corrupt if skip_corrupt else None):
            keep = spent < SAMPLE_BYTES and found.rows * max(1, batch.num_columns) < SAMPLE_CELLS
            spent += batch.nbytes if keep else 0
            for name in batch.schema.names:
                column = found.columns.get(name)
                if column is None:
                    spelled = (missing or {}).get(name, ())
                    column = found.columns[name] = Column(name, untyped, spelled, rows=found.rows)
                column.add(batch.column(name), number, row, keep)
            row += batch.num_rows
            found.rows += batch.num_rows
            for column in found.columns.values():
                column.rows = found.rows
            if progress is not None:
                progress(found.rows)
    if source.format is SourceFormat.PARQUET:
        for name in parquet.moments(source.files[0]):
            if name in found.columns:
                found.columns[name].moments = True
    if not found.rows:
        head = " but a header" if untyped else ""
        raise DataError(f"{source.name} has no rows{head}; there is nothing to learn from.")
    return found


def spelled_missing(found: Survey) -> dict[str, tuple[str, ...]]:
    """Columns of numbers whose only other values are known spellings of "missing"."""
    return {
        name: tuple(sorted(column.odd_texts))
        for name, column in found.columns.items()
        if column.odd_texts and column.numeric and column.odd_texts <= MISSING_SPELLINGS
    }
