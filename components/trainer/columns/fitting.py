"""Fits a model on columns: so many steps, the best epoch kept, every epoch written down."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.heads import HEADS, Standardised
from components.trainer.spec import Spec
from components.trainer.techniques import fitting, trouble
from components.trainer.techniques.distillation import taught
from components.trainer.techniques.fitting import Length
from data.tasks import Task

_EVALUATED_ROWS = 1024


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
      FloatingPointError: the loss is not a finite number; the message names the batch.
    """
    settings = spec.settings
    batch = min(settings.batch_size, train.rows)
    together = settings.steps_per_execution
    if settings.steps % together or spec.run.together.count > 1:
        together = 1  # Keras would go on to the next multiple; on several devices it cannot loop
    per_epoch = together * math.ceil(train.rows / batch / together)
    steps = settings.steps or per_epoch * settings.epochs
    if model.compiled and spec.run.teaching is not None:
        raise ValueError(
            "distill.teacher needs the task's own loss. Received: a model of train.model that is "
            "compiled with its own"
        )
    if not model.compiled:
        with spec.run.together.scope():
            compile_model(model, spec, steps, together, train.weights is not None)
    weighted, judged = _weigher(train, train, spec), _weigher(evaluation, train, spec)

    def rows(skip: int) -> tf.data.Dataset:
        """The training batches from a step on: the same ones, in the same order, every time."""
        return weighted(train.shuffled(batch, settings.seed, skip))

    def explain(first: int, last: int) -> str:
        return trouble.explain(rows(first - 1).take(last - first + 1), first)

    build_weights(model, train)
    judges = judged(evaluation.batches(_EVALUATED_ROWS))
    length = Length(steps, per_epoch, batch, settings.patience)
    return fitting.fit(model, rows, judges, length, spec.run, explain)


def build_weights(model: keras.Model, train: ExampleFiles) -> None:
    """Makes the weights, so that others can be put into them."""
    if not model.built:
        model(next(iter(train.batches(1)))[0])


def compile_model(
    model: keras.Model, spec: Spec, steps: int, together: int, weighted: bool = False
) -> None:
    """Gives a model the task's loss, metrics and optimizer.

    Args:
      model: built or not.
      spec: what it was built from.
      steps: how many there will be at most.
      together: how many are taken before Python is asked again.
      weighted: whether rows have weights of their own, which metrics then heed.
    """
    settings = spec.settings
    head = HEADS[spec.task]
    if spec.task is Task.REGRESSION:
        loss = Standardised(settings.regression_loss, spec.target.deviation)
        head = replace(head, loss=lambda: loss)
    head = taught(head, spec.task, spec.units, spec.run.teaching)
    model.compile(
        optimizer=spec.run.optimizing.optimizer(settings.learning_rate, steps),
        loss=head.loss(),
        **{"weighted_metrics" if weighted else "metrics": head.metrics()},
        steps_per_execution=together,
        jit_compile=spec.run.jit_compile,
    )


def _weigher(
    files: ExampleFiles, train: ExampleFiles, spec: Spec
) -> Callable[[tf.data.Dataset], tf.data.Dataset]:
    """Gives batches of a split the weights of their rows: their own, and those of their classes.

    A class weighs the inverse of its frequency in the training rows, in the evaluation split too: the
    best epoch is the best by the same measure. With weights of their own, rows weigh 1 on average
    over their split.
    """
    balance = spec.settings.balance_classes
    if balance and spec.task is Task.REGRESSION:
        raise ValueError("train.balance_classes needs classes. Received: a regression")
    if not balance and files.weights is None:
        return lambda batches: batches
    table = np.ones(max(len(spec.classes), 1))
    if balance:
        counts = np.bincount(train.labels.astype(np.int64), minlength=len(spec.classes))
        table = train.rows / np.maximum(counts, 1) / max(np.sum(counts > 0), 1)
    if files.weights is not None:
        of_classes = table[files.labels.astype(np.int64)] if balance else 1.0
        table = table / np.mean(files.weights * of_classes)
    factors = tf.constant(table, tf.float32)

    def weigh(features: Any, labels: Any, *own: Any) -> tuple[Any, Any, Any]:
        factor = tf.gather(factors, labels) if balance else factors[0]
        return features, labels, factor * own[0] if own else factor

    return lambda batches: batches.map(weigh)
