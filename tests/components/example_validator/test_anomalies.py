"""A CSV spoiled in every way that matters: the right column, in words, with how many rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.example_validator import anomalies

COLUMNS = ["big_tipper", "fare", "seconds", "payment_type"]


def put(column: str, value: str, first: int = 6) -> Callable[[Any], None]:
    """Writes a value into the first rows."""

    def spoil(rows: Any) -> None:
        for row in rows[:first]:
            row[column] = value

    return spoil


SPOILED = {
    "missing column": (
        put("fare", ""),
        ["big_tipper", "seconds", "payment_type"],
        ("fare", "Missing column", "in none of the 400 rows"),
    ),
    "unexpected category": (
        put("payment_type", "Bitcoin"),
        COLUMNS,
        ("payment_type", "Unexpected values", "6 of 400 rows (1.50%): 'Bitcoin' (6)"),
    ),
    "below the range": (
        put("fare", "-5"),
        COLUMNS,
        ("fare", "Values too small", "smallest -5, allowed 0; at most "),
    ),
    "above the range": (
        put("seconds", "90000"),
        COLUMNS,
        ("seconds", "Values too large", "largest 90000, allowed 86400; at most "),
    ),
    "infinite": (put("fare", "inf", 1), COLUMNS, ("fare", "Infinite values", "")),
    "text among numbers": (
        put("fare", "n/a", 2),
        COLUMNS,
        ("fare", "Wrong type", "numbers are wanted: 2 of 400 rows (0.50%): 'n/a' (2)"),
    ),
    "fractions among whole numbers": (
        put("seconds", "1.5", 2),
        COLUMNS,
        ("seconds", "Wrong type", ""),
    ),
    "too many missing": (
        put("seconds", "", 100),
        COLUMNS,
        (
            "seconds",
            "Too many missing values",
            "missing in 106 of 400 rows (26.50%); allowed 10.00%",
        ),
    ),
    "label missing": (
        put("big_tipper", "", 3),
        COLUMNS,
        (
            "big_tipper",
            "Too many missing values",
            "missing in 3 of 400 rows (0.75%); allowed 0.00%",
        ),
    ),
    "label unknown": (
        put("big_tipper", "maybe", 3),
        COLUMNS,
        ("big_tipper", "Unexpected values", "3 of 400 rows (0.75%): 'maybe' (3)"),
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_spoiled(case: str, tmp_path: Path, validated: Any, trips: Any, write: Any) -> None:
    spoil, columns, (column, what, detail) = SPOILED[case]
    data = trips()
    spoil(data)
    found = anomalies.read(*validated({"train": write(data, columns, tmp_path / "trips.csv")}))
    rows = anomalies.stopping(found, "error")
    assert {(row.column, row.split, row.severity) for row in rows} == {(column, "train", "error")}
    [row] = [row for row in rows if row.what == what]
    assert row.detail.startswith(detail) and row.detail
    assert len(rows) == (2 if case == "infinite" else 1)  # infinite is too large as well
    assert anomalies.stopping(found, "never") == []


def test_clean_data_has_none(tmp_path: Path, validated: Any, trips: Any, write: Any) -> None:
    assert anomalies.read(*validated({"train": write(trips(), COLUMNS, tmp_path / "t.csv")})) == []


def test_a_column_the_schema_does_not_know_is_a_warning(
    tmp_path: Path, validated: Any, trips: Any, write: Any
) -> None:
    rows = [{**row, "surge": "1.5"} for row in trips()]
    found = anomalies.read(
        *validated({"eval": write(rows, [*COLUMNS, "surge"], tmp_path / "t.csv")})
    )
    assert anomalies.stopping(found, "error") == []
    [row] = anomalies.stopping(found, "warning")
    assert (row.column, row.split, row.severity) == ("surge", "eval", "warning")
    assert row.detail == "has values in 400 of 400 rows (100.00%); nothing reads it"


def test_a_split_without_rows(tmp_path: Path, validated: Any, trips: Any, write: Any) -> None:
    splits = {
        "train": write(trips(), COLUMNS, tmp_path / "train.csv"),
        "test": write([], COLUMNS, tmp_path / "test.csv"),
    }
    [row] = anomalies.read(*validated(splits))
    assert (row.split, row.what, row.severity) == ("test", "No rows", "error")


def test_several_things_at_once_are_a_row_each(
    tmp_path: Path, validated: Any, trips: Any, write: Any
) -> None:
    rows = trips()
    put("fare", "-5")(rows)
    put("fare", "501", 3)(rows)
    put("payment_type", "Bitcoin")(rows)
    found = anomalies.read(*validated({"train": write(rows, COLUMNS, tmp_path / "t.csv")}))
    assert [(row.column, row.what) for row in found] == [
        ("fare", "Values too large"),
        ("fare", "Values too small"),
        ("payment_type", "Unexpected values"),
    ]


def test_without_statistics_tfdv_has_the_word(
    tmp_path: Path, validated: Any, trips: Any, write: Any
) -> None:
    rows = trips()
    put("payment_type", "Bitcoin")(rows)
    where, _ = validated({"train": write(rows, COLUMNS, tmp_path / "t.csv")})
    [row] = anomalies.read(where)
    assert "Bitcoin (~1%)" in row.detail
    assert set(row.as_dict()) == {"split", "column", "what", "detail", "severity"}


def test_many_unexpected_values_are_summed_up(
    tmp_path: Path, validated: Any, trips: Any, write: Any
) -> None:
    rows = trips()
    for number, row in enumerate(rows[:20]):
        row["payment_type"] = f"coin {number % 8}"
    [row] = anomalies.read(*validated({"train": write(rows, COLUMNS, tmp_path / "t.csv")}))
    assert row.detail.startswith("20 of 400 rows (5.00%): 'coin 0' (3), ")
    assert row.detail.endswith(" and 3 other values")
