"""What is remembered of a column, batch by batch."""

import pyarrow as pa

from data.profile import column as module
from data.profile.column import Column


def made(*batches: list[object], type: pa.DataType | None = None, untyped: bool = True) -> Column:
    column = Column("c", untyped)
    for number, values in enumerate(batches):
        column.add(pa.array(values, type or pa.string()), 0, number * 100, keep=True)
    return column


def test_numbers() -> None:
    column = made(["1", "2", None], ["3.5"])
    assert (column.rows, column.filled, column.distinct) == (4, 3, 3)
    assert (column.low, column.high, column.type) == (1.0, 3.5, "FLOAT")
    assert column.numbers().tolist() == [1.0, 2.0, 3.5]


def test_the_first_odd_value_has_a_place() -> None:
    column = made(["1", "2"], ["3", "x", "y"])
    assert column.numeric == 3
    assert column.odd == module.Odd("x", 0, 101)
    assert column.odd_texts == {"x", "y"}
    assert not column.is_number


def test_codes_with_leading_zeros_are_text() -> None:
    assert made(["01234", "99999"]).type == "BYTES"


def test_whole_floats_with_gaps_are_integers() -> None:
    assert made([1.0, None], type=pa.float64(), untyped=False).type == "INT"
    assert made([1.0, 2.0], type=pa.float64(), untyped=False).type == "FLOAT"
    assert made([1.0, 17031081401.0], type=pa.float64(), untyped=False).type == "INT"


def test_too_many_values_are_not_counted() -> None:
    column = made([str(n) for n in range(3000)])
    assert column.counts is None
    assert column.distinct == 3000
    assert column.all_different
    assert made(["x" * 300, "y"]).counts is None


def test_infinity_is_noticed() -> None:
    column = made(["1", "inf"])
    assert column.infinite and column.high == 1.0


def test_the_first_missing_cell_has_a_place() -> None:
    assert made(["1", None, None]).first_missing == (0, 1)
    assert made(["1"]).first_missing is None
