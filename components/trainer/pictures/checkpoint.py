"""Reads a legacy PyTorch `.pth` file of plain tensors into NumPy arrays, without PyTorch.

Such a file is a row of pickles (magic number, protocol version, system facts, the object itself,
the keys of its storages) followed by the raw storages. Unpickling can run any code, so only the
three things a dictionary of tensors is made of are admitted; everything else is refused.
"""

import hashlib
import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("<i1"),
    "ByteStorage": np.dtype("<u1"),
}

Array: TypeAlias = npt.NDArray[Any]


class CheckpointError(ValueError):
    """The file is not the checkpoint it should be; the message says in what."""


class _Tensor(NamedTuple):
    """A tensor as pickled: a window on a storage that comes later in the file."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read_checkpoint(path: Path, sha256: str = "") -> dict[str, Array]:
    """The named arrays of a legacy `.pth` file.

    Args:
      path: the file.
      sha256: what the file must hash to, in hexadecimal; empty: anything.

    Returns:
      Parameter names to arrays, in the file's order, with the file's shapes and dtypes.

    Raises:
      FileNotFoundError: no such file.
      CheckpointError: another hash, another format, cut short, or holding anything but tensors.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if sha256 and found != sha256:
        raise CheckpointError(
            f"{path} is damaged or another file: its sha256 should be {sha256}. Received: {found}"
        )
    try:
        return _read(io.BytesIO(content))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except Exception as error:  # a pickle of anything can fail in any way
        raise CheckpointError(
            f"{path} is not a legacy PyTorch checkpoint of plain tensors, or it is cut short. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def _read(file: io.BytesIO) -> dict[str, Array]:
    if file.getvalue().startswith(b"PK\x03\x04"):
        raise CheckpointError(
            "a zip checkpoint (PyTorch 1.6 or later). Only the legacy format is read: save it with "
            "torch.save(state, path, _use_new_zipfile_serialization=False)"
        )
    if _load(file) != _MAGIC or _load(file) != _PROTOCOL:
        raise CheckpointError("not a PyTorch checkpoint: the magic number is missing")
    if not _load(file)["little_endian"]:
        raise CheckpointError("written on a big-endian machine, which is not read")
    tensors = _load(file)
    if not isinstance(tensors, dict) or not all(isinstance(t, _Tensor) for t in tensors.values()):
        raise CheckpointError("holds something other than a dictionary of tensors")
    dtypes = {tensor.storage: tensor.dtype for tensor in tensors.values()}
    storages: dict[str, Array] = {}
    for key in _load(file):
        (length,) = struct.unpack("<q", file.read(8))
        dtype = dtypes[key]
        storages[key] = np.frombuffer(file.read(length * dtype.itemsize), dtype, count=length)
    return {str(name): _array(tensor, storages) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, storages: dict[str, Array]) -> Array:
    """Copy out a tensor's window, with a check that the window lies inside its storage."""
    values = storages[tensor.storage]
    if min((tensor.offset, *tensor.shape, *tensor.stride)) < 0:
        raise CheckpointError(f"a tensor with a negative size. Received: {tensor}")
    if 0 in tensor.shape:
        return np.empty(tensor.shape, tensor.dtype)
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True))
    if tensor.offset + last >= len(values):
        raise CheckpointError(f"a tensor reaches past its storage. Received: {tensor}")
    steps = [step * values.itemsize for step in tensor.stride]
    window = values[tensor.offset :]
    return np.lib.stride_tricks.as_strided(window, tensor.shape, steps, writeable=False).copy()


def _load(file: io.BytesIO) -> Any:
    return _TensorsOnly(file).load()


class _TensorsOnly(pickle.Unpickler):
    """An unpickler that can build dictionaries of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Callable[..., Any] | str:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGES:
            return name
        raise CheckpointError(f"refused: it asks for {module}.{name}, which is no tensor")

    def persistent_load(self, reference: Any) -> tuple[str, np.dtype[Any]]:
        # ("storage", storage class, key, device, number of elements, view)
        kind, storage, key, _, _, view = reference
        if kind != "storage" or view is not None:
            raise CheckpointError(f"refused: a reference that is no storage. Received: {reference}")
        return str(key), _STORAGES[storage]


def _rebuild_tensor(
    storage: tuple[str, np.dtype[Any]],
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool = False,
    hooks: object = None,
) -> _Tensor:
    key, dtype = storage
    return _Tensor(key, dtype, int(offset), tuple(shape), tuple(stride))
