"""Splits in memory and streamed: the same rows, each once a round, in an order the seed decides."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

ROWS = 23


@pytest.fixture(scope="module")
def graph() -> Any:
    """What ExampleFiles asks of a tft.TFTransformOutput."""
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import schema_utils

    spec = {
        "pair": tf.io.FixedLenFeature([2], tf.float32),
        "whole": tf.io.FixedLenFeature([], tf.int64),
        "kind": tf.io.FixedLenFeature([], tf.int64),
        "y": tf.io.FixedLenFeature([], tf.int64),
    }
    schema = schema_utils.schema_from_feature_spec(spec)
    for feature in schema.feature:
        if feature.name == "kind":
            feature.int_domain.min, feature.int_domain.max = 0, 4
            feature.int_domain.is_categorical = True
    return SimpleNamespace(
        transformed_metadata=SimpleNamespace(schema=schema), transformed_feature_spec=lambda: spec
    )


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    """23 rows in two files."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("examples")
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    for part, rows in enumerate((range(10), range(10, ROWS))):
        with tf.io.TFRecordWriter(str(folder / f"train-{part}.gz"), options) as writer:
            for row in rows:
                example = tf.train.Example()
                features = example.features.feature
                features["pair"].float_list.value.extend([row, row / 2])
                features["whole"].int64_list.value.append(row)
                features["kind"].int64_list.value.append(row % 5)
                features["y"].int64_list.value.append(row)
                writer.write(example.SerializeToString())
    return str(folder / "train-*.gz")


@pytest.fixture(params=["in memory", "streamed"])
def files(
    request: pytest.FixtureRequest, graph: Any, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    from components.trainer import examples

    if request.param == "streamed":
        monkeypatch.setattr(examples, "_MEMORY_BYTES", 0)
    files = examples.ExampleFiles([pattern], graph, "y")
    assert files.in_memory == (request.param == "in memory")
    yield files


def test_rows_and_labels(files: Any) -> None:
    assert files.rows == ROWS
    assert files.labels.tolist() == list(range(ROWS))


def test_one_pass_in_order(files: Any) -> None:
    batches = list(files.batches(10))
    assert [len(labels) for _, labels in batches] == [10, 10, 3]
    features, labels = batches[2]
    assert labels.numpy().tolist() == [20, 21, 22]
    assert features["pair"].numpy().tolist() == [[20, 10], [21, 10.5], [22, 11]]
    assert features["whole"].numpy().tolist() == [[20], [21], [22]]  # a number: (batch, 1) float32
    assert features["whole"].dtype == "float32"
    assert features["kind"].numpy().tolist() == [0, 1, 2]
    assert features["kind"].dtype == "int64"


def test_shuffled_rounds(files: Any) -> None:
    """Batches of one size without end; in every round each row once; the seed gives the order."""

    def seen(seed: int) -> list[int]:
        batches = list(files.shuffled(7, seed).take(ROWS * 2 // 7))
        assert {len(labels) for _, labels in batches} == {7}
        for features, labels in batches:
            np.testing.assert_array_equal(features["pair"][:, 0], labels)
        return np.concatenate([labels.numpy() for _, labels in batches]).tolist()

    first = seen(3)
    assert sorted(first[:ROWS]) == list(range(ROWS))
    assert first[:ROWS] != list(range(ROWS))
    assert first[:19] != first[ROWS : ROWS + 19]  # another order in the next round
    assert seen(3) == first
    assert seen(4) != first


def test_several_batches_are_made_at_once_and_are_the_same(
    files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.trainer import examples

    def labels(skip: int) -> list[list[int]]:
        return [label.numpy().tolist() for _, label in files.shuffled(5, 3, skip).take(20)]

    many = labels(0)
    assert labels(4)[:16] == many[4:]
    monkeypatch.setattr(examples, "_ROWS_AT_ONCE", 1)
    assert labels(0) == many
    assert labels(4)[:16] == many[4:]


def test_no_rows(graph: Any, tmp_path: Path) -> None:
    from components.trainer.examples import ExampleFiles

    with pytest.raises(ValueError, match=r"no rows in .*nothing-\*"):
        ExampleFiles([str(tmp_path / "nothing-*")], graph, "y")


def _weighted(graph: Any, folder: Path, weights: list[float]) -> tuple[Any, str]:
    """A graph that knows weights, and a file whose rows have these."""
    import tensorflow as tf

    from data.columns import ROW_WEIGHT

    spec = {**graph.transformed_feature_spec(), ROW_WEIGHT: tf.io.FixedLenFeature([], tf.float32)}
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "train-0.gz"), options) as writer:
        for row, weight in enumerate(weights):
            example = tf.train.Example()
            features = example.features.feature
            features["pair"].float_list.value.extend([row, row / 2])
            for name in ("whole", "kind", "y"):
                features[name].int64_list.value.append(row % 5)
            features[ROW_WEIGHT].float_list.value.append(weight)
            writer.write(example.SerializeToString())
    told = SimpleNamespace(
        transformed_metadata=graph.transformed_metadata, transformed_feature_spec=lambda: spec
    )
    return told, str(folder / "train-*.gz")


@pytest.mark.parametrize("memory", [2**20, 0])
def test_weights_go_with_their_rows_and_those_of_0_are_left_out(
    graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    from components.trainer import examples

    monkeypatch.setattr(examples, "_MEMORY_BYTES", memory)
    told, pattern = _weighted(
        graph, tmp_path, [0.0 if row % 3 else row + 1.0 for row in range(ROWS)]
    )
    files = examples.ExampleFiles([pattern], told, "y", weight="w")
    kept = list(range(0, ROWS, 3))
    assert files.rows == len(kept)
    assert files.weights is not None and files.weights.tolist() == [row + 1.0 for row in kept]
    for features, _, weights in [*files.batches(5), *files.shuffled(4, 0).take(6)]:
        np.testing.assert_array_equal(features["pair"][:, 0] + 1.0, weights)
    assert "beside/weight" not in features
    plain = examples.ExampleFiles([pattern], told, "y")  # weights that nobody asked for
    assert plain.rows == ROWS and plain.weights is None and len(next(iter(plain.batches(5)))) == 2


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            [1.0, float("nan"), float("inf"), 0.0],
            "column 'w' .* 2 missing or infinite and 0 negative",
        ),
        ([1.0, -0.5, 0.0], "0 missing or infinite and 1 negative, of 2 rows"),
        ([0.0, 0.0], "no row counts: column 'w' is 0 in every row"),
    ],
)
def test_weights_that_are_none_are_refused_by_the_column_s_name(
    graph: Any, tmp_path: Path, weights: list[float], message: str
) -> None:
    from components.trainer.examples import ExampleFiles

    told, pattern = _weighted(graph, tmp_path, weights)
    with pytest.raises(ValueError, match=message):
        ExampleFiles([pattern], told, "y", weight="w")
    with pytest.raises(ValueError, match="Transform passed no weights on"):
        ExampleFiles([pattern], graph, "y", weight="w")
