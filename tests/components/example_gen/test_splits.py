"""Splits follow a row's content: not its place, its file, or the number of shards."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from components.example_gen import shards, splits
from data.reading.errors import DataError
from data.split_names import SPLITS

Ingest = Callable[..., Any]


def batch(count: int = 1000) -> pa.RecordBatch:
    return pa.record_batch(
        {"a": [str(n) for n in range(count)], "b": [str(n % 7) for n in range(count)]}
    )


def test_a_rows_digest_ignores_the_order_of_columns_and_rows() -> None:
    rows = batch()
    turned = rows.select(["b", "a"]).slice(10, 5)
    assert splits.digests(turned, 0) == splits.digests(rows, 0)[10:15]


def found(rows: pa.RecordBatch, seed: int = 0, **split: int) -> list[str]:
    digests = splits.digests(rows, seed)
    one = dict.fromkeys(SPLITS, 1)
    return [name for name, _ in splits.assign(digests, [None] * len(digests), split, one)]


def test_another_seed_is_another_split() -> None:
    first, second = (found(batch(), seed, train=8, eval=1, test=1) for seed in (0, 1))
    assert first == found(batch(), 0, train=8, eval=1, test=1)
    assert 0.55 < sum(a == b for a, b in zip(first, second, strict=True)) / 1000 < 0.77


def test_proportions() -> None:
    names = found(batch(20_000), train=6, eval=3, test=1)
    assert abs(names.count("train") - 12_000) < 300
    assert abs(names.count("test") - 2_000) < 200


def test_no_rows() -> None:
    assert splits.assign([], [], {"train": 8, "eval": 1, "test": 1}, {}) == []


def test_missing_and_empty_columns_are_part_of_the_row() -> None:
    rows = pa.record_batch(
        {"a": ["1", None], "b": [None, "1"]}, pa.schema({"a": "string", "b": "string"})
    )
    assert len(set(splits.digests(rows, 0))) == 2


def test_rows_of_a_group_stay_together() -> None:
    digests = splits.group_digests(batch(), "b", 0)
    assert len(set(digests)) == 7
    with pytest.raises(DataError, match="split_by names 'customer', which is no column: a, b"):
        splits.group_digests(batch(), "customer", 0)


def test_places_mix_equal_rows_among_others() -> None:
    ordered = sorted([b"\1" * 32] * 50 + [b"\2" * 32] * 50)
    places = splits.places(ordered)
    assert len(set(places)) == 100
    mixed = [digest for _, digest in sorted(zip(places, ordered, strict=True))]
    assert mixed != ordered and mixed != ordered[::-1]
    assert places == splits.places(ordered)


def text(row: dict[str, Any]) -> str:
    return str(sorted(row.items()))


def lines(count: int = 200) -> list[str]:
    return [f"{n % 2},{n % 90},t{n % 90}" for n in range(count)]  # with repeated rows


def test_files_order_and_shards_change_nothing(
    tmp_path: Path, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "y,a,t\n"
    one = tmp_path / "one.csv"
    one.write_text(header + "\n".join(lines()) + "\n")
    mixed = lines()
    random.Random(1).shuffle(mixed)
    (tmp_path / "many").mkdir()
    for n in range(5):
        part = mixed[n * 40 : n * 40 + 40]
        (tmp_path / "many" / f"{n}.csv").write_text(header + "\n".join(part) + "\n")

    whole = ingest(one)
    parts = ingest(tmp_path / "many")
    assert whole.splits == parts.splits  # the same rows in the same order

    monkeypatch.setattr(shards, "SHARD_BYTES", 500)
    sharded = ingest(one)
    assert len(list(Path(sharded.artifact.uri, "Split-train").iterdir())) > 1
    for split, rows in whole.splits.items():
        assert sorted(map(text, rows)) == sorted(map(text, sharded.splits[split]))


def test_equal_rows_are_never_in_two_splits(tmp_path: Path, ingest: Ingest) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,a,t\n" + "\n".join(lines(400)) + "\n")
    seen = [{text(row) for row in rows} for rows in ingest(path).splits.values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_split_by(tmp_path: Path, ingest: Ingest) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,customer,n\n" + "".join(f"1,{n % 40},{n}\n" for n in range(400)))
    found = ingest(path, split_by="customer").splits
    seen = [{row["customer"] for row in rows} for rows in found.values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    with pytest.raises(DataError, match="split_by names 'client'"):
        ingest(path, split_by="client")


def test_a_column_settles_the_split(tmp_path: Path, ingest: Ingest) -> None:
    path = tmp_path / "a.csv"
    said = ["train", "Eval ", " TEST", ""]
    path.write_text("y,part,n\n" + "".join(f"1,{said[n % 4]},{n}\n" for n in range(400)))
    found = ingest(path, split_column="part", split={"train": 1, "eval": 1, "test": 1}).splits
    for split, rows in found.items():
        assert all("part" not in row for row in rows)
        ours = {row["n"] for row in rows if row["n"] % 4 == SPLITS.index(split)}
        assert len(ours) == 100  # all that say so
        others = [row["n"] for row in rows if row["n"] not in ours]
        assert others and all(n % 4 == 3 for n in others)  # and some of those that say nothing


def test_a_column_of_the_schema_that_names_the_split_is_not_ingested(
    tmp_path: Path, ingest: Ingest
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,part,n\n" + "".join(f"1,{SPLITS[n % 3]},{n}\n" for n in range(30)))
    found = ingest(path, {"part": "BYTES", "n": "INT"}, split_column="part")
    assert set(found.rows[0]) == {"y", "n"}


def test_what_a_column_of_splits_must_say(tmp_path: Path, ingest: Ingest) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,part\n1,train\n1,validation\n")
    with pytest.raises(DataError, match="'part' should say train, eval, test .* 'validation'"):
        ingest(path, split_column="part")
    with pytest.raises(DataError, match="split_column names 'fold', which is no column: y, part"):
        ingest(path, split_column="fold")
    path.write_text("y,part\n1,train\n1,test\n")
    with pytest.raises(DataError, match="no row of a.csv is in 'eval': 'part'"):
        ingest(path, split_column="part")
    with pytest.raises(ValueError, match="split_column: 'y' is the label"):
        ingest(path, split_column="y")
