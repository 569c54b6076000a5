"""Weights off the disk: the known format, the known bytes, nothing else."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from components.trainer.text.safetensors import SafetensorsError, read_safetensors


def _file(path: Path, header: object, body: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def test_arrays_of_every_type(tmp_path: Path) -> None:
    half = np.array([[1.5, -2.0]], np.float16)
    whole = np.array([1, 2, 3], np.int64)
    header = {
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "I64", "shape": [3], "data_offsets": [4, 28]},
        "a": {"dtype": "F16", "shape": [1, 2], "data_offsets": [0, 4]},
    }
    found = read_safetensors(_file(tmp_path / "x", header, half.tobytes() + whole.tobytes()))
    np.testing.assert_array_equal(found["a"], half)
    np.testing.assert_array_equal(found["b"], whole)


@pytest.mark.parametrize(
    ("entry", "body"),
    [
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, b"1234"),  # cut short
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, b"12345678"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}, b"1234"),
        ({"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}, b"1234"),
    ],
)
def test_what_does_not_add_up_is_refused(tmp_path: Path, entry: object, body: bytes) -> None:
    with pytest.raises(SafetensorsError, match="no safetensors file, or it is cut short"):
        read_safetensors(_file(tmp_path / "x", {"a": entry}, body))


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SafetensorsError, match="its sha256 should be 00"):
        read_safetensors(_file(tmp_path / "x", {}, b""), "00")
    (tmp_path / "y").write_bytes(b"PK")
    with pytest.raises(SafetensorsError, match="no safetensors file"):
        read_safetensors(tmp_path / "y")
