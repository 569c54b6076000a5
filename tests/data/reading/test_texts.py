"""Folders of texts: classes, encodings, batches."""

from pathlib import Path

import pytest

from data.reading.errors import DataError
from data.reading.texts import BATCH_FILES, read


def test_texts_with_their_classes(tmp_path: Path) -> None:
    contents = {
        "ham/a.txt": "grüß dich\r\n".encode(),
        "ham/deep/b.txt": b"\xef\xbb\xbfwith a mark",
        "spam/c.txt": "größer!".encode("latin-1"),
        "spam/empty.txt": b"",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (batch,) = read([tmp_path / name for name in contents], tmp_path)
    assert batch.to_pylist() == [
        {"text": "grüß dich\r\n", "label": "ham"},
        {"text": "with a mark", "label": "ham"},
        {"text": "größer!", "label": "spam"},
        {"text": "", "label": "spam"},
    ]


def test_many_files_come_in_batches(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    batches = list(read([tmp_path / "a" / "x.txt"] * (BATCH_FILES + 1), tmp_path))
    assert [batch.num_rows for batch in batches] == [BATCH_FILES, 1]


def test_a_text_without_a_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="beside the class folders"):
        list(read([tmp_path / "a.txt"], tmp_path))
