"""Rows without a label on real Beam: kept apart, their labels unread, the other rows where they were."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.reading.errors import DataError

Ingest = Callable[..., Any]
TYPES = {"y": "BYTES", "a": "INT"}


def csv(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def labelled(count: int = 200) -> list[str]:
    return [f"{n % 2},{n}" for n in range(count)]


def same_splits(one: Any, other: Any) -> bool:
    return all(
        sorted(row["a"] for row in one.splits[split])
        == sorted(row["a"] for row in other.splits[split])
        for split in ("train", "eval", "test")
    )


def test_empty_labels_are_a_split_and_the_others_stay(tmp_path: Path, ingest: Ingest) -> None:
    plain = ingest(csv(tmp_path / "a.csv", ["y,a", *labelled()]), TYPES)
    assert list(plain.splits) == ["train", "eval", "test"]
    more = [f"{label},{n}" for n, label in enumerate(["", "  ", '""', "?"] * 25, start=1000)]
    both = ingest(
        csv(tmp_path / "b.csv", ["y,a", *more[:50], *labelled(), *more[50:]]),
        TYPES,
        unlabelled="empty",
        missing=["?"],
    )
    assert sorted(row["a"] for row in both.splits["unlabelled"]) == list(range(1000, 1100))
    assert not any("y" in row for row in both.splits["unlabelled"])
    assert same_splits(plain, both)


def test_another_file_is_a_split_and_its_labels_are_not_read(
    tmp_path: Path, ingest: Ingest
) -> None:
    """Not even for the type of the label's column."""
    plain = ingest(csv(tmp_path / "a.csv", ["y,a", *labelled()]))
    second = csv(tmp_path / "more" / "b.csv", ["a,y", *(f"{n},seven" for n in range(1000, 1080))])
    written = ingest(tmp_path / "a.csv", unlabelled=str(second))
    assert sorted(row["a"] for row in written.splits["unlabelled"]) == list(range(1000, 1080))
    assert not any("y" in row for row in written.splits["unlabelled"])
    assert same_splits(plain, written)


def test_a_type_is_one_for_all_splits(tmp_path: Path, ingest: Ingest) -> None:
    """A wrong value in the second file makes the column text everywhere, which the validator reports."""
    csv(tmp_path / "a.csv", ["y,a", *labelled()])
    second = csv(tmp_path / "more" / "b.csv", ["a", "12", "twelve"])
    written = ingest(tmp_path / "a.csv", TYPES, unlabelled=str(second))
    assert {type(row["a"]) for rows in written.splits.values() for row in rows} == {bytes}


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_regression_in_parquet(tmp_path: Path, ingest: Ingest, missing: Any) -> None:
    values = [missing if n % 4 == 0 else n / 2 for n in range(200)]
    pq.write_table(
        pa.table({"y": pa.array(values, pa.float64()), "a": list(range(200))}), tmp_path / "a.pq"
    )
    written = ingest(tmp_path / "a.pq", task="regression", unlabelled="empty")
    assert sorted(row["a"] for row in written.splits["unlabelled"]) == list(range(0, 200, 4))
    assert len(written.rows) == 200
    assert len(written.column("y")) == 150


def test_pictures_beside_the_class_folders(tmp_path: Path, ingest: Ingest) -> None:
    for number in range(120):
        folder = tmp_path / "in" / ("cat" if number % 2 else "dog")
        picture(folder / f"{number}.png", number)
    for number in range(120, 150):
        picture(tmp_path / "in" / f"{number}.png", number)
    with pytest.raises(DataError, match="beside the class folders"):
        ingest(tmp_path / "in", label="label")
    written = ingest(tmp_path / "in", label="label", unlabelled="empty")
    assert len(written.splits["unlabelled"]) == 30
    assert {
        row["label"] for s, rows in written.splits.items() for row in rows if "label" in row
    } == {
        b"cat",
        b"dog",
    }
    assert all(set(row) == {"image"} for row in written.splits["unlabelled"])


def test_another_folder_of_pictures_needs_no_classes(tmp_path: Path, ingest: Ingest) -> None:
    for number in range(120):
        picture(tmp_path / "in" / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    for number in range(120, 150):
        picture(tmp_path / "more" / ("deep" if number % 2 else "") / f"{number}.png", number)
    written = ingest(tmp_path / "in", label="label", unlabelled=str(tmp_path / "more"))
    assert len(written.splits["unlabelled"]) == 30
    assert all(set(row) == {"image"} for row in written.splits["unlabelled"])


def picture(path: Path, colour: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    Image.new("RGB", (4, 4), (colour, colour, 7)).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


def test_multilabel_flags_need_not_be_there(tmp_path: Path, ingest: Ingest) -> None:
    lines = [f"{n % 2},{n % 3 // 2},{n}" for n in range(200)]
    csv(tmp_path / "a.csv", ["red,blue,a", *lines])
    second = csv(tmp_path / "more" / "b.csv", ["a,red", *(f"{n}," for n in range(1000, 1050))])
    settings = {"label": "colours", "task": "multilabel", "label_columns": ["red", "blue"]}
    written = ingest(tmp_path / "a.csv", unlabelled=str(second), **settings)
    assert [set(row) for row in written.splits["unlabelled"]] == [{"a"}] * 50
    with pytest.raises(ValueError, match="in none of the classes"):
        ingest(tmp_path / "a.csv", unlabelled="empty", **settings)


def test_none_is_a_mistake(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path / "a.csv", ["y,a", *labelled()])
    with pytest.raises(DataError, match=r"every row of a.csv has a label in 'y'"):
        ingest(path, unlabelled="empty")
    with pytest.raises(DataError, match=r"no rows"):
        ingest(csv(tmp_path / "b.csv", ["y,a", ",1", ",2"]), unlabelled="empty")
    with pytest.raises(DataError, match=r"data.unlabelled: c.csv has no rows"):
        ingest(path, unlabelled=str(csv(tmp_path / "more" / "c.csv", ["y,a"])))
