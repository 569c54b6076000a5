"""Rows that wait in files come back, once, however they were written."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.example_gen import executor, rows, spill
from components.example_gen.shards import WriteShard
from data.reading import tfrecord
from data.reading.errors import DataError

SHARDS = [("train", n % 3) for n in range(200)]
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(200)]
EXAMPLES = [b"example " * n for n in range(200)]


def spilled(folder: Path, start: int = 0, stop: int = 200) -> dict[spill.Shard, list[spill.Place]]:
    held = spill.Spill(str(folder))
    for first in range(start, stop, 10):
        part = slice(first, first + 10)
        held.add(SHARDS[part], DIGESTS[part], EXAMPLES[part])
    found: dict[spill.Shard, list[spill.Place]] = {}
    for shard, place in held.close():
        found.setdefault(shard, []).append(place)
    return found


@pytest.mark.parametrize("held", [1, 5_000, 1 << 20])
def test_each_shard_gets_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(spill, "HELD", held)
    found = spilled(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    for number in range(3):
        wanted = list(zip(DIGESTS[number::3], EXAMPLES[number::3], strict=True))
        assert list(spill.read(reversed(found["train", number]))) == wanted


def test_nothing_is_no_file(tmp_path: Path) -> None:
    assert spill.Spill(str(tmp_path)).close() == []
    assert list(tmp_path.iterdir()) == []


def test_a_second_attempt_is_another_file_and_the_first_one_is_not_read(tmp_path: Path) -> None:
    spilled(tmp_path, stop=100)  # its worker was lost
    found = spilled(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert [example for _, example in spill.read(found["train", 0])] == EXAMPLES[0::3]


def test_a_shard_is_the_same_whoever_brought_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One piece, or two that arrive in another order, written in one go or row by row; and twice."""
    write = WriteShard({"train": str(tmp_path / "Split-train")}, {"train": 3})
    one = spilled(tmp_path)
    monkeypatch.setattr(spill, "HELD", 1)
    end, start = spilled(tmp_path, start=100), spilled(tmp_path, stop=100)
    written = []
    for places in (
        one["train", 1],
        end["train", 1] + start["train", 1],
        start["train", 1] + end["train", 1],
    ):
        assert list(write.process((("train", 1), places))) == [("train", 67)]
        [file] = (tmp_path / "Split-train").iterdir()
        written.append(file.read_bytes())
    assert written[0] == written[1] == written[2]
    assert sorted(tfrecord.records(file)) == sorted(EXAMPLES[1::3])


def test_what_goes_through_the_engine_does_not_grow_with_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ingest: Callable[..., Any]
) -> None:
    """An engine in one process keeps it in memory."""
    seen: list[tuple[spill.Shard, spill.Place]] = []
    process = rows.ToExamples.process

    def watched(self: Any, *args: Any) -> Any:
        for element in process(self, *args):
            seen.append(element)
            yield element

    monkeypatch.setattr(rows.ToExamples, "process", watched)
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.csv"
        path.write_text("y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(count)))
        seen.clear()
        assert len(ingest(path).rows) == count
        assert len(seen) == 3  # a shard for each split
        assert all(type(part) in (str, int) for _, place in seen for part in place)


def test_the_rows_on_their_way_are_gone_afterwards(
    tmp_path: Path, ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    beside = executor._beside

    def watched(uri: str) -> Any:
        folders.append(uri)
        return beside(uri)

    monkeypatch.setattr(executor, "_beside", watched)
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(200)))
    bad.write_text(good.read_text() + "1\n")
    ingest(good)
    with pytest.raises(DataError):
        ingest(bad)
    assert sorted(path.name for path in Path(folders[0]).iterdir()) == [
        "Split-eval", "Split-test", "Split-train", "tally.json",
    ]  # fmt: skip
    assert list(Path(folders[1]).iterdir()) == []
