"""Which rows are in which slice: several values, none, numbers in buckets, crosses."""

from typing import Any

import numpy as np
import pytest

from components.evaluator.slices import members, slices


class Sparse:
    """As TFMA hands over a column in which not every row has as many values."""

    def __init__(self, rows: list[list[Any]]) -> None:
        pairs = [(row, place) for row, values in enumerate(rows) for place in range(len(values))]
        self.indices = np.array(pairs).reshape(-1, 2)
        self.values = np.array([value for values in rows for value in values], object)
        self.dense_shape = np.array([len(rows), max(map(len, rows))])


def found(columns: dict[str, Any], keys: list[str], rows: int, **wanted: Any) -> dict[Any, Any]:
    return {key: list(chosen) for key, chosen in slices(columns, keys, wanted, rows)}


def test_the_overall_slice_has_every_row() -> None:
    assert found({}, [], 3) == {(): [0, 1, 2]}


def test_values_types_and_missing_rows() -> None:
    text = members(Sparse([[b"a"], [], [b"b", b"a"], [b"a", b"a"]]), "t")
    assert found({"t": text}, ["t"], 4) == {(("t", "a"),): [0, 2, 3], (("t", "b"),): [2]}
    whole = members(np.array([[3], [1], [3]]), "n")
    slices_of = found({"n": whole}, ["n"], 3)
    assert slices_of == {(("n", 3),): [0, 2], (("n", 1),): [1]}
    assert all(type(key[0][1]) is int for key in slices_of)


def test_a_value_that_is_asked_for() -> None:
    text = members(np.array([[b"7"], [b"x"], [b"7"]], object), "t")
    assert found({"t": text}, [], 3, t=7) == {(("t", 7),): [0, 2]}
    assert found({"t": text}, [], 3, t="x") == {(("t", "x"),): [1]}
    assert found({"t": text}, [], 3, t="nobody") == {}
    assert found({"t": text}, [], 3, u="x") == {}


def test_a_cross_is_sorted_by_column() -> None:
    columns = {
        "b": members(np.array([[b"x"], [b"x"], [b"y"]], object), "b"),
        "a": members(np.array([[1], [2], [1]]), "a"),
    }
    assert found(columns, ["b", "a"], 3) == {
        (("a", 1), ("b", "x")): [0],
        (("a", 1), ("b", "y")): [2],
        (("a", 2), ("b", "x")): [1],
    }
    assert found(columns, ["a"], 3, b="x") == {
        (("a", 1), ("b", "x")): [0],
        (("a", 2), ("b", "x")): [1],
    }


def test_buckets_from_the_lower_edge_up_to_the_upper() -> None:
    fare = np.array([[-0.1], [0.0], [9.999], [10.0], [np.nan], [1e9]], np.float32)
    columns = {"fare": members(fare, "fare", [0, 10])}
    assert found(columns, ["fare"], 6) == {
        (("fare", "..0"),): [0],
        (("fare", "0..10"),): [1, 2],
        (("fare", "10.."),): [3, 5],
    }
    assert found(columns, [], 6, fare="0..10") == {(("fare", "0..10"),): [1, 2]}


def test_a_column_without_any_value() -> None:
    nothing = np.array([None, None], object)
    assert found({"t": members(nothing, "t")}, ["t"], 2) == {}


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ValueError, match="column 't' cannot be sliced: b'.xff' is no UTF-8 text"):
        members(np.array([[b"\xff"]], object), "t")
