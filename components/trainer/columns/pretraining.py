"""The layers of a column network learn from rows without labels, before they learn the label."""

import math
import warnings
from typing import Any

import keras
import tensorflow as tf

from components.trainer.columns.denoising import (
    Reconstruction,
    deviations,
    guesses,
    spoiler,
    truth,
)
from components.trainer.examples import ExampleFiles
from components.trainer.spec import Spec
from components.trainer.techniques import fitting, trouble
from components.trainer.techniques.fitting import Length
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.techniques.pretrain_config import PART
from components.trainer.techniques.run import TrainingRun

_EVALUATED_ROWS = 1024


def pretrain(
    model: keras.Model,
    spec: Spec,
    rows: ExampleFiles,
    evaluation: ExampleFiles,
) -> dict[str, Any]:
    """Trains everything below a network's last layer to undo noise; the last layer stays as it is.

    P. Vincent et al. 2008, "Extracting and Composing Robust Features with Denoising Autoencoders"; the
    decoder is one linear layer on what the last layer sees.

    Args:
      model: ours, built for the spec.
      spec: features, seed, and in `run.pretraining` how long.
      rows: train and what has no labels; labels are not read.
      evaluation: the split whose columns choose the epoch.

    Returns:
      For the history: what, rows, noise, and epochs as `fitting.fit` tells them.
    """
    asked = spec.run.pretraining
    assert asked is not None
    section, seed = asked.section, spec.settings.seed
    inputs = [item for item in spec.inputs if item.name in model.input]
    head = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
    decoder = keras.layers.Dense(guesses(inputs), dtype="float32", name="decoder")
    with warnings.catch_warnings():  # as in building.py: columns may be called what no tensor may
        warnings.filterwarnings("ignore", message="When providing `inputs` as a dict")
        network = keras.Model(model.input, decoder(head.input), name="autoencoder")
    batch = min(section.batch_size, rows.rows)
    per_epoch = math.ceil(rows.rows / batch)
    length = Length(per_epoch * section.epochs, per_epoch, batch, section.epochs)
    network.compile(
        optimizer=Optimizing().optimizer(section.learning_rate, length.steps),
        loss=Reconstruction(inputs, deviations(rows, inputs)),
        jit_compile=False,
    )
    spoil = spoiler(inputs, section.noise, seed)

    def spoiled(batches: tf.data.Dataset, first: int) -> tf.data.Dataset:
        return batches.enumerate(first).map(
            lambda number, pair: (spoil(number, pair[0]), truth(pair[0], inputs))
        )

    def batches(skip: int) -> tf.data.Dataset:
        return spoiled(rows.shuffled(batch, seed, skip), skip)

    def explain(first: int, last: int) -> str:
        return trouble.explain(batches(first - 1).take(last - first + 1), first)

    judges = spoiled(evaluation.batches(_EVALUATED_ROWS), 0)
    run = TrainingRun(checkpoints=spec.run.checkpoints.part(PART), logs=spec.run.logs.part(PART))
    told = fitting.fit(network, batches, judges, length, run, explain)
    keras.utils.set_random_seed(seed)
    return {"what": "columns", "rows": rows.rows, "noise": section.noise, "epochs": told}
