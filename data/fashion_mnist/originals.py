"""Fashion-MNIST as Debian ships it: where the four files lie, and their pixels and labels."""

import gzip
import hashlib
import struct
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package `dataset-fashion-mnist` puts its files."""

SHA256 = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}

CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
"""Class names in the order of the original numbers 0 to 9."""

Part = Literal["train", "t10k"]


def read_part(
    part: Part, folder: Path = FOLDER
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The pixels and the class numbers of one part, after checking each file's sha256.

    Args:
      part: `train` (60,000 pictures) or `t10k` (10,000).
      folder: where the `.gz` files lie.

    Returns:
      Pixels (n, 28, 28) uint8, 0 is background, and class numbers (n,) uint8.

    Raises:
      FileNotFoundError: a file is missing; the message names the package and how to install it.
      ValueError: a file is not the one this project knows.
    """
    images = _read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = _read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return images, labels


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the full Fashion-MNIST comes with Debian's package "
            "dataset-fashion-mnist. Install it with: apt-get install dataset-fashion-mnist"
        )
    packed = path.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != SHA256[path.name]:
        raise ValueError(
            f"{path} is not the Fashion-MNIST file this project knows: sha256 should be "
            f"{SHA256[path.name]}. Reinstall dataset-fashion-mnist. Received: {found}"
        )
    raw = gzip.decompress(packed)
    # idx: two zero bytes, 8 = unsigned byte, number of dimensions, each dimension, then the data.
    _, kind, dimensions = struct.unpack_from(">HBB", raw)
    if kind != 8:
        raise ValueError(f"{path} does not hold unsigned bytes. Received: idx type {kind}")
    shape = struct.unpack_from(f">{dimensions}I", raw, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
