"""The network for columns: embeddings beside numbers, a few dense layers, a linear head."""

import math

import keras

from components.trainer.config import TrainSection
from components.trainer.inputs import InputKind, ModelInput


def build(inputs: list[ModelInput], settings: TrainSection, units: int) -> keras.Model:
    """A feed-forward network over transformed columns.

    Args:
      inputs: the transformed features; no pictures.
      settings: hidden layers and dropout.
      units: width of the linear output.

    Returns:
      An uncompiled model: {name: (batch, ...)} in, (batch, units) float32 out.
    """
    entries = {item.name: item.symbolic() for item in inputs}
    parts = []
    for item in inputs:
        entry = entries[item.name]
        if item.kind is InputKind.CATEGORY:
            width = min(32, math.ceil(1.6 * item.size**0.5))
            parts.append(keras.layers.Embedding(item.size, width, name=_layer(item))(entry))
        else:
            parts.append(entry)
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]  # (batch, all)
    for width in settings.hidden:
        x = keras.layers.Dense(width, activation="relu")(x)
        x = keras.layers.Dropout(settings.dropout)(x)
    outputs = keras.layers.Dense(units, dtype="float32", name="outputs")(x)
    return keras.Model(entries, outputs, name="tabular")


def _layer(item: ModelInput) -> str:
    """A layer name Keras accepts (no slash) whatever the column is called."""
    return "embed_" + item.name.replace("/", "_")
