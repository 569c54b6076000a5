"""A picture model from pictures and labels: the whole recipe, top to bottom."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from components.trainer.heads import HEADS
from components.trainer.labels import checked_labels, row_weights
from components.trainer.pictures.config import ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.network import build_head, build_network
from components.trainer.precision import Precision, choose_precision
from components.trainer.transfer import phases
from components.trainer.transfer.activations import (
    Activations,
    Shelf,
    compute_activations,
    pool_activations,
)
from components.trainer.transfer.batches import Batches
from components.trainer.transfer.best import Best
from components.trainer.transfer.throttle import Throttle
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
      report: receives progress, a few times a second at most, as dicts. `phase` is precision (then
        `policy`, `reason`, `speedup`), features (`step`, `steps`, in pictures), head or fine-tune
        (`epoch`, `of`, `step`, `steps`, `loss`, `images_per_second`; at the end of an epoch also
        `eval_loss` and `eval_<metric>`).
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
    progress.send({"phase": "precision", **asdict(precision)})
    network = build_network(settings, precision.policy)

    def kept(batches: Batches, mirror: bool) -> Activations:
        """What the frozen part makes of a split: maps, or features where it is all frozen."""
        rows = compute_activations(
            batches,
            network.lower if fine_tune else lambda pixels: network.upper(network.lower(pixels)),
            lambda encoded: decode(encoded, settings.size),
            mirror,
            shelf,
            progress,
        )
        return replace(rows, labels=checked_labels(rows.labels, task, units))

    rows, judges = kept(train, settings.mirror), kept(evaluation, False)
    weights = row_weights(rows.labels, rows.weights, settings.balance_classes)
    rows = replace(rows, weights=weights)
    features, judged = rows, judges
    if fine_tune:
        features = pool_activations(rows, network.upper, shelf, progress)
        judged = pool_activations(judges, network.upper, shelf, progress)
    head = build_head(network.channels, units, settings, task, rows.labels)

    # The head, on features that no longer change.
    best = Best(head.trainable_variables, watched)
    phase = phases.Phase(
        "head",
        lambda features, training: head(features, training=training),
        head.trainable_variables,
        _epochs(settings.head_epochs, len(rows), settings),
        settings.head_rate,
        settings.batch_size,
    )
    history = phases.train(phase, features, judged, objective, best, rng, progress)
    best.restore()

    # The top blocks and the head together, from the kept maps; only better than the head counts.
    if fine_tune:
        phases.freeze_normalisation(network.parts.upper)
        head_alone = best.measured
        best = Best(network.parts.upper.trainable_variables + head.trainable_variables, watched)
        best.offer(head_alone)
        phase = phases.Phase(
            "fine-tune",
            lambda maps, training: head(network.upper(maps), training=training),
            best.variables,
            _epochs(settings.fine_tune_epochs, len(rows), settings),
            settings.fine_tune_rate,
            settings.batch_size,
            loss_scaling=precision.policy == "mixed_float16",
        )
        history += phases.train(phase, rows, judges, objective, best, rng, progress)
        best.restore()

    return Trained(network.with_head(head, settings.size), history, settings.size, precision)


def _epochs(epochs: int, count: int, settings: ImageSettings) -> int:
    """The configured epochs, or more of them where there are too few pictures for `least_steps`."""
    steps = math.ceil(count / settings.batch_size)
    return max(epochs, math.ceil(settings.least_steps / steps))
