"""Treatments by the values and, where values leave it open, by the name."""

import pyarrow as pa
import pytest

from data.columns import Treatment
from data.profile.column import Column
from data.profile.decision import Decision, decide
from data.profile.survey import Survey


def decision(name: str, values: list[object]) -> Decision:
    column = Column(name, untyped=True)
    column.add(pa.array([None if v is None else str(v) for v in values]), 0, 0, keep=True)
    return decide(column, Survey(None, []))  # type: ignore[arg-type]


def treatment(name: str, values: list[object]) -> Treatment | None:
    return decision(name, values).treatment


N = 400


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("row", list(range(N)), "ignore"),
        ("customer_id", [n * 7919 for n in range(N)], "ignore"),
        ("population", [n * n * 37 + 5000 for n in range(1, N)], "zscore"),
        ("customer_id", [n % 60 for n in range(N)], "vocabulary"),
        ("zone", [n % 60 for n in range(N)], "vocabulary"),
        ("rooms", [n % 60 for n in range(N)], "zscore"),
        ("stars", [n % 5 for n in range(N)], "vocabulary"),
        ("won", [n % 2 for n in range(N)], "raw"),
        ("created", [1_600_000_000 + n * 12345 for n in range(N)], "date"),
        ("revenue", [1_600_000_000 + n * 12345 for n in range(N)], "zscore"),
        ("day", ["2024-02-29", "2024-03-01T10:00:00Z"] * N, "date"),
        ("city", ["a", "b", None] * N, "vocabulary"),
        ("shop", [f"s{n % 1500}" for n in range(9000)], "hash"),
        ("name", [f"s{n}" for n in range(N)], "ignore"),
        ("text", ["one two three four five six " + str(n) for n in range(N)], "ignore"),
        ("k", ["x"] * N, "ignore"),
        ("none", [None] * N, None),
    ],
)
def test_treatments(name: str, values: list[object], expected: str | None) -> None:
    assert treatment(name, values) == expected


def test_few_rows_make_no_identifier() -> None:
    assert treatment("name", ["ann", "bob", "cid"]) is Treatment.VOCABULARY


def test_dates_of_another_form_are_told() -> None:
    assert "2024-02-29" in decision("day", ["29.02.2024", "1.3.2024"] * 50).warning
    assert decision("day", ["2024-02-29"] * 50).warning == ""
    assert decision("size", ["10-20", "20-30"] * 50).warning == ""
