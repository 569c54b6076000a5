"""The training loop of transfer learning, on kept activations: one call per phase."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.heads import Head
from components.trainer.transfer.activations import Activations
from components.trainer.transfer.best import Best
from components.trainer.transfer.phase import Forward, Phase
from components.trainer.transfer.place import Place
from components.trainer.transfer.throttle import Throttle

EVALUATION_BATCH = 256


def freeze_normalisation(network: keras.Model) -> None:
    """Keep every BatchNormalization as it is: neither its statistics nor its scale are trained."""
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def train(
    phase: Phase,
    rows: Activations,
    evaluation: Activations,
    task: Head,
    best: Best,
    rng: np.random.Generator,
    progress: Throttle,
) -> list[dict[str, Any]]:
    """Train through a phase; after each epoch measure the evaluation split, keep the best weights.

    Args:
      phase: what to train.
      rows: the training split; each row is drawn plain or mirrored where mirror images are kept.
      evaluation: the split that says which epoch was best, by the task's first metric.
      task: loss and metrics.
      best: what to keep the best weights in; not restored here.
      rng: the source of order and mirroring.
      progress: receives `{"phase", "epoch", "of", "step", "steps", "loss", "images_per_second"}`
        and, at the end of an epoch, `eval_loss` and `eval_<metric>` too.

    Returns:
      One dict per epoch: phase, epoch, loss, eval_loss, eval_<metric>, seconds, best.

    Raises:
      FloatingPointError: the loss is not a finite number; the message names the batch.
    """
    count = len(rows)
    steps = -(-count // phase.batch_size)
    with phase.run.together.scope():
        optimizer = phase.run.optimizing.optimizer(
            phase.rate, steps * phase.epochs, phase.loss_scaling
        )
        optimizer.build(phase.variables)
    step = _training_step(phase, rows, task, optimizer)
    measure = measuring(phase.forward, evaluation, task)
    place = Place(phase, optimizer, best, rng)
    place.resume()
    for epoch in range(place.epoch, phase.epochs + 1):
        start = time.perf_counter()
        event: dict[str, Any] = {"phase": phase.name, "epoch": epoch, "of": phase.epochs}
        place.begin(epoch)
        order = rng.permutation(count)
        flip = rng.random(count) < 0.5 if rows.mirrored is not None else None
        loss, latest = 0.0, event
        for number in range(place.step + 1, steps + 1):
            first = (number - 1) * phase.batch_size
            part = order[first : first + phase.batch_size]
            maps = rows.take(part, None if flip is None else flip[part])
            place.add(step(maps, rows.labels[part], rows.counted(part)), number)
            if progress.due() or number == steps:
                seen = first + len(part)
                loss = place.mean_loss(seen)
                speed = seen / (time.perf_counter() - start)
                step_facts = {"step": number, "steps": steps, "images_per_second": speed}
                latest = {**event, **step_facts, "loss": loss}
                progress.send(latest)
            if number < steps:
                place.save_if_due()
        measured = measure()
        progress.send({**latest, **measured})
        entry = {"phase": phase.name, "epoch": epoch, "loss": loss, **measured}
        entry |= {"seconds": time.perf_counter() - start, "best": best.offer(measured)}
        place.end(entry)
        phase.run.logs.epoch(entry)
    place.finish()
    return place.history


def measuring(forward: Forward, rows: Activations, task: Head) -> Callable[[], dict[str, float]]:
    """A function that measures a split with the weights as they are when it is called.

    It returns `eval_loss` and `eval_<metric>` for each of the task's metrics, weighted where rows
    have weights.
    """
    loss = task.loss()
    mean = keras.metrics.Mean(name="loss")
    metrics = task.metrics()

    @tf.function(input_signature=_signature(rows))
    def update(maps: Any, labels: Any, weights: Any) -> None:
        logits = forward(maps, False)
        weighed = None if rows.weights is None else weights
        value = loss(labels, logits, sample_weight=weighed)
        mean.update_state(value, sample_weight=tf.shape(labels)[0])
        for metric in metrics:
            metric.update_state(labels, logits, sample_weight=weighed)

    def measure() -> dict[str, float]:
        for metric in (mean, *metrics):
            metric.reset_state()
        for first in range(0, len(rows), EVALUATION_BATCH):
            part = np.arange(first, min(first + EVALUATION_BATCH, len(rows)))
            update(rows.take(part), rows.labels[part], rows.counted(part))
        return {f"eval_{metric.name}": float(metric.result()) for metric in (mean, *metrics)}

    return measure


def _training_step(
    phase: Phase, rows: Activations, task: Head, optimizer: Any
) -> Callable[[Any, Any, Any], Any]:
    """The compiled step: (activations, labels, weights) to the batch's summed loss."""
    loss, together = task.loss(), phase.run.together

    @tf.function(input_signature=_signature(rows), jit_compile=phase.run.jit_compile or None)
    def step(maps: Any, labels: Any, weights: Any) -> Any:
        rows = tf.shape(labels)[0]

        def share(first: Any, after: Any) -> Any:
            """Of one device; the gradients of all are added up, and their losses."""
            mine = (maps, labels, weights)
            if together.count > 1:
                mine = tuple(whole[first:after] for whole in mine)
            with tf.GradientTape() as tape:
                mean = loss(mine[1], phase.forward(mine[0], True), sample_weight=mine[2])
                if together.count > 1:  # Keras divides as if all shares were as large
                    mean *= tf.cast(together.count * (after - first), mean.dtype) / tf.cast(
                        rows, mean.dtype
                    )
                scaled = optimizer.scale_loss(mean)
            values = [variable.value for variable in phase.variables]
            optimizer.apply(tape.gradient(scaled, values), phase.variables)
            return mean * tf.cast(rows, mean.dtype)

        return together.run(share, rows)

    return lambda maps, labels, weights: step(maps, labels, weights)


def _signature(rows: Activations) -> list[Any]:
    """One signature for every batch, so that a shorter last one traces nothing new."""
    return [
        tf.TensorSpec((None, *rows.plain.shape[1:]), tf.as_dtype(rows.plain.dtype)),
        tf.TensorSpec((None, *rows.labels.shape[1:]), tf.as_dtype(rows.labels.dtype)),
        tf.TensorSpec((None,), tf.float32),
    ]
