"""The file in which Transform leaves the vocabularies of many columns, and who reads it back.

It is an asset of the transform graph, named `vocabularies`: for each column a line with its position,
then `<position>=<value>` lines, the most frequent value first; a last line marks the end.
"""

from collections.abc import Sequence
from pathlib import Path

NAME = "vocabularies"


def to_bytes(columns: Sequence[Sequence[bytes]]) -> bytes:
    """The file's content.

    Args:
      columns: the values of each, already marked by `<position>=`; none of them has a line break.
    """
    lines: list[bytes] = []
    for position, values in enumerate(columns):
        lines += [b"%d" % position, *values]
    lines.append(b"%d" % len(columns))
    return b"\n".join(lines) + b"\n"


def read(file: Path) -> list[list[str]]:
    """The values of each column, the most frequent first, without their marks."""
    columns: list[list[str]] = []
    for line in file.read_bytes().split(b"\n")[:-1]:
        _, marked, value = line.partition(b"=")
        if marked:
            columns[-1].append(value.decode("utf-8", "surrogateescape"))
        else:
            columns.append([])
    return columns[:-1]
