"""Reads a `.safetensors` file into NumPy arrays: eight bytes of length, a JSON header, raw numbers."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from components.trainer.transfer.batches import Array

_DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
}


class SafetensorsError(ValueError):
    """The file is not what it should be; the message says in what."""


def read_safetensors(path: Path, sha256: str = "") -> dict[str, Array]:
    """The named arrays of a file. Format: https://huggingface.co/docs/safetensors

    Args:
      path: the file.
      sha256: what it must hash to; empty: anything.

    Raises:
      FileNotFoundError: no such file.
      SafetensorsError: another hash, another format, or cut short.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if sha256 and found != sha256:
        raise SafetensorsError(
            f"{path} is damaged or another file: its sha256 should be {sha256}. Received: {found}"
        )
    try:
        (length,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8 : 8 + length])
        start = 8 + length
        return {
            name: _array(content, start, entry)
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise SafetensorsError(
            f"{path} is no safetensors file, or it is cut short. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def _array(content: bytes, start: int, entry: dict[str, Any]) -> Array:
    first, last = entry["data_offsets"]
    if not 0 <= first <= last <= len(content) - start:
        raise ValueError("a tensor lies outside the file")
    values = np.frombuffer(content[start + first : start + last], _DTYPES[entry["dtype"]])
    return values.reshape(entry["shape"])
