"""A picture model from pictures and labels: the whole recipe, top to bottom."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from components.trainer import transfer
from components.trainer.activations import (
    Activations,
    Shelf,
    compute_activations,
    pool_activations,
)
from components.trainer.backbones import load_backbone
from components.trainer.batches import Array, Batches
from components.trainer.best import Best
from components.trainer.blocks import split
from components.trainer.heads import HEADS
from components.trainer.image_config import ImageSettings
from components.trainer.labels import checked_labels, row_weights
from components.trainer.pictures import decode
from components.trainer.precision import Precision, choose_precision, policy_scope
from components.trainer.throttle import Throttle
from data.tasks import Task


@dataclass(frozen=True)
class Trained:
    """A trained picture model and how it came about."""

    model: keras.Model
    """Decoded pictures (batch, size, size, 3) float32, 0 to 255, in; logits (batch, units) float32
    out. The whole network, scaling included."""
    history: list[dict[str, Any]]
    """One dict per epoch: phase, epoch, loss, eval_loss, eval_<metric> for each of the task's
    metrics, seconds, best (whether it was the best so far)."""
    picture_size: int
    precision: Precision


def fit_images(
    train: Batches,
    evaluation: Batches,
    settings: ImageSettings,
    task: Task,
    units: int,
    report: Callable[[dict[str, Any]], None],
    scratch: Path | None = None,
) -> Trained:
    """Fit a head on a frozen backbone, then its top blocks; the best epoch on `evaluation` wins.

    Sets the global random seeds: the same settings and data give the same model on a CPU.

    Args:
      train: the training split. Labels: class numbers from 0, or values for regression.
      evaluation: the split that chooses the epoch.
      settings: the `[train.image]` section.
      task: what the label asks; gives loss and score.
      units: how many logits: classes; 1 for binary; numbers to predict for regression.
      report: receives progress as dicts with `phase` (precision, features, head, fine-tune), a few
        times a second at most.
      scratch: where activations go that do not fit in memory; None: the temporary folder.

    Raises:
      ValueError: a split is empty, or labels and units do not belong together.
      tf.errors.InvalidArgumentError: a picture cannot be decoded.
    """
    keras.utils.set_random_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    objective = HEADS[task]
    watched = objective.metrics()[0].name
    progress = Throttle(report)
    shelf = Shelf(settings.cache_megabytes, scratch)
    fine_tune = settings.fine_tune_blocks > 0 and settings.fine_tune_epochs > 0

    precision = choose_precision(settings.precision)
    progress.send({"phase": "precision", "policy": precision.policy, "reason": precision.reason})
    with policy_scope(precision.policy):
        backbone = load_backbone(
            settings.backbone, settings.size, settings.weights, settings.preprocessing
        )
        parts = split(backbone.network, settings.fine_tune_blocks if fine_tune else 0)
    pool = _pool(backbone.network.output)

    def frozen(pixels: Any) -> Any:
        """(batch, size, size, 3) to maps; to pooled features where nothing above is trained."""
        maps = parts.lower(backbone.scale(pixels), training=False)
        return maps if fine_tune else pool(maps)

    def pooled(maps: Any) -> Any:
        return pool(parts.upper(maps, training=False))  # (batch, channels) float32

    def activations(batches: Batches, mirror: bool) -> Activations:
        rows = compute_activations(
            batches, frozen, lambda e: decode(e, settings.size), mirror, shelf, progress
        )
        return replace(rows, labels=checked_labels(rows.labels, task, units))

    rows = activations(train, settings.mirror)
    weights = row_weights(rows.labels, rows.weights, settings.balance_classes)
    rows = replace(rows, weights=weights)
    judges = activations(evaluation, False)
    head = _head(backbone.network.output.shape[-1], units, settings, task, rows.labels)

    # The head, on features that no longer change.
    best = Best(head.trainable_variables, watched)
    phase = transfer.Phase(
        "head",
        lambda features, training: head(features, training=training),
        head.trainable_variables,
        settings.head_epochs,
        settings.head_rate,
        settings.batch_size,
    )
    features, judged = (
        pool_activations(kept, pooled, shelf, progress) if fine_tune else kept for kept in (rows, judges)
    )
    history = transfer.train(phase, features, judged, objective, best, rng, progress)
    best.restore()

    # The top blocks and the head together, from the kept maps; only better than the head counts.
    if fine_tune:
        transfer.freeze_normalisation(parts.upper)
        variables = parts.upper.trainable_variables + head.trainable_variables
        head_alone = best.measured
        best = Best(variables, watched)
        best.offer(head_alone)
        phase = transfer.Phase(
            "fine-tune",
            lambda maps, training: head(pooled(maps), training=training),
            variables,
            settings.fine_tune_epochs,
            settings.fine_tune_rate,
            settings.batch_size,
            loss_scaling=precision.policy == "mixed_float16",
        )
        history += transfer.train(phase, rows, judges, objective, best, rng, progress)
        best.restore()

    pixels = keras.Input((settings.size, settings.size, 3), dtype="float32", name="pixels")
    logits = head(pool(backbone.network(backbone.scale(pixels))))
    model = keras.Model(pixels, logits, name="pictures")
    return Trained(model, history, settings.size, precision)


def _pool(output: Any) -> keras.layers.Layer:
    """Mean over the places of a map (4 dimensions) or over tokens (3); vectors stay as they are."""
    rank = len(output.shape)
    if rank == 4:
        return keras.layers.GlobalAveragePooling2D(dtype="float32")
    if rank == 3:
        return keras.layers.GlobalAveragePooling1D(dtype="float32")
    return keras.layers.Identity(dtype="float32")


def _head(
    channels: int, units: int, settings: ImageSettings, task: Task, labels: Array
) -> keras.Model:
    """Pooled features (batch, channels) to logits (batch, units), in float32 under any policy.

    For regression the last layer's output is stretched to the mean and deviation of the training
    labels, so that any unit of measure trains equally well.
    """
    layers = [
        keras.Input((channels,), dtype="float32"),
        keras.layers.Dropout(settings.dropout, seed=settings.seed, dtype="float32"),
        keras.layers.Dense(units, dtype="float32"),
    ]
    if task is Task.REGRESSION:
        deviation, mean = labels.std(axis=0), labels.mean(axis=0)
        scale = np.where(deviation > 0, deviation, 1.0).tolist()
        layers.append(keras.layers.Rescaling(scale, mean.tolist(), dtype="float32"))
    return keras.Sequential(layers, name="head")
