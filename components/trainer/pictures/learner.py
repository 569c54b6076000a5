"""The learner of pictures: the image recipe on transformed examples, one picture column in."""

import logging
import tempfile
from pathlib import Path

import tensorflow as tf

from components.trainer.answers import learned
from components.trainer.examples import ExampleFiles
from components.trainer.learned import Features, Learned, Network
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.recipe import fit_images
from components.trainer.progress import Progress
from components.trainer.spec import Spec
from components.trainer.transfer.column import ColumnSplit, only

logger = logging.getLogger(__name__)

_ROWS = 128
PIXELS = "pixels"


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Runs the image recipe.

    The model takes decoded pictures ((batch, size, size, 3) in, (batch, units) out); what is served
    takes encoded ones.

    Raises:
      ValueError: other model inputs stand beside the picture.
    """
    column, settings = only(spec.inputs, "picture"), spec.settings.image
    progress = Progress()
    before = spec.run.pretraining
    with tempfile.TemporaryDirectory(prefix="activations-") as scratch:
        trained = fit_images(
            ColumnSplit(train, column, _ROWS),
            ColumnSplit(evaluation, column, _ROWS),
            settings,
            spec.task,
            spec.units,
            lambda event: progress.report(event, always=True),
            Path(scratch),
            spec.run,
            spec.classes,
            ColumnSplit(before.rows, column, _ROWS) if before else None,
        )
    policy, reason = trained.precision.policy, trained.precision.reason
    logger.info("precision: %s (%s)", policy, reason)

    def prepare(features: Features) -> dict[str, tf.Tensor]:
        return {PIXELS: decode(tf.reshape(features[column], [-1]), settings.size)}

    def outputs(entries: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.cast(trained.model(entries[PIXELS], training=False), tf.float32)

    pixels = tf.TensorSpec([None, settings.size, settings.size, 3], tf.float32)
    network = Network({PIXELS: pixels}, prepare, outputs)

    first = {"phase": "precision", "policy": policy, "reason": reason}
    history = {"precision": first, "epochs": trained.history}
    return learned(spec, trained.model, network, evaluation, history, trained.described, network)
