"""Reads CSV and its cousins as text, byte for byte, a block at a time."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv

from data.reading import diagnosis
from data.reading.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
BLOCK = 4 << 20
"""Bytes parsed at once; doubled for a file with a larger record."""
LARGEST_RECORD = 512 << 20
SNIFFED_BYTES = 1 << 20
SNIFFED_RECORDS = 50


@dataclass(frozen=True)
class Header:
    """What the head of a file says about the rest."""

    names: tuple[str, ...]
    delimiter: str


def read_header(path: Path) -> Header:
    """The delimiter, and the column names of the first record.

    Raises:
      DataError: empty file, not UTF-8, a name missing or twice.
    """
    with pa.input_stream(str(path)) as stream:
        head = stream.read(SNIFFED_BYTES)
    if not head.strip():
        raise DataError(f"{path} is empty.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{path} is UTF-16; save it as UTF-8: iconv -f UTF-16 -t UTF-8 '{path.name}' > utf8.csv"
        )
    delimiter = sniff(head.decode("utf-8-sig", errors="replace"), whole=len(head) < SNIFFED_BYTES)
    with pa.input_stream(str(path)) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            rows = diagnosis.records(text, delimiter)
            names = next(row for _, row in rows if row)
        except UnicodeDecodeError as error:
            raise diagnosis.explain(path, delimiter, None, error) from error
    _check_names(path, names, delimiter)
    return Header(tuple(names), delimiter)


def sniff(text: str, whole: bool) -> str:
    """The delimiter that cuts the most records into equally many cells.

    Args:
      text: the beginning of a file.
      whole: text is all of it; otherwise its last record is cut and not counted.
    """
    best = (0.0, 0)
    chosen = DELIMITERS[0]
    for delimiter in DELIMITERS:
        widths: list[int] = []
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                widths.append(len(row))
                if len(widths) > SNIFFED_RECORDS:
                    break
        except csv.Error:
            continue
        if not whole and len(widths) > 1:
            widths.pop()
        widths = [width for width in widths if width]
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _check_names(path: Path, names: list[str], delimiter: str) -> None:
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"Column {position} of {path} has no name in the header. Name it or remove it "
                "(pandas writes its index so: use to_csv(..., index=False))."
            )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"Column '{name}' appears twice in the header of {path}.")
        seen.add(name)


def read(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows as batches of string columns; an empty cell is null.

    Quoted cells may hold newlines. Numbers are not parsed here: the text is kept as it stands.

    Raises:
      DataError: not UTF-8, a row with too many or too few cells, an unclosed quote; by line.
    """
    header = read_header(path)
    block, done = BLOCK, 0
    while True:
        try:
            for batch in _stream(path, header, block, done):
                done += batch.num_rows
                yield batch
            return
        except pa.ArrowInvalid as error:
            if "straddling object" in str(error) and block < LARGEST_RECORD:
                block *= 2
                continue
            raise diagnosis.explain(path, header.delimiter, len(header.names), error) from error


def _stream(path: Path, header: Header, block: int, skip: int) -> Iterator[pa.RecordBatch]:
    """One pass over the file, from row `skip` on.

    A file or native stream, never a Python file object, and one thread: the reader's own threads
    outlive an error and would call into Python while the interpreter shuts down.
    """
    last: pa.RecordBatch | None = None
    with pa.input_stream(str(path)) as stream:
        try:
            reader = pv.open_csv(
                stream,
                read_options=pv.ReadOptions(
                    use_threads=False, block_size=block, skip_rows_after_names=skip
                ),
                parse_options=pv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
                convert_options=pv.ConvertOptions(
                    column_types={name: pa.string() for name in header.names},
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise
        with reader:
            for batch in reader:
                if batch.num_rows:
                    last = batch
                    yield batch
    if last is not None and _ends_inside_quotes(last):
        diagnosis.refuse_unclosed_quote(path, header.delimiter)


def _ends_inside_quotes(batch: pa.RecordBatch) -> bool:
    """True where the file's very last cell spans lines, as a forgotten quote makes it."""
    values = (column[-1].as_py() for column in batch.columns)
    return any(value is not None and "\n" in value for value in values)
