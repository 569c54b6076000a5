"""Fits a model on columns: so many steps, the best epoch kept, every epoch written down."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.heads import HEADS, Standardised
from components.trainer.progress import FitProgress, Progress
from components.trainer.spec import Spec
from data.tasks import Task

_EVALUATED_ROWS = 1024
_STEPS_TOGETHER = 10
"""Steps between two returns to Python, where the number of steps allows. An epoch is one pass over
the rows, rounded up to whole tens of steps."""


def fit(
    model: keras.Model, spec: Spec, train: ExampleFiles, evaluation: ExampleFiles
) -> list[dict[str, Any]]:
    """Trains until the steps or the patience are used up; the best epoch's weights stay.

    Args:
      model: compiled by whoever built it, or not; then the task's loss and Adam are used.
      spec: what it was built from.
      train: the training split.
      evaluation: the split that chooses the epoch, by its loss.

    Returns:
      One dict per epoch: epoch, steps so far, loss and metrics, eval_loss and eval_<metric>,
      seconds, rows_per_second, best (whether it was the best so far).

    Raises:
      FloatingPointError: the loss is not a finite number.
    """
    settings = spec.settings
    batch = min(settings.batch_size, train.rows)
    together = _STEPS_TOGETHER if settings.steps % _STEPS_TOGETHER == 0 else 1
    per_epoch = together * math.ceil(train.rows / batch / together)
    steps = settings.steps or per_epoch * settings.epochs
    if not model.compiled:
        _compile(model, spec, steps, together)
    weighted = _by_class(train, spec) if settings.balance_classes else _as_it_is
    record = _Record(steps, per_epoch, batch)
    callbacks = [
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=settings.patience, restore_best_weights=True
        ),
        record,
        FitProgress(Progress(), batch, per_epoch),
    ]
    model.fit(
        weighted(train.shuffled(batch, settings.seed)),
        validation_data=weighted(evaluation.batches(_EVALUATED_ROWS)),
        epochs=math.ceil(steps / per_epoch),
        steps_per_epoch=per_epoch,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    return record.epochs


def _compile(model: keras.Model, spec: Spec, steps: int, together: int) -> None:
    settings = spec.settings
    head = HEADS[spec.task]
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    regression = spec.task is Task.REGRESSION
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
        if settings.weight_decay
        else keras.optimizers.Adam(rate),
        loss=Standardised(settings.regression_loss, spec.target.deviation)
        if regression
        else head.loss(),
        metrics=head.metrics(),
        steps_per_execution=together,
        jit_compile=False,  # compiling takes longer than what small networks could gain
    )


def _as_it_is(batches: tf.data.Dataset) -> tf.data.Dataset:
    return batches


def _by_class(train: ExampleFiles, spec: Spec) -> Callable[[tf.data.Dataset], tf.data.Dataset]:
    """Weighs each row by the inverse of its class's frequency, 1 on average over the training rows.

    The evaluation split too: the best epoch is the best by the same measure.
    """
    if spec.task is Task.REGRESSION:
        raise ValueError("train.balance_classes needs classes. Received: a regression")
    counts = np.bincount(train.labels.astype(np.int64), minlength=len(spec.classes))
    weights = train.rows / np.maximum(counts, 1) / max(np.sum(counts > 0), 1)
    table = tf.constant(weights, tf.float32)
    return lambda batches: batches.map(lambda x, labels: (x, labels, tf.gather(table, labels)))


class _Record(keras.callbacks.Callback):
    """Stops after exactly so many steps, refuses a loss that is no number, writes epochs down."""

    def __init__(self, steps: int, per_epoch: int, batch: int) -> None:
        super().__init__()
        self._steps, self._per_epoch, self._batch = steps, per_epoch, batch
        self._done = 0
        self._before = 0
        self._started = self._trained = 0.0
        self.epochs: list[dict[str, Any]] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.perf_counter()
        self._before = self._done

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._done = self._before + batch + 1
        self._trained = time.perf_counter()
        if self._done >= self._steps:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {
            name.replace("val_", "eval_"): float(value) for name, value in (logs or {}).items()
        }
        if not math.isfinite(values["loss"]):
            raise FloatingPointError(
                f"the loss is not a finite number after epoch {epoch + 1}, step {self._done}: lower "
                f"train.learning_rate, or look for wild values. Received: {values['loss']}"
            )
        best = min((entry["eval_loss"] for entry in self.epochs), default=math.inf)
        rows = (self._done - self._before) * self._batch
        self.epochs.append(
            {
                "epoch": epoch + 1,
                "steps": self._done,
                **values,
                "seconds": round(time.perf_counter() - self._started, 3),
                "rows_per_second": round(rows / max(self._trained - self._started, 1e-6)),
                "best": values["eval_loss"] < best,
            }
        )
