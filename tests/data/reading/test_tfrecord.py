"""TFRecord without TensorFlow: the same records TensorFlow wrote, and damage named by record."""

import gzip
from pathlib import Path

import pytest

from data.reading import tfrecord
from data.reading.errors import DataError

tf = pytest.importorskip("tensorflow")


def example(**columns: object) -> bytes:
    features = {}
    for name, value in columns.items():
        values = value if isinstance(value, list) else [value]
        first = values[0] if values else None
        if isinstance(first, bytes):
            features[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(first, float):
            features[name] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        elif isinstance(first, int):
            features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        else:
            features[name] = tf.train.Feature()
    return bytes(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def write(path: Path, records: list[bytes], compression: str = "") -> Path:
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


RECORDS = [example(a=1, b=b"x", c=1.5), example(a=2, b=b"y", c=[]), example(b=b"z", c=2.5)]


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_rows(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path / "a.tfrecord", RECORDS, compression)
    (batch,) = tfrecord.read(path)
    assert batch.to_pylist() == [
        {"a": 1, "b": b"x", "c": 1.5},
        {"a": 2, "b": b"y", "c": None},
        {"a": None, "b": b"z", "c": 2.5},
    ]


def test_several_values_stay_a_list(tmp_path: Path) -> None:
    (batch,) = tfrecord.read(write(tmp_path / "a.tfrecord", [example(a=[1, 2]), example(a=3)]))
    assert batch.column("a").to_pylist() == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-3], "truncated: it ends inside record 3"),
        (lambda raw: raw[: len(raw) // 2], "truncated: it ends inside record 2"),
        (lambda raw: raw[:5], "truncated: it ends inside record 1"),
        (
            lambda raw: raw[:-8] + b"\0\0\0\0" + raw[-4:],
            "damaged at record 3: it fails the checksum",
        ),
        (lambda raw: b"hello, this is text" + raw, "no TFRecord file"),
        (lambda raw: gzip.compress(raw)[:-20], "truncated or damaged after record"),
    ],
)
def test_damage_is_named_by_record(tmp_path: Path, damage: object, message: str) -> None:
    path = write(tmp_path / "a.tfrecord", RECORDS)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        list(tfrecord.read(path))


def test_records_that_are_no_examples(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [b"\xff\xff\xff not a proto"])
    with pytest.raises(DataError, match="not tf.Examples of one kind"):
        list(tfrecord.read(path))


def test_one_feature_of_two_types(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [example(a=1), example(a=b"x")])
    with pytest.raises(DataError, match="records 1 to 2: not tf.Examples of one kind"):
        list(tfrecord.read(path))
