"""From the network's SavedModel to the bytes of a LiteRT file, one format at a time."""

import contextlib
import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.lite_exporter.config import Format
from components.lite_exporter.rows import Array
from data.signatures import SERVING_DEFAULT

logger = logging.getLogger(__name__)


class ConversionError(ValueError):
    """A network that the converter cannot take; the message says which format and why."""


def convert(network: Path, format: Format, calibration: dict[str, Array]) -> bytes:
    """Converts a network.

    Inputs and outputs stay float32 (numbers) and whole numbers (ids), in any format.

    Args:
      network: a SavedModel whose `serving_default` takes numbers alone.
      format: the weights' and, for int8, the arithmetic's.
      calibration: {input: (rows, ...)}; for int8 the ranges of the numbers come from them.

    Raises:
      ConversionError: an operation that LiteRT does not have.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(network), signature_keys=[SERVING_DEFAULT]
    )
    if format != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if format == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if format == "int8":
        converter.representative_dataset = lambda: _one_by_one(calibration)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            made: bytes = converter.convert()
    except Exception as error:  # the converter has no class of its own for what it refuses
        logger.exception("the converter said: %s", said.getvalue())
        raise ConversionError(
            f"lite.formats: '{format}' cannot be made of this model: {_reason(str(error))}. Leave it out of "
            "lite.formats, or give the model other layers; a model trained in reduced precision "
            'converts with train.precision = "float32" (train.image.precision for pictures)'
        ) from error
    return made


def _one_by_one(calibration: dict[str, Array]) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = len(next(iter(calibration.values())))
    for row in range(rows):
        yield SERVING_DEFAULT, {name: value[row : row + 1] for name, value in calibration.items()}


def _reason(message: str) -> str:
    """The operations by name where the converter names them, else its first line."""
    found = re.findall(r"tf\.\w+(?=\()|(?<=custom op: )\w+|'(tf\.\w+)' op", message)
    names = sorted({name for name in found if name})
    if names:
        return f"LiteRT has no {', '.join(names)}"
    return message.strip().splitlines()[0] if message.strip() else "the converter gave no reason"


def size(place: Path) -> int:
    """Bytes of a file, or of a folder with all that is in it."""
    if place.is_file():
        return place.stat().st_size
    return sum(os.path.getsize(file) for file in place.rglob("*") if file.is_file())
