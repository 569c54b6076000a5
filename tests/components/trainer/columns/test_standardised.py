"""Columns as vectors, against NumPy."""

import numpy as np
import pytest

from components.trainer.columns.standardised import MOST_VALUES, StandardisedColumns, standard
from components.trainer.inputs import InputKind, ModelInput


class Split:
    """Rows in memory, as ExampleFiles gives them."""

    def __init__(self, features: dict[str, np.ndarray]) -> None:
        self.features = features

    def batches(self, size: int) -> list:
        import tensorflow as tf

        return [({name: tf.constant(value) for name, value in self.features.items()}, None)]


INPUTS = [
    ModelInput("x", InputKind.NUMBERS, 2),
    ModelInput("kind", InputKind.CATEGORY, 4),
    ModelInput("id", InputKind.CATEGORY, MOST_VALUES + 1),
    ModelInput("z", InputKind.NUMBERS, 1),
]


def _split(rows: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    x = np.stack([rng.normal(500, 20, rows), np.zeros(rows)], axis=1).astype(np.float32)
    x[0, 0] = 1e6
    return Split(
        {
            "x": x,
            "kind": rng.integers(0, 4, rows),
            "id": rng.integers(0, 999, rows),
            "z": rng.normal(size=(rows, 1)).astype(np.float32),
        }
    )


def test_vectors_are_those_of_numpy() -> None:
    splits = [_split(60, 0), _split(40, 1)]
    made = standard(splits, INPUTS)  # type: ignore[arg-type]
    assert [item.name for item in made.inputs] == ["x", "kind", "z"] and made.left_out == ("id",)
    numbers = {
        name: np.concatenate([split.features[name] for split in splits]).astype(np.float64)
        for name in ("x", "z")
    }
    found = made.vectors(splits[0])  # type: ignore[arg-type]
    parts = []
    for name in ("x", "kind", "z"):
        mine = splits[0].features[name]
        if name == "kind":
            parts.append(np.eye(4)[mine])
            continue
        deviation = numbers[name].std(axis=0)
        deviation[deviation == 0] = 1
        scores = np.clip((mine - numbers[name].mean(axis=0)) / deviation, -3, 3)
        parts.append(scores / np.sqrt(mine.shape[1]))
    np.testing.assert_allclose(found, np.concatenate(parts, axis=1), rtol=1e-3, atol=1e-4)
    assert np.abs(found).max() <= 3


def test_without_numbers() -> None:
    made = standard([_split(30, 0)], INPUTS[1:2])  # type: ignore[list-item]
    layer = made.layer()
    assert isinstance(layer, StandardisedColumns)
    np.testing.assert_array_equal(layer([np.array([2, 0])]).numpy(), np.eye(4)[[2, 0]])
    assert layer.weights == []


def test_nothing_to_make_vectors_of() -> None:
    with pytest.raises(ValueError, match="categories of at most 1000 values. Received: id"):
        standard([_split(30, 0)], INPUTS[2:3])  # type: ignore[list-item]
