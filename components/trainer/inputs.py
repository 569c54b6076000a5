"""What the model is fed: read off the transformed schema, and streamed off the disk."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft

_CACHE_BYTES = 256 * 2**20
"""Serialized examples are kept in memory between epochs up to this size on disk."""


class InputKind(StrEnum):
    """How a transformed feature enters a model."""

    NUMBERS = "numbers"
    CATEGORY = "category"
    PICTURE = "picture"


@dataclass(frozen=True)
class ModelInput:
    """One transformed feature."""

    name: str
    kind: InputKind
    size: int
    """numbers: length of the vector; category: how many ids; picture: 1."""

    def symbolic(self) -> keras.KerasTensor:
        """A keras.Input of shape (batch, size) float32, or (batch,) int64 for a category."""
        if self.kind is InputKind.CATEGORY:
            return keras.Input((), dtype="int64", name=self.name)
        return keras.Input((self.size,), dtype="float32", name=self.name)


def model_inputs(graph: tft.TFTransformOutput, label: str) -> list[ModelInput]:
    """Every transformed feature but the label, by the transformed schema's types and domains."""
    found = []
    for feature in graph.transformed_metadata.schema.feature:
        if feature.name == label:
            continue
        spec = graph.transformed_feature_spec()[feature.name]
        length = 1
        for dimension in spec.shape:
            length *= dimension
        if spec.dtype == tf.string:
            found.append(ModelInput(feature.name, InputKind.PICTURE, 1))
        elif spec.dtype == tf.int64 and feature.HasField("int_domain") and not spec.shape:
            size = int(feature.int_domain.max) + 1
            found.append(ModelInput(feature.name, InputKind.CATEGORY, size))
        else:
            found.append(ModelInput(feature.name, InputKind.NUMBERS, length))
    return sorted(found, key=lambda item: item.name)


class ExampleFiles:
    """The transformed examples of one split."""

    def __init__(self, patterns: Sequence[str], graph: tft.TFTransformOutput, label: str) -> None:
        self._files = sorted(name for pattern in patterns for name in glob.glob(pattern))
        self._spec = graph.transformed_feature_spec()
        self._label = label
        records = self._records()
        if sum(Path(name).stat().st_size for name in self._files) <= _CACHE_BYTES:
            records = records.cache()
        self._cached = records
        self.rows = int(records.reduce(0, lambda count, _: count + 1).numpy())

    def _records(self) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(self._files, compression_type="GZIP")

    def batches(self, size: int, shuffle_seed: int | None = None) -> tf.data.Dataset:
        """(features, label) batches: features {name: (batch, ...)}, label (batch,).

        Args:
          size: rows per batch.
          shuffle_seed: shuffles anew in every epoch from this seed; None keeps the order.
        """
        records = self._cached
        if shuffle_seed is not None:
            records = records.shuffle(min(self.rows, 50_000) or 1, seed=shuffle_seed)
        return (
            records.batch(size)
            .map(self._parse, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
        )

    def _parse(self, serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        features = tf.io.parse_example(serialized, self._spec)
        for name, value in features.items():
            if value.dtype == tf.int64 and len(self._spec[name].shape) == 1 and name != self._label:
                features[name] = tf.cast(value, tf.float32)
        label = features.pop(self._label)
        return features, label
