"""Packed rows are small and come back as they were."""

import pytest

from components.example_gen import chunks

ROWS = [(bytes([n]) * 32, b"example " * n) for n in range(200)]


def test_they_come_back_in_order() -> None:
    assert list(chunks.unpack(chunks.pack(ROWS))) == ROWS
    assert list(chunks.pack([])) == []


def test_they_are_compressed() -> None:
    (packed,) = chunks.pack(ROWS)
    assert len(packed) < sum(len(example) for _, example in ROWS) / 5


def test_chunks_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LARGEST", 1000)
    packed = list(chunks.pack(ROWS))
    assert len(packed) > 100
    assert list(chunks.unpack(packed)) == ROWS
