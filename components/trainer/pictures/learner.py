"""The learner of pictures: the image recipe on transformed examples, one picture column in."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.trainer.answers import learned
from components.trainer.examples import ExampleFiles
from components.trainer.inputs import ModelInput
from components.trainer.learned import Features, Learned
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.recipe import fit_images
from components.trainer.progress import Progress
from components.trainer.spec import Spec
from components.trainer.transfer.batches import Array

_ROWS = 128


class _Split:
    """Transformed examples as the image recipe reads them."""

    def __init__(self, files: ExampleFiles, column: str) -> None:
        self._files = files
        self._column = column
        self.count = files.rows

    def __iter__(self) -> Iterator[tuple[Any, Array, Array | None]]:
        for features, labels in self._files.batches(_ROWS):
            yield tf.reshape(features[self._column], [-1]), labels.numpy(), None


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Runs the image recipe.

    The model takes decoded pictures ((batch, size, size, 3) in, (batch, units) out); what is served
    takes encoded ones.

    Raises:
      ValueError: other model inputs stand beside the picture.
    """
    column, settings = _only(spec.inputs), spec.settings.image
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="activations-") as scratch:
        trained = fit_images(
            _Split(train, column),
            _Split(evaluation, column),
            settings,
            spec.task,
            spec.units,
            lambda event: progress.report(event, always=True),
            Path(scratch),
            spec.run,
            spec.classes,
        )
    policy, reason = trained.precision.policy, trained.precision.reason
    logging.info("precision: %s (%s)", policy, reason)

    def outputs(features: Features) -> tf.Tensor:
        pixels = decode(tf.reshape(features[column], [-1]), settings.size)
        return tf.cast(trained.model(pixels, training=False), tf.float32)

    first = {"phase": "precision", "policy": policy, "reason": reason}
    history = {"precision": first, "epochs": trained.history}
    return learned(spec, trained.model, outputs, evaluation, history, trained.described)


def _only(inputs: Sequence[ModelInput]) -> str:
    """The one picture column of a picture model."""
    if len(inputs) > 1:
        names = ", ".join(item.name for item in inputs)
        raise ValueError(
            f"a picture model takes one picture column and nothing else. Received: {names}. Set the "
            'others to "ignore" in [features], or give train.model a model of your own.'
        )
    return inputs[0].name
