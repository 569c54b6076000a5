"""Finds the line a broken CSV file is broken at; slow, and only asked once reading has failed."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from data.reading.errors import DataError


def records(text: TextIO, delimiter: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line it begins on."""
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    line = 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def explain(path: Path, delimiter: str, width: int | None, error: Exception) -> DataError:
    """The sentence behind a reader's error.

    Args:
      path: the file.
      delimiter: between its cells.
      width: how many columns the header has, where that is known.
      error: what the reader said; repeated where nothing better is found.
    """
    return (
        _not_utf8(path)
        or (_ragged(path, delimiter, width) if width is not None else None)
        or _unclosed_quote(path, delimiter)
        or DataError(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}")
    )


def refuse_unclosed_quote(path: Path, delimiter: str) -> None:
    """Raises where a quote is opened and never closed."""
    error = _unclosed_quote(path, delimiter)
    if error is not None:
        raise error


def _not_utf8(path: Path) -> DataError | None:
    with pa.input_stream(str(path)) as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                around = line[max(0, error.start - 15) : error.end + 10]
                shown = around.decode("latin-1").strip()
                return DataError(
                    f"{path}, line {number}: not UTF-8 (byte 0x{line[error.start]:02x} near '{shown}'). "
                    "If it is Windows or Latin-1 text, convert it: "
                    f"iconv -f WINDOWS-1252 -t UTF-8 '{path.name}' > utf8.csv"
                )
    return None


def _ragged(path: Path, delimiter: str, width: int) -> DataError | None:
    with pa.input_stream(str(path)) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        for line, row in records(text, delimiter):
            if row and len(row) != width:
                shown = delimiter.join(row)
                shown = shown if len(shown) <= 60 else shown[:57] + "..."
                cells = "cell" if len(row) == 1 else "cells"
                return DataError(
                    f"{path}, line {line}: {len(row)} {cells} where the header has {width}: {shown!r}."
                    + _quote_hint(row, len(row) < width)
                )
    return None


def _quote_hint(row: list[str], too_few: bool) -> str:
    if too_few and any("\n" in cell for cell in row):
        return " A quote is probably opened there and not closed."
    return "" if too_few else " A cell that contains the delimiter needs quotes around it."


def _unclosed_quote(path: Path, delimiter: str) -> DataError | None:
    line = 1
    with pa.input_stream(str(path)) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            for line, row in records(text, delimiter, strict=True):
                line += 1 + sum(cell.count("\n") for cell in row)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return DataError(f"{path}, line {line}: a quote is opened and never closed.")
        except UnicodeDecodeError:
            return None
    return None


def line_of(path: Path, delimiter: str, row: int) -> int:
    """The line on which a data row (0 is the first below the header) begins."""
    with pa.input_stream(str(path)) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        filled = (line for line, cells in records(text, delimiter) if cells)
        for number, line in enumerate(filled):
            if number == row + 1:
                return line
    raise DataError(f"{path} has no row {row}.")
