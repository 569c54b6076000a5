"""A `model.fit` that can be killed and goes on, whatever the model is fed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from components.trainer.progress import FitProgress, Progress
from components.trainer.techniques.record import Record
from components.trainer.techniques.run import TrainingRun


@dataclass(frozen=True)
class Length:
    """How long a fit is, in steps."""

    steps: int
    """In all, at most."""
    per_epoch: int
    batch: int
    """Rows per step."""
    patience: int
    """Stop after so many epochs without a better loss on the eval split."""


def fit(
    model: keras.Model,
    rows: Callable[[int], tf.data.Dataset],
    judges: tf.data.Dataset,
    length: Length,
    run: TrainingRun,
    explain: Callable[[int, int], str],
) -> list[dict[str, Any]]:
    """Trains until the steps or the patience are used up; the best epoch's weights stay.

    Args:
      model: built and compiled.
      rows: the training batches from a step on, without end: the same ones, in the same order, every
        time.
      judges: the split that chooses the epoch, by its loss.
      length: how long.
      run: where states and logs go, and the model it begins with, whose weights are in it already.
      explain: (first step, last step) to what was wrong with their batches.

    Returns:
      One dict per epoch: epoch, steps so far, loss and metrics, eval_loss and eval_<metric>,
      seconds, rows_per_second, best (whether it was the best so far).

    Raises:
      FloatingPointError: the loss is not a finite number; the message names the batch.
    """
    per_epoch = length.per_epoch
    record = Record(length.steps, per_epoch, length.batch, length.patience, run, explain)
    with run.together.scope():
        model.optimizer.build(model.trainable_variables)
    if run.start is not None:
        record.begin(model, model.evaluate(judges, verbose=0, return_dict=True)["loss"])
    record.resume(model)
    while not record.over:
        # One call, or two where it goes on in the middle of an epoch.
        epoch, into = divmod(record.done, per_epoch)
        model.fit(
            rows(record.done),
            validation_data=judges,
            initial_epoch=epoch,
            epochs=epoch + 1 if into else math.ceil(length.steps / per_epoch),
            steps_per_epoch=per_epoch - into,
            callbacks=[record, FitProgress(Progress(), length.batch, per_epoch)],
            shuffle=False,
            verbose=0,
        )
    record.finish(model)
    return record.epochs
