"""The fingerprint follows content and names, and reads an unchanged file once."""

import os
import time
from pathlib import Path

import pytest

from data import fingerprint as module
from data.fingerprint import fingerprint
from data.sources import resolve


def _old(file: Path) -> None:
    then = time.time() - 60
    os.utime(file, (then, then))


def test_it_follows_content_not_times(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x\n1\n")
    first = fingerprint(resolve("a.csv", tmp_path))
    _old(file)
    assert fingerprint(resolve("a.csv", tmp_path)) == first
    file.write_text("x\n2\n")
    assert fingerprint(resolve("a.csv", tmp_path)) != first


def test_it_is_the_same_elsewhere(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.csv").write_text("x\n1\n")
    assert fingerprint(resolve("here", tmp_path)) == fingerprint(resolve("there", tmp_path))


def test_a_renamed_or_moved_file_counts(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png"):
        (tmp_path / "a" / name).parent.mkdir(parents=True)
        (tmp_path / "a" / name).write_bytes(name.encode())
    before = fingerprint(resolve("a", tmp_path))
    (tmp_path / "a/cat/1.png").rename(tmp_path / "a/dog/2.png")
    assert fingerprint(resolve("a", tmp_path)) != before


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = tmp_path / "a.csv", tmp_path / "cache" / "f.json"
    file.write_text("x\n1\n")
    _old(file)
    first = fingerprint(resolve("a.csv", tmp_path), cache)

    def never(_: Path) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(module, "_digest", never)
    assert fingerprint(resolve("a.csv", tmp_path), cache) == first


def test_a_file_changed_within_the_clock_tick_is_noticed(tmp_path: Path) -> None:
    file, cache = tmp_path / "a.csv", tmp_path / "f.json"
    file.write_text("x\n1\n")
    first = fingerprint(resolve("a.csv", tmp_path), cache)
    status = file.stat()
    file.write_text("x\n2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint(resolve("a.csv", tmp_path), cache) != first


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}'])
def test_a_damaged_cache_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "f.json").write_text(content)
    assert fingerprint(resolve("a.csv", tmp_path), tmp_path / "f.json") == fingerprint(
        resolve("a.csv", tmp_path)
    )
