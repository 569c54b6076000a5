"""One way to read any source: cut into pieces, each piece a stream of record batches."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from data.reading import delimited, images, parquet, texts, tfrecord
from data.sources import Source, SourceFormat

FILES_PER_PIECE = 500
"""Of pictures and texts, which are a row each."""


@dataclass(frozen=True)
class Piece:
    """What one worker reads: a file, or some hundred pictures or texts."""

    format: SourceFormat
    files: tuple[str, ...]
    root: str
    unlabelled: bool = False
    """Whether nobody looks at its labels."""
    may_lack_class: bool = False
    """Whether a picture or text may lie beside the class folders; its label is then missing."""


def pieces(source: Source, unlabelled: bool = False, may_lack_class: bool = False) -> list[Piece]:
    """The source cut into parts that can be read apart, in a stable order.

    Args:
      source: the files.
      unlabelled: what `Piece` says.
      may_lack_class: likewise; pieces that are `unlabelled` may anyway.
    """
    lack = unlabelled or may_lack_class
    one_row = source.format in (SourceFormat.IMAGES, SourceFormat.TEXTS)
    step = FILES_PER_PIECE if one_row else 1
    names = [str(file) for file in source.files]
    return [
        Piece(source.format, tuple(names[start : start + step]), str(source.root), unlabelled, lack)
        for start in range(0, len(names), step)
    ]


def read(
    piece: Piece, corrupt: list[str] | None = None, columns: Collection[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The piece's rows; at no time more than a batch of them in memory.

    Args:
      piece: one of `pieces`.
      corrupt: collects what is wrong with pictures that are left out; None: the first one raises.
      columns: the only columns asked for (Parquet alone saves work by it, and alone heeds it).

    Raises:
      DataError: naming file and line, column or record.
    """
    files = [Path(name) for name in piece.files]
    match piece.format:
        case SourceFormat.IMAGES:
            yield from images.read(files, Path(piece.root), corrupt, piece.may_lack_class)
        case SourceFormat.TEXTS:
            yield from texts.read(files, Path(piece.root), piece.may_lack_class)
        case SourceFormat.PARQUET:
            for file in files:
                yield from parquet.read(file, columns)
        case SourceFormat.TFRECORD:
            for file in files:
                yield from tfrecord.read(file)
        case SourceFormat.CSV:
            for file in files:
                yield from delimited.read(file)
