"""The image recipe on transformed examples: one picture column in, a fitted model out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.batches import Array
from components.trainer.examples import ExampleFiles
from components.trainer.image_config import ImageSettings
from components.trainer.image_recipe import fit_images
from components.trainer.inputs import ModelInput
from components.trainer.pictures import decode
from components.trainer.progress import Progress
from data.tasks import Task

_ROWS = 128


class _Split:
    """Transformed examples as the image recipe reads them."""

    def __init__(self, files: ExampleFiles, column: str) -> None:
        self._files = files
        self._column = column
        self.count = files.rows

    def __iter__(self) -> Iterator[tuple[Any, Array, Array | None]]:
        for features, labels in self._files.batches(_ROWS):
            yield tf.reshape(features[self._column], [-1]), np.ravel(labels.numpy()), None


def picture_column(inputs: list[ModelInput]) -> str:
    """The one picture column of a picture model.

    Raises:
      ValueError: other model inputs stand beside it.
    """
    if len(inputs) > 1:
        names = ", ".join(item.name for item in inputs)
        raise ValueError(
            f"a picture model takes one picture column and nothing else. Received: {names}. Set the "
            'others to "ignore" in [features], or give train.model a model of your own.'
        )
    return inputs[0].name


def fit(
    column: str,
    train: ExampleFiles,
    evaluation: ExampleFiles,
    settings: ImageSettings,
    task: Task,
    units: int,
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Runs the image recipe.

    Returns:
      The network on decoded pictures ((batch, size, size, 3) in, (batch, units) out), and its
      history, an entry per epoch.
    """
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="activations-") as scratch:
        trained = fit_images(
            _Split(train, column),
            _Split(evaluation, column),
            settings,
            task,
            units,
            lambda event: progress.report(event, always=True),
            Path(scratch),
        )
    chosen = trained.precision
    history = [{"phase": "precision", "policy": chosen.policy, "reason": chosen.reason}]
    return trained.model, [*history, *trained.history]


def outputs(model: keras.Model, encoded: tf.Tensor, size: int) -> tf.Tensor:
    """(batch,) encoded pictures -> (batch, units) float32, in the graph that serves."""
    return tf.cast(model(decode(tf.reshape(encoded, [-1]), size), training=False), tf.float32)
