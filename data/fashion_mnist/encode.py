"""Pixels to PNG bytes, and PNG bytes with class names to one Parquet file."""

import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS_PER_GROUP = 1000
"""Rows in a Parquet row group: what one reader takes at a time."""


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A gray picture as the smallest PNG that one filter for all its rows gives.

    Args:
      pixels: (height, width) uint8.

    Returns:
      The bytes of an 8-bit grayscale PNG; decoding gives exactly `pixels`.
    """
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = min((zlib.compress(lines, 9) for lines in _filtered(pixels)), key=len)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def _filtered(pixels: npt.NDArray[np.uint8]) -> Iterable[bytes]:
    """The scan lines unfiltered (0), less the left neighbour (1), less the one above (2)."""
    left = np.pad(pixels, ((0, 0), (1, 0)))[:, :-1]
    above = np.pad(pixels, ((1, 0), (0, 0)))[:-1]
    for number, lines in enumerate((pixels, pixels - left, pixels - above)):
        yield np.pad(lines, ((0, 0), (1, 0)), constant_values=number).tobytes()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write_parquet(
    images: list[bytes], labels: list[str], path: Path, splits: list[str] | None = None
) -> None:
    """Write columns `image` (binary) and `label` (string); the file appears complete or not at all.

    Args:
      images: encoded pictures.
      labels: the class name of each.
      path: the file to write; its folder is made.
      splits: a third column, `split` (string); None: there is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"image": pa.array(images, pa.binary()), "label": pa.array(labels, pa.string())}
    if splits is not None:
        columns["split"] = pa.array(splits, pa.string())
    table = pa.table(columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    os.close(handle)
    try:
        pq.write_table(
            table,
            name,
            row_group_size=ROWS_PER_GROUP,
            compression="zstd",
            compression_level=19,
            use_dictionary=[name for name in columns if name != "image"],
            write_statistics=["label"],
        )
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
