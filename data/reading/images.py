"""Reads pictures: a sub-folder per class, each file checked by decoding it once."""

import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pyarrow as pa

from data.reading.errors import DataError

IMAGE = "image"
LABEL = "label"
DECODABLE = frozenset({"JPEG", "PNG", "GIF", "BMP"})
"""What TensorFlow decodes, so that the same bytes can be trained on and served."""
BATCH_BYTES = 4 << 20
BATCH_FILES = 256
PIXELS_CHECKED = (64, 64)
"""JPEG is decoded to this size for the check: it reads all of the file at a third of the time."""


def class_of(file: Path, root: Path, may_lack: bool = False) -> str | None:
    """The class a picture or text belongs to: the first folder below the root, however deep it lies.

    Args:
      file: the picture or text.
      root: the folder of the class folders.
      may_lack: a file in the root itself has no class (None) instead of being a mistake.

    Raises:
      DataError: the file lies in the root itself.
    """
    parts = file.relative_to(root).parts
    if len(parts) < 2:
        if may_lack:
            return None
        raise DataError(
            f"{file} lies beside the class folders, so it has no class; move it into one of them."
        )
    return parts[0]


def why_corrupt(content: bytes) -> str:
    """What is wrong with a picture; empty where it can be decoded to the last row."""
    from PIL import Image, UnidentifiedImageError

    if not content:
        return "the file is empty"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content)) as picture:
                if picture.format not in DECODABLE:
                    return f"{picture.format} cannot be decoded by TensorFlow; convert it to PNG"
                picture.draft("RGB", PIXELS_CHECKED)
                picture.load()
    except UnidentifiedImageError:
        return "not a picture"
    except Exception as error:  # decoders raise what they like: OSError, SyntaxError, struct.error
        return str(error) or type(error).__name__
    return ""


def shorter_side(content: bytes) -> int:
    """The smaller of a picture's width and height in pixels, by its header; 0 where it has none."""
    from PIL import Image

    try:
        with Image.open(BytesIO(content)) as picture:
            return int(min(picture.size))
    except Exception:  # no picture, which `why_corrupt` tells
        return 0


def read(
    files: Sequence[Path],
    root: Path,
    corrupt: list[str] | None = None,
    may_lack_class: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Batches of `image` (the file's bytes as they are) and `label` (its class).

    Args:
      files: the pictures.
      root: the folder of the class folders.
      corrupt: collects "file: reason" for pictures that cannot be decoded, which are left out.
        None: the first one raises.
      may_lack_class: pictures beside the class folders have no label.

    Raises:
      DataError: a picture without a class; a corrupt one where they are not collected.
    """
    pictures: list[bytes] = []
    labels: list[str | None] = []
    size = 0
    for file in files:
        label = class_of(file, root, may_lack_class)
        content = file.read_bytes()
        reason = why_corrupt(content)
        if reason:
            if corrupt is None:
                raise DataError(
                    f"{file} cannot be decoded: {reason}. Repair or remove it, or set "
                    "data.skip_corrupt = true to leave such pictures out."
                )
            corrupt.append(f"{file}: {reason}")
            continue
        pictures.append(content)
        labels.append(label)
        size += len(content)
        if size >= BATCH_BYTES or len(pictures) >= BATCH_FILES:
            yield _batch(pictures, labels)
            pictures, labels, size = [], [], 0
    if pictures:
        yield _batch(pictures, labels)


def _batch(pictures: list[bytes], labels: list[str | None]) -> pa.RecordBatch:
    columns = [pa.array(pictures, pa.binary()), pa.array(labels, pa.string())]
    return pa.record_batch(columns, names=[IMAGE, LABEL])
