"""All pictures from the package's four files: checked, converted once, whole or not at all."""

import gzip
import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.fashion_mnist import encode, locate, originals


def _idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package of the same four files, 30 and 10 pictures."""
    folder = tmp_path / "package"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 30), ("t10k", 10)):
        pixels = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for kind, array in (("images-idx3", pixels), ("labels-idx1", labels)):
            packed = _idx(array)
            name = f"{part}-{kind}-ubyte.gz"
            (folder / name).write_bytes(packed)
            monkeypatch.setitem(originals.SHA256, name, hashlib.sha256(packed).hexdigest())
    return folder


def test_both_parts_with_readable_labels(package: Path, tmp_path: Path) -> None:
    table = pq.read_table(locate.full(tmp_path / "cache", package))
    expected = np.concatenate([originals.read_part(p, package)[0] for p in ("train", "t10k")])
    found = [np.asarray(Image.open(io.BytesIO(p))) for p in table["image"].to_pylist()]
    np.testing.assert_array_equal(np.stack(found), expected)
    assert table["label"].to_pylist() == list(originals.CLASSES) * 4


def test_the_second_call_reads_nothing(package: Path, tmp_path: Path) -> None:
    path = locate.full(tmp_path / "cache", package)
    before = path.stat().st_mtime_ns
    for file in package.iterdir():
        file.unlink()
    assert locate.full(tmp_path / "cache", package) == path
    assert path.stat().st_mtime_ns == before


def test_interrupted_it_leaves_no_file(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(source: object, target: object) -> None:
        raise KeyboardInterrupt

    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(encode.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            locate.full(cache, package)
    assert list(cache.iterdir()) == []
    assert locate.full(cache, package).is_file()


def test_without_the_package_it_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
        locate.full(tmp_path / "cache", tmp_path / "nothing")
    assert not (tmp_path / "cache").exists()


def test_another_file_under_the_name_is_refused(package: Path, tmp_path: Path) -> None:
    path = package / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=r"sha256 should be [0-9a-f]{64}"):
        locate.full(tmp_path / "cache", package)
    assert not (tmp_path / "cache").exists()


def test_the_official_split(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "EVAL", 5)
    table = pq.read_table(locate.official(tmp_path / "cache", package))
    assert table["split"].to_pylist() == ["train"] * 25 + ["eval"] * 5 + ["test"] * 10
    full = pq.read_table(locate.full(tmp_path / "cache", package))
    assert table.drop_columns(["split"]).equals(full)
