"""The network for columns: embeddings beside numbers, a few dense layers, a linear head."""

import keras

from components.trainer.spec import Spec
from data.tasks import Task


def build(spec: Spec) -> keras.Model:
    """A feed-forward network over transformed columns.

    Its outputs start where the label's distribution is; a regression's are in the label's own unit,
    whatever that is.

    Args:
      spec: the features, and in its settings hidden layers and dropout.

    Returns:
      An uncompiled model: {name: (batch, ...)} in, (batch, units) float32 out.
    """
    entries = spec.keras_inputs()
    x = spec.encoded(entries)  # (batch, all)
    for width in spec.settings.hidden:
        x = keras.layers.Dense(width, activation="relu")(x)
        x = keras.layers.Dropout(spec.settings.dropout)(x)
    start = list(spec.target.start)
    if spec.task is Task.REGRESSION:
        outputs = keras.layers.Dense(spec.units, dtype="float32")(x)
        outputs = keras.layers.Rescaling(spec.target.deviation, start[0], dtype="float32")(outputs)
    else:
        outputs = keras.layers.Dense(
            spec.units, bias_initializer=keras.initializers.Constant(start), dtype="float32"
        )(x)
    return keras.Model(entries, outputs, name="tabular")
