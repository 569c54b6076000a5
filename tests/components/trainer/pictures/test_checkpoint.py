"""The restricted reader: the real file read, and everything that is not plain tensors refused."""

import hashlib
import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.pictures import checkpoint as room
from components.trainer.pictures.checkpoint import CheckpointError, read_checkpoint
from components.trainer.pictures.efficientnet_lite import SHA256, weights_file


class _Call:
    """Pickles as a call of a named function."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments


class _Storage:
    def __init__(self, key: str, kind: str = "FloatStorage", view: object = None) -> None:
        self.key, self.kind, self.view = key, kind, view


class _Name:
    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Writer(pickle._Pickler):  # the Python one: its opcodes can be written by hand
    """Writes what PyTorch writes, without PyTorch."""

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", _Name("torch", obj.kind), obj.key, "cpu", 0, obj.view)
        return None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Name):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, _Call):
            self.save(_Name(obj.module, obj.name))
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, save_persistent_id)


def _tensor(
    storage: _Storage, shape: tuple[int, ...], stride: tuple[int, ...], at: int = 0
) -> _Call:
    return _Call(
        "torch._utils", "_rebuild_tensor_v2", storage, at, shape, stride, False, OrderedDict()
    )


def _write(path: Path, content: Any, storages: dict[str, np.ndarray]) -> Path:
    file = io.BytesIO()
    for part in (room._MAGIC, room._PROTOCOL, {"little_endian": True}, content, list(storages)):
        _Writer(file, protocol=2).dump(part)
    for values in storages.values():
        file.write(struct.pack("<q", values.size) + values.tobytes())
    path.write_bytes(file.getvalue())
    return path


def test_the_real_checkpoint() -> None:
    arrays = read_checkpoint(weights_file(), SHA256)
    assert len(arrays) == 296
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert arrays["_fc.bias"].shape == (1000,)
    assert arrays["_bn0.num_batches_tracked"].dtype == np.int64
    assert (arrays["_bn0.running_var"] >= 0).all()


def test_windows_on_a_shared_storage(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32)
    storage = _Storage("7")
    content = OrderedDict(
        rows=_tensor(storage, (2, 3), (3, 1), at=6), columns=_tensor(storage, (3, 2), (1, 3))
    )
    arrays = read_checkpoint(_write(tmp_path / "a.pth", content, {"7": values}))
    np.testing.assert_array_equal(arrays["rows"], values[6:].reshape(2, 3))
    np.testing.assert_array_equal(arrays["columns"], values[:6].reshape(2, 3).T)
    arrays["rows"][:] = 0  # a copy of its own: changing it is allowed


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("torch", "load")],
)
def test_it_runs_nothing(module: str, name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = _write(tmp_path / "evil.pth", {"w": _Call(module, name, f"touch {trace}")}, {})
    with pytest.raises(CheckpointError, match=rf"refused: it asks for {module}\.{name}"):
        read_checkpoint(path)
    assert not trace.exists()


def test_a_plain_malicious_pickle_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {trace}",)

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil()))
    pickle.loads(path.read_bytes())  # proof that this pickle is live
    assert trace.exists()
    trace.unlink()
    with pytest.raises(CheckpointError, match="refused: it asks for posix.system"):
        read_checkpoint(path)
    assert not trace.exists()


def test_a_tensor_cannot_look_past_its_storage(tmp_path: Path) -> None:
    values = {"0": np.zeros(4, np.float32)}
    for shape, stride, at in (((5,), (1,), 0), ((2,), (4,), 0), ((4,), (1,), 1)):
        content = {"w": _tensor(_Storage("0"), shape, stride, at)}
        with pytest.raises(CheckpointError, match="reaches past its storage"):
            read_checkpoint(_write(tmp_path / "a.pth", content, values))
    content = {"w": _tensor(_Storage("0"), (2,), (-1,), 1)}
    with pytest.raises(CheckpointError, match="negative"):
        read_checkpoint(_write(tmp_path / "a.pth", content, values))


def test_only_tensors_in_the_dictionary(tmp_path: Path) -> None:
    for content in ([1, 2], {"epoch": 3}):
        with pytest.raises(CheckpointError, match="other than a dictionary of tensors"):
            read_checkpoint(_write(tmp_path / "a.pth", content, {}))


def test_a_damaged_file_is_refused_by_its_hash(tmp_path: Path) -> None:
    content = bytearray(weights_file().read_bytes())
    content[-1000] ^= 1
    path = tmp_path / "damaged.pth"
    path.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(CheckpointError, match=f"sha256 should be {SHA256}. Received: {found}"):
        read_checkpoint(path, SHA256)


def test_a_file_cut_short_is_refused_without_a_hash_too(tmp_path: Path) -> None:
    content = weights_file().read_bytes()
    path = tmp_path / "short.pth"
    for length in (0, 10, 3000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def test_the_zip_format_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "new.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.pkl", b"")
    with pytest.raises(CheckpointError, match="_use_new_zipfile_serialization=False"):
        read_checkpoint(path)
