"""Rows as signatures take them, with what is missing, and labels of every task."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.tasks import Task


def _example(**values: Any) -> bytes:
    import tensorflow as tf

    example = tf.train.Example()
    for name, found in values.items():
        feature = example.features.feature[name]
        for value in found if isinstance(found, list) else [found]:
            if isinstance(value, str):
                feature.bytes_list.value.append(value.encode())
            elif isinstance(value, int):
                feature.int64_list.value.append(value)
            elif value is not None:
                feature.float_list.value.append(value)
    serialized: bytes = example.SerializeToString()
    return serialized


def test_missing_values_are_as_a_caller_sends_them(tmp_path: Path) -> None:
    import tensorflow as tf

    from components.lite_exporter.rows import Asked
    from components.trainer.signature_names import rename_inputs

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, "number"),
            tf.TensorSpec([None], tf.float64, "whole"),
            tf.TensorSpec([None], tf.string, "word"),
        ]
    )
    def echo(number: Any, whole: Any, word: Any) -> dict[str, Any]:
        return {"number": number, "whole": whole, "word": word}

    tf.saved_model.save(tf.Module(), str(tmp_path), {"echo": echo})
    rename_inputs(str(tmp_path), "echo", {"whole": "Whole number"})
    rows = [
        _example(**{"number": 1.5, "Whole number": 1_400_000_001, "word": "ü"}),
        _example(other=1.0),
        _example(),
    ]
    answer = Asked(tmp_path).ask("echo", rows * 40)  # more than a batch
    np.testing.assert_array_equal(answer["number"][:3], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(answer["whole"][:3], [1_400_000_001, np.nan, np.nan])
    assert answer["word"][:3].tolist() == ["ü".encode(), b"", b""]
    assert len(answer["word"]) == 120


def test_labels_of_every_task() -> None:
    from components.lite_exporter.rows import truth

    names = ["a", "b", "c"]
    words = [_example(y="c"), _example(y="a")]
    assert truth(words, "y", Task.MULTICLASS, names).tolist() == [2, 0]
    sets = [_example(y=["c", "a"]), _example()]
    assert truth(sets, "y", Task.MULTILABEL, names).tolist() == [[1, 0, 1], [0, 0, 0]]
    values = [_example(y=2.5)]
    assert truth(values, "y", Task.REGRESSION, []).tolist() == [2.5]


def test_an_empty_split_is_named(tmp_path: Path) -> None:
    from components.lite_exporter.rows import read

    with pytest.raises(FileNotFoundError, match="the train split has no rows"):
        read(tmp_path, "train", 10)
