"""Types by evidence: what a column is, what it becomes, and that no value is lost."""

import pyarrow as pa
import pytest

from data.reading import kinds
from data.reading.kinds import choose, convert, evidence

TEXT = pa.string()


@pytest.mark.parametrize(
    ("cells", "wanted", "kind", "values"),
    [
        (["1", "2", None], None, "INT", [1, 2, None]),
        (["1", "2.0"], None, "FLOAT", [1.0, 2.0]),
        (["1", "2.0"], "INT", "INT", [1, 2]),
        (["1", "x"], None, "BYTES", [b"1", b"x"]),
        (["1", "x"], "INT", "BYTES", [b"1", b"x"]),
        (["1.5"], "INT", "BYTES", [b"1.5"]),
        (["007"], None, "BYTES", [b"007"]),
        (["007"], "INT", "INT", [7]),
        (["0x1f"], None, "BYTES", [b"0x1f"]),
        (["1e3", "-0.0", ".5", "5."], None, "FLOAT", [1000.0, -0.0, 0.5, 5.0]),
        (["nan", "inf", "-Infinity"], None, "FLOAT", [None, float("inf"), float("-inf")]),
        (["1e400", "1e-400"], None, "FLOAT", [float("inf"), 0.0]),
        (["1e300"], None, "FLOAT", [float("inf")]),  # beyond float32, in which tf.Example keeps it
        (["True", "false"], "INT", "INT", [1, 0]),
        (["True", "false"], None, "BYTES", [b"True", b"false"]),
        (["true", "1"], "INT", "BYTES", [b"true", b"1"]),
        ([" 5 ", "+6", "  "], None, "INT", [5, 6, None]),
        (["9223372036854775807", "-9223372036854775808"], None, "INT", [2**63 - 1, -(2**63)]),
        (["9223372036854775808"], "INT", "BYTES", [b"9223372036854775808"]),
        (["1,5"], None, "BYTES", [b"1,5"]),
        (["", " x "], "BYTES", "BYTES", [b"", b" x "]),
    ],
)
def test_text_without_types(
    cells: list[str | None], wanted: str | None, kind: str, values: list[object]
) -> None:
    column = pa.array(cells, TEXT)
    chosen = choose(int(evidence(column, untyped=True)), wanted)
    assert chosen == kind
    assert convert(column, kind).to_pylist() == values


def test_negative_zero_keeps_its_sign() -> None:
    assert str(convert(pa.array(["-0.0"]), "FLOAT")[0].as_py()) == "-0.0"


@pytest.mark.parametrize(
    ("column", "wanted", "kind", "values"),
    [
        (pa.array([True, None]), None, "INT", [1, None]),
        (pa.array([True, False]), "FLOAT", "FLOAT", [1.0, 0.0]),
        (pa.array([True]), "BYTES", "BYTES", [b"true"]),
        (pa.array([1.0, float("nan")]), None, "FLOAT", [1.0, None]),
        (pa.array([1.0, float("nan")]), "INT", "INT", [1, None]),
        (pa.array([1.5]), "INT", "BYTES", [b"1.5"]),
        (pa.array([1.0, 2.5]), "BYTES", "BYTES", [b"1", b"2.5"]),
        (pa.array([3]), "FLOAT", "FLOAT", [3.0]),
        (pa.array(["12"]), None, "BYTES", [b"12"]),
        (pa.array(["12"]), "INT", "INT", [12]),
        (pa.array([b"\xff", b"1"]), "INT", "BYTES", [b"\xff", b"1"]),
    ],
)
def test_typed_columns(
    column: pa.Array, wanted: str | None, kind: str, values: list[object]
) -> None:
    chosen = choose(int(evidence(column, untyped=False)), wanted)
    assert chosen == kind
    assert convert(column, kind).to_pylist() == values


def test_a_column_never_filled_has_no_type_but_the_schemas() -> None:
    seen = int(evidence(pa.array([None, None], TEXT), untyped=True))
    assert choose(seen, None) is None
    assert choose(seen, "INT") == "INT"


def test_missing_spellings_are_missing_numbers_and_ordinary_text() -> None:
    column = pa.array(["NA", "5"])
    assert choose(int(evidence(column, True)), None) == "BYTES"
    assert choose(int(evidence(column, True, ("NA",))), None) == "INT"
    assert convert(column, "INT", ("NA",)).to_pylist() == [None, 5]
    assert convert(column, "BYTES", ("NA",)).to_pylist() == [b"NA", b"5"]


def test_evidence_joins_over_files() -> None:
    parts = [
        {"a": int(evidence(pa.array(["1"]), True))},
        {"a": int(evidence(pa.array(["1.5"]), True)), "b": 1},
    ]
    joined = kinds.join(parts)
    assert choose(joined["a"], None) == "FLOAT"
    assert set(joined) == {"a", "b"}
    assert kinds.join(list(reversed(parts))) == joined
