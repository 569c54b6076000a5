"""ExampleGen on real Beam: every kind of input, nasty ones too, as tf.Examples that TFX reads."""

import json
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


def csv(tmp_path: Path, lines: list[str], name: str = "a.csv", sep: str = "\n") -> Path:
    path = tmp_path / name
    path.write_bytes((sep.join(lines) + sep).encode())
    return path


def numbered(count: int, extra: str = "a,{n}") -> list[str]:
    return [extra.format(n=n) for n in range(count)]


def test_types_follow_the_schema(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,i,f,t,b", *(f"{n % 2},{n},{n},{n},true" for n in range(200))])
    types = {"y": "BYTES", "i": "INT", "f": "FLOAT", "t": "BYTES", "b": "INT"}
    written = ingest(path, types)
    assert written.column("y") == [b"0"] * 100 + [b"1"] * 100
    assert written.column("i") == list(range(200))
    assert written.column("f") == [float(n) for n in range(200)]
    assert written.column("t") == sorted(str(n).encode() for n in range(200))
    assert set(written.column("b")) == {1}


def test_types_are_inferred_without_a_schema(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,i,f,t,never", *(f"{n % 2},{n},{n}.5,007," for n in range(200))])
    row = ingest(path).rows[0]
    assert {name: type(value) for name, value in row.items()} == {
        "y": bytes,  # a class, though it looks like a number
        "i": int,
        "f": float,
        "t": bytes,
    }


def test_one_wrong_value_makes_the_whole_column_text(tmp_path: Path, ingest: Ingest) -> None:
    """Also when it is in another file: nothing is lost, and the validator sees one type."""
    (tmp_path / "in").mkdir()
    csv(tmp_path / "in", ["y,age", *(f"0,{n}" for n in range(200))], "a.csv")
    csv(tmp_path / "in", ["age,y", *(f"{n},1" for n in range(200)), "unknown,1"], "b.csv")
    ages = ingest(tmp_path / "in", {"y": "BYTES", "age": "INT"}).column("age")
    assert len(ages) == 401
    assert b"unknown" in ages and b"7" in ages


def test_truth_values_in_one_file_and_numbers_in_another(tmp_path: Path, ingest: Ingest) -> None:
    (tmp_path / "in").mkdir()
    csv(tmp_path / "in", ["y,f", *(f"{n},true" for n in range(100))], "a.csv")
    csv(tmp_path / "in", ["y,f", *(f"{n}," for n in range(100))], "b.csv")
    types = {"y": "BYTES", "f": "INT"}
    assert ingest(tmp_path / "in", types).column("f") == [1] * 100
    csv(tmp_path / "in", ["y,f", *(f"{n},7" for n in range(100))], "c.csv")
    assert set(ingest(tmp_path / "in", types).column("f")) == {b"7", b"true"}


def test_a_new_column_is_kept_and_a_missing_one_is_absent(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,new", *(f"{n % 2},{n}" for n in range(200))])
    written = ingest(path, {"y": "BYTES", "old": "FLOAT"})
    assert written.column("new") == list(range(200))
    assert written.column("old") == []


def test_excluded_columns_are_gone_and_splits_stay(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,a,secret", *(f"{n % 2},{n},{n}" for n in range(200))])
    whole, without = ingest(path), ingest(path, exclude=["secret"])
    assert without.column("secret") == []
    for split in ("train", "eval", "test"):
        assert [r["a"] for r in whole.splits[split]] == [r["a"] for r in without.splits[split]]


def test_empty_cells_have_no_value(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,n,t", *(f'{n % 2},,""' if n % 3 else f"1,{n},x" for n in range(200))])
    written = ingest(path, {"y": "BYTES", "n": "INT", "t": "BYTES"})
    assert len(written.column("n")) == len(written.column("t")) == 67
    assert len(written.rows) == 200


def test_missing_spellings(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,n", *(f"1,{'NA' if n % 2 else n}" for n in range(200))])
    assert len(ingest(path, {"y": "BYTES", "n": "INT"}, missing=["NA"]).column("n")) == 100
    assert b"NA" in ingest(path, {"y": "BYTES", "n": "INT"}).column("n")


def test_the_label_may_be_absent(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["a", *map(str, range(200))])
    assert ingest(path, {"y": "BYTES", "a": "INT"}).column("y") == []


def test_a_regression_label_is_a_float(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,a", *(f"{n},{n}" for n in range(200))])
    assert ingest(path, task="regression").column("y") == [float(n) for n in range(200)]


def test_text_stays_as_it_stands(tmp_path: Path, ingest: Ingest) -> None:
    rows = [f'1,"line {n}\r\n""é"" ,",{n}' for n in range(200)]
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeffy,text,größe\r\n" + "\r\n".join(rows)).encode())
    written = ingest(path)
    assert 'line 7\r\n"é" ,'.encode() in written.column("text")
    assert written.column("größe") == list(range(200))


def test_semicolons_extremes_and_odd_numbers(tmp_path: Path, ingest: Ingest) -> None:
    lines = ["y;i;f", *(f"1;{n};1e{n % 9}" for n in range(200))]
    lines += ["0;9223372036854775807;nan", "0;-9223372036854775808;inf", "0;0;-0.0"]
    written = ingest(csv(tmp_path, lines), {"y": "BYTES", "i": "INT", "f": "FLOAT"})
    assert written.column("i")[0] == -(2**63) and written.column("i")[-1] == 2**63 - 1
    assert len(written.column("f")) == 202  # not-a-number is missing
    assert written.column("f")[-1] == float("inf")
    assert "-0.0" in {str(value) for value in written.column("f")}


def test_many_columns_and_a_huge_field(tmp_path: Path, ingest: Ingest) -> None:
    names = [f"c{n}" for n in range(2000)]
    lines = [",".join(["y", "big", *names])]
    lines += [
        ",".join([str(n % 2), "x" * (5_000_000 if n == 3 else 10), *([str(n)] * 2000)])
        for n in range(200)
    ]
    written = ingest(csv(tmp_path, lines))
    assert max(len(value) for value in written.column("big")) == 5_000_000
    assert len(written.rows[0]) == 2002


def test_parquet(tmp_path: Path, ingest: Ingest) -> None:
    count = 200
    table = pa.table(
        {
            "y": [n % 2 for n in range(count)],
            "double_int": pa.array([None if n == 1 else float(n) for n in range(count)]),
            "flag": [n % 2 == 0 for n in range(count)],
            "city": pa.array(["Köln"] * count).dictionary_encode(),
            "when": pa.array([1_000_000_000 * 10**3] * count, pa.timestamp("ms")),
            "digits": ["12"] * count,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    types = {"y": "BYTES", "double_int": "INT", "flag": "INT"}
    written = ingest(tmp_path / "a.parquet", types)
    assert set(written.column("y")) == {b"0", b"1"}
    assert written.column("double_int") == [0, *range(2, count)]
    assert written.column("flag") == [0] * 100 + [1] * 100
    assert set(written.column("city")) == {"Köln".encode()}
    assert set(written.column("when")) == {1_000_000_000}
    assert set(written.column("digits")) == {b"12"}


def test_tfrecord_and_its_own_output_again(tmp_path: Path, ingest: Ingest) -> None:
    path = csv(tmp_path, ["y,a,t", *(f"{n % 2},{n}.5,x{n}" for n in range(200))])
    first = ingest(path)
    again = ingest(f"{first.artifact.uri}/Split-*/*")
    for name in ("y", "a", "t"):
        assert again.column(name) == first.column(name)


def test_several_values_in_a_row_are_kept_for_the_validator(tmp_path: Path, ingest: Ingest) -> None:
    import tensorflow as tf
    from tensorflow.core.example.example_pb2 import Example

    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        for n in range(200):
            example = Example()
            example.features.feature["y"].int64_list.value.append(n % 2)
            example.features.feature["many"].int64_list.value.extend(range(n % 4))
            example.features.feature["n"].int64_list.value.append(n)
            writer.write(example.SerializeToString())
    written = ingest(tmp_path / "a.tfrecord", {"y": "BYTES", "many": "INT"})
    assert sorted(map(str, written.column("y"))) == ["b'0'"] * 100 + ["b'1'"] * 100
    assert [0, 1, 2] in [row.get("many") for row in written.rows]


def picture(color: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (20, 20), (color, 0, 0)).save(out, "PNG")
    return out.getvalue()


def test_pictures_and_corrupt_ones(tmp_path: Path, ingest: Ingest) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for n in range(30):
            content = picture(n + (100 if label == "dog" else 0))
            (tmp_path / "pets" / label / f"{n}.png").write_bytes(content)
    written = ingest(tmp_path / "pets", label="label")
    assert written.column("label") == [b"cat"] * 30 + [b"dog"] * 30
    assert picture(7) in written.column("image")

    (tmp_path / "pets" / "cat" / "7.png").write_bytes(picture(7)[:40])
    with pytest.raises(DataError, match="7.png cannot be decoded"):
        ingest(tmp_path / "pets", label="label")
    written = ingest(tmp_path / "pets", label="label", skip_corrupt=True)
    assert len(written.rows) == 59
    assert written.artifact.get_int_custom_property("skipped") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("y,a\n", "a.csv has no rows"),
        ("y,a\n1,2\n", "too few different rows to split .*: of 1 none fell into"),
        ("y,a\n1,2\n1\n", "line 3: 1 cell where the header has 2"),
        ("y,a,y\n1,2,3\n", "Column 'y' appears twice"),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path, ingest: Ingest, content: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        ingest(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)
    assert "while running" not in str(caught.value)


def test_latin_1_is_refused_by_line(tmp_path: Path, ingest: Ingest) -> None:
    (tmp_path / "a.csv").write_bytes(b"y,a\n1,ok\n0,caf\xe9\n")
    with pytest.raises(DataError, match="line 3: not UTF-8"):
        ingest(tmp_path / "a.csv")


def test_a_truncated_tfrecord_is_refused(tmp_path: Path, ingest: Ingest) -> None:
    first = ingest(csv(tmp_path, ["y,a", *(f"{n % 2},{n}" for n in range(200))]))
    (file,) = Path(first.artifact.uri, "Split-train").iterdir()
    (tmp_path / "cut.tfrecord.gz").write_bytes(file.read_bytes()[:-30])
    with pytest.raises(DataError, match="truncated"):
        ingest(tmp_path / "cut.tfrecord.gz")


def test_the_artifact_says_what_it_is(tmp_path: Path, ingest: Ingest) -> None:
    written = ingest(csv(tmp_path, ["y,a", *(f"{n % 2},{n}" for n in range(200))]))
    artifact = written.artifact
    assert json.loads(artifact.split_names) == ["train", "eval", "test"]
    assert artifact.get_string_custom_property("payload_format") == "FORMAT_TF_EXAMPLE"
    assert artifact.get_string_custom_property("file_format") == "tfrecords_gzip"
    rows = json.loads(artifact.get_string_custom_property("rows"))
    assert rows == {split: len(found) for split, found in written.splits.items()}


def test_tfx_reads_it(tmp_path: Path, ingest: Ingest) -> None:
    """Through the adapter every stock component downstream uses."""
    from tfx.components.util import tfxio_utils
    from tfx_bsl.tfxio import dataset_options

    written = ingest(csv(tmp_path, ["y,a,t", *(f"{n % 2},{n},x" for n in range(200))]))
    factory = tfxio_utils.get_tfxio_factory_from_artifact([written.artifact], ["test"])
    tfxio = factory(f"{written.artifact.uri}/Split-train/*")
    options = dataset_options.RecordBatchesOptions(batch_size=1000, num_epochs=1)
    (batch,) = tfxio.RecordBatches(options)
    assert batch.num_rows == len(written.splits["train"])
