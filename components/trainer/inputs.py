"""What the model is fed, read off the transformed schema."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from data import vocabulary_file
from data.columns import BESIDE


class InputKind(StrEnum):
    """How a transformed feature enters a model."""

    NUMBERS = "numbers"
    CATEGORY = "category"
    PICTURE = "picture"
    TEXT = "text"


@dataclass(frozen=True)
class ModelInput:
    """One transformed feature."""

    name: str
    kind: InputKind
    size: int
    """numbers: length of the vector; category: how many ids, counted from 0; picture and
    text: 1."""

    def symbolic(self) -> keras.KerasTensor:
        """A keras.Input: numbers (batch, size) float32, a category (batch,) int64, a picture or
        text (batch,) string.
        """
        shape = (self.size,) if self.kind is InputKind.NUMBERS else ()
        return keras.Input(shape, dtype=self.dtype, name=self._layer_name)

    @property
    def dtype(self) -> str:
        """What the model takes: float32, int64 or string."""
        kinds = dict.fromkeys((InputKind.PICTURE, InputKind.TEXT), "string")
        kinds[InputKind.CATEGORY] = "int64"
        return kinds.get(self.kind, "float32")

    @property
    def _layer_name(self) -> str:
        """A name Keras and TensorFlow accept whatever the column is called; no layer shares it."""
        if re.fullmatch(r"\w+", self.name, re.ASCII):
            return f"input_{self.name}"
        plain = re.sub(r"\W", "_", self.name, flags=re.ASCII)
        return f"input_{plain}_{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


def model_inputs(
    graph: tft.TFTransformOutput, label: str, texts: Collection[str] = ()
) -> list[ModelInput]:
    """Every transformed feature but the label, by the transformed schema's types and domains.

    Args:
      graph: what Transform wrote.
      label: the label's name.
      texts: which features are texts; other strings are pictures.

    Raises:
      ValueError: a feature of varying length, which no model of ours can take.
    """
    found = []
    specs = graph.transformed_feature_spec()
    for feature in graph.transformed_metadata.schema.feature:
        if feature.name == label or feature.name.startswith(BESIDE):
            continue
        spec = specs[feature.name]
        if not isinstance(spec, tf.io.FixedLenFeature):
            raise ValueError(
                f"the transformed feature '{feature.name}' should be dense, with the same shape in "
                f"every row. Received: {type(spec).__name__}. Make it so in the preprocessing "
                "function, for example by tf.sparse.to_dense"
            )
        found.append(_model_input(feature, spec, feature.name in texts))
    if not found:
        raise ValueError(f"Transform gives the model nothing but the label '{label}'")
    return sorted(found, key=lambda item: item.name)


def category_ids(
    graph: tft.TFTransformOutput, inputs: Sequence[ModelInput], features: Sequence[str] | None
) -> dict[str, tuple[str, ...]]:
    """What the ids of categories stand for: missing, the values by frequency, the unknown ones.

    Args:
      graph: what Transform wrote.
      inputs: the model's.
      features: those with a vocabulary, in the order of the vocabularies' file; None where one's own
        preprocessing made them, of which nothing is known but that its files are the same or not.

    Returns:
      {feature: a word for each id}; those that are the same in every training (hash buckets,
      quantiles) are left out.
    """
    folder = Path(graph.transform_savedmodel_dir, "assets")
    categories = [item for item in inputs if item.kind is InputKind.CATEGORY]
    if features is None:
        made = hashlib.sha256()
        for file in sorted(folder.glob("*")):
            made.update(file.read_bytes())
        mark = made.hexdigest()[:8]
        return {
            item.name: tuple(f"{item.name} {at} of {item.size} ({mark})" for at in range(item.size))
            for item in categories
        }
    file = folder / vocabulary_file.NAME
    values = vocabulary_file.read(file) if file.is_file() else []
    known = dict(zip(features, values, strict=False))
    found = {}
    for item in categories:
        if item.name in known:
            named = [f"{item.name}={value}" for value in known[item.name]]
            others = item.size - 1 - len(named)
            unknown = [f"{item.name} unknown {at} of {others}" for at in range(1, others + 1)]
            found[item.name] = (f"{item.name} missing", *named, *unknown)
    return found


def _model_input(feature: Any, spec: Any, is_text: bool) -> ModelInput:
    if spec.dtype == tf.string:
        return ModelInput(feature.name, InputKind.TEXT if is_text else InputKind.PICTURE, 1)
    if spec.dtype == tf.int64 and feature.HasField("int_domain") and not spec.shape:
        return ModelInput(feature.name, InputKind.CATEGORY, int(feature.int_domain.max) + 1)
    return ModelInput(
        feature.name, InputKind.NUMBERS, int(tf.TensorShape(spec.shape).num_elements())
    )
