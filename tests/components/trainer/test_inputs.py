"""Model inputs, read off a transformed schema."""

from types import SimpleNamespace
from typing import Any

import pytest


def _graph(spec: dict[str, Any], categories: dict[str, int]) -> Any:
    from tensorflow_transform.tf_metadata import schema_utils

    schema = schema_utils.schema_from_feature_spec(spec)
    for feature in schema.feature:
        if feature.name in categories:
            feature.int_domain.min, feature.int_domain.max = 0, categories[feature.name]
    metadata = SimpleNamespace(schema=schema)
    return SimpleNamespace(transformed_metadata=metadata, transformed_feature_spec=lambda: spec)


def test_kinds_and_sizes() -> None:
    import tensorflow as tf

    from components.trainer.inputs import InputKind, ModelInput, model_inputs

    spec = {
        "y": tf.io.FixedLenFeature([], tf.int64),
        "scalar": tf.io.FixedLenFeature([], tf.float32),
        "matrix": tf.io.FixedLenFeature([3, 4], tf.float32),
        "whole": tf.io.FixedLenFeature([], tf.int64),
        "kind": tf.io.FixedLenFeature([], tf.int64),
        "photo": tf.io.FixedLenFeature([], tf.string),
    }
    assert model_inputs(_graph(spec, {"kind": 9, "y": 1}), "y") == [
        ModelInput("kind", InputKind.CATEGORY, 10),
        ModelInput("matrix", InputKind.NUMBERS, 12),
        ModelInput("photo", InputKind.PICTURE, 1),
        ModelInput("scalar", InputKind.NUMBERS, 1),
        ModelInput("whole", InputKind.NUMBERS, 1),
    ]


def test_refusals() -> None:
    import tensorflow as tf

    from components.trainer.inputs import model_inputs

    label = {"y": tf.io.FixedLenFeature([], tf.int64)}
    with pytest.raises(ValueError, match="nothing but the label 'y'"):
        model_inputs(_graph(label, {}), "y")
    spec = {**label, "words": tf.io.VarLenFeature(tf.string)}
    with pytest.raises(ValueError, match="'words' should be dense.*Received: VarLenFeature"):
        model_inputs(_graph(spec, {}), "y")


@pytest.mark.parametrize("name", ["fare", "fare/log", "größe", "a b", "a/b", "1st", "dense", ""])
def test_any_name_makes_an_input(name: str) -> None:
    from components.trainer.inputs import InputKind, ModelInput

    entry = ModelInput(name, InputKind.NUMBERS, 3).symbolic()
    assert entry.shape == (None, 3)
    assert entry.name.startswith("input_")
    assert entry.name.isascii()
    assert "/" not in entry.name
    assert ModelInput(name, InputKind.CATEGORY, 3).symbolic().dtype == "int64"
    assert ModelInput(name, InputKind.PICTURE, 1).symbolic().dtype == "string"


def test_names_alike_make_different_inputs() -> None:
    from components.trainer.inputs import InputKind, ModelInput

    names = {ModelInput(n, InputKind.NUMBERS, 1).symbolic().name for n in ("a b", "a/b", "a_b")}
    assert len(names) == 3
