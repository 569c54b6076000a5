"""Multi-label data in its three shapes, through real ingestion to lists of class names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.example_gen.ingestion import Ingestion
from components.example_gen.label_sets import fold
from data.reading.errors import DataError

SPLIT = {"train": 8, "eval": 1, "test": 1}


def _plan(**fields: Any) -> Ingestion:
    return Ingestion({}, (), (), SPLIT, 0, "", False, "tags", **fields)


def test_flags_become_names_in_the_order_of_the_configuration() -> None:
    batch = pa.record_batch(
        {"a": ["1", "0", "0"], "x": [1.5, 2.5, 3.5], "b": ["true", "False", "true"], "c": [1, 0, 0]}
    )
    folded = fold(batch, _plan(label_columns=("c", "a", "b")))
    assert folded.schema.names == ["x", "tags"]
    assert folded.column("tags").to_pylist() == [["c", "a", "b"], [], ["b"]]


def test_text_is_cut_at_the_separator() -> None:
    batch = pa.record_batch({"tags": ["a| b", "", None, "|c|", "a"], "x": [1, 2, 3, 4, 5]})
    folded = fold(batch, _plan(label_separator="|"))
    assert folded.column("tags").to_pylist() == [["a", "b"], [], [], ["c"], ["a"]]
    assert folded.schema.names == ["tags", "x"]


def test_anything_else_is_left_alone() -> None:
    batch = pa.record_batch({"tags": [["a"], []]})
    assert fold(batch, _plan()) is batch


@pytest.mark.parametrize("cells", [["1", "2"], ["1", None], ["x", "1"]])
def test_a_flag_that_is_none_is_refused(cells: list[Any]) -> None:
    with pytest.raises(DataError, match="'a' should hold 0 or 1"):
        fold(pa.record_batch({"a": cells}), _plan(label_columns=("a",)))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="names 'b', which is no column: a"):
        fold(pa.record_batch({"a": ["1"]}), _plan(label_columns=("a", "b")))


def test_sets_reach_the_examples(tmp_path: Path, ingest: Callable[..., Any]) -> None:
    """Whichever way they are written."""
    names: list[list[str]] = [[], ["a"], ["a", "b"]]
    expected = sorted(tuple(name.encode() for name in names[n % 3]) for n in range(300))
    types = {"y": "BYTES", "x": "INT"}
    table = pa.table({"y": [names[n % 3] for n in range(300)], "x": list(range(300))})
    pq.write_table(table, tmp_path / "a.parquet")
    lists = ingest(tmp_path / "a.parquet", types, task="multilabel")
    assert sorted(map(tuple, lists.lists("y"))) == expected
    lines = ["x,a,b", *(f"{n},{int(n % 3 > 0)},{int(n % 3 > 1)}" for n in range(300))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    sets = {"task": "multilabel", "label_columns": ("a", "b")}
    flags = ingest(tmp_path / "a.csv", types, **sets)
    assert sorted(map(tuple, flags.lists("y"))) == expected
    assert {name for row in flags.rows for name in row} == {"x", "y"}
