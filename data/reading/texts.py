"""Reads a folder of texts: a sub-folder per class, each file one text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from data.reading.images import LABEL, class_of

TEXT = "text"
BATCH_BYTES = 4 << 20
BATCH_FILES = 1000


def decode(content: bytes) -> str:
    """UTF-8, or Latin-1 where it is not; without a byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read(
    files: Sequence[Path], root: Path, may_lack_class: bool = False
) -> Iterator[pa.RecordBatch]:
    """Batches of `text` and `label` (its class, the first folder below the root).

    Args:
      files: the texts.
      root: the folder of the class folders.
      may_lack_class: texts beside the class folders have no label.

    Raises:
      DataError: a text without a class.
    """
    texts: list[str] = []
    labels: list[str | None] = []
    size = 0
    for file in files:
        labels.append(class_of(file, root, may_lack_class))
        texts.append(decode(file.read_bytes()))
        size += len(texts[-1])
        if size >= BATCH_BYTES or len(texts) >= BATCH_FILES:
            yield _batch(texts, labels)
            texts, labels, size = [], [], 0
    if texts:
        yield _batch(texts, labels)


def _batch(texts: list[str], labels: list[str | None]) -> pa.RecordBatch:
    columns = [pa.array(texts, pa.string()), pa.array(labels, pa.string())]
    return pa.record_batch(columns, names=[TEXT, LABEL])
