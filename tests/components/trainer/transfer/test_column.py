"""The one column of a transfer model: every row once, beside its label, and no company."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from components.trainer.inputs import InputKind, ModelInput


def test_batches_are_the_column_flat_and_its_labels(tmp_path: Path) -> None:
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import schema_utils

    from components.trainer.examples import ExampleFiles
    from components.trainer.transfer.column import ColumnSplit

    spec = {
        "picture": tf.io.FixedLenFeature([1], tf.string),
        "y": tf.io.FixedLenFeature([], tf.int64),
    }
    written = [(b"ab", 1), (b"", 0), (b"\xff\x00", 2)]
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "train-0.gz"), options) as writer:
        for picture, label in written:
            example = tf.train.Example()
            example.features.feature["picture"].bytes_list.value.append(picture)
            example.features.feature["y"].int64_list.value.append(label)
            writer.write(example.SerializeToString())
    graph = SimpleNamespace(
        transformed_metadata=SimpleNamespace(schema=schema_utils.schema_from_feature_spec(spec)),
        transformed_feature_spec=lambda: spec,
    )
    split = ColumnSplit(ExampleFiles([str(tmp_path / "*.gz")], graph, "y"), "picture", rows=2)
    assert split.count == 3
    for _ in range(2):  # a split is read once an epoch
        batches = list(split)
        assert [tuple(pictures.shape) for pictures, _, _ in batches] == [(2,), (1,)]
        assert [row for rows, _, _ in batches for row in rows.numpy()] == [p for p, _ in written]
        assert np.concatenate([labels for _, labels, _ in batches]).tolist() == [1, 0, 2]
        assert {weights for _, _, weights in batches} == {None}


def test_a_second_column_is_refused() -> None:
    from components.trainer.transfer.column import only

    inputs = [ModelInput("photo", InputKind.PICTURE, 1), ModelInput("age", InputKind.NUMBERS, 1)]
    assert only(inputs[:1], "picture") == "photo"
    with pytest.raises(ValueError, match="takes one picture column.*Received: photo, age"):
        only(inputs, "picture")
