"""Transfer learning, top to bottom: a head on a frozen network, then its top part with the head."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from components.trainer.heads import HEADS, Head, class_meanings
from components.trainer.labels import row_weights
from components.trainer.techniques.clusters import Clusters
from components.trainer.techniques.distillation import (
    are_labelled,
    checked_pairs,
    hard_labels,
    taught,
)
from components.trainer.techniques.run import TrainingRun
from components.trainer.techniques.warm_start import Start
from components.trainer.techniques.weights import Described
from components.trainer.transfer import phases
from components.trainer.transfer.activations import (
    Activations,
    Shelf,
    compute_activations,
    pool_activations,
)
from components.trainer.transfer.batches import Array, Batches
from components.trainer.transfer.best import Best
from components.trainer.transfer.phase import Forward, Phase
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task


class TransferSettings(Protocol):
    """What `[train.image]` and `[train.text]` have in common."""

    @property
    def head_epochs(self) -> int: ...
    @property
    def head_rate(self) -> float: ...
    @property
    def fine_tune_epochs(self) -> int: ...
    @property
    def fine_tune_rate(self) -> float: ...
    @property
    def least_steps(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def dropout(self) -> float: ...
    @property
    def balance_classes(self) -> bool: ...
    @property
    def cache_megabytes(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Parts:
    """A network cut in two."""

    decode: Callable[[Any], Any]
    """What a row is kept as, (batch,) string, to the numbers the lower part takes."""
    lower: Callable[[Any], Any]
    """Those numbers to maps (batch, ...); never trained."""
    upper: Callable[[Any, bool], Any]
    """(maps, training) to features (batch, channels) float32."""
    variables: list[Any]
    """The upper part's trained weights; none: all is frozen."""
    channels: int
    pretrained: bool = True
    """Whether a head can learn on the upper part as it is; otherwise both begin together."""
    statistics: list[Any] = field(default_factory=list)
    """What the upper part keeps of the batches it sees in training; the best epoch's stays too."""


def fit_parts(
    parts: Parts,
    train: Batches,
    evaluation: Batches,
    settings: TransferSettings,
    task: Task,
    units: int,
    progress: Throttle,
    hidden: int = 0,
    mirror: bool = False,
    loss_scaling: bool = False,
    scratch: Path | None = None,
    run: TrainingRun | None = None,
    classes: Sequence[str] = (),
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Fits a head, and the upper part with it; the best epoch on `evaluation` wins.

    What the lower part makes of a row is computed once and reused by every epoch.

    Args:
      parts: the network; its upper part's weights are changed in place.
      train: the training split. Labels as the task has them.
      evaluation: the split that chooses the epoch, by the task's first metric.
      settings: epochs, rates and the rest.
      task: what the label asks; gives loss and score.
      units: how many logits.
      progress: receives events; `phase` is features, head or fine-tune.
      hidden: units of a layer between features and logits; 0: none.
      mirror: show pictures mirrored too.
      loss_scaling: keep small float16 gradients from vanishing.
      scratch: where activations go that do not fit in memory; None: the temporary folder.
      run: how weights move, where states and logs go; None: along a cosine, nowhere. If it begins
        with an earlier model's weights, those of the network are in it already.
      classes: their names in order, for a head that takes its weights over from another.

    Returns:
      The head, features (batch, channels) to logits (batch, units) float32, and the history, a dict
      per epoch: phase, epoch, loss, eval_loss, eval_<metric>, seconds, best.

    Raises:
      ValueError: a split is empty, or labels and units do not belong together.
    """
    run = run or TrainingRun()
    rng = np.random.default_rng(settings.seed)
    objective = taught(HEADS[task], task, units, run.teaching)
    watched = objective.metrics()[0].name
    shelf = Shelf(settings.cache_megabytes, scratch)
    fine_tune = bool(parts.variables) and settings.fine_tune_epochs > 0

    def features(maps: Any) -> Any:
        return parts.upper(maps, False)

    def kept(batches: Batches, mirror: bool) -> Activations:
        """What the frozen part makes of a split: maps, or features where it is all frozen."""
        frozen = parts.lower if fine_tune else lambda numbers: features(parts.lower(numbers))
        rows = compute_activations(batches, frozen, parts.decode, mirror, shelf, progress)
        return replace(rows, labels=checked_pairs(rows.labels, task, units))

    rows, judges = kept(train, mirror), kept(evaluation, False)
    weights = row_weights(rows.labels, rows.weights, settings.balance_classes)
    rows = replace(rows, weights=weights)
    judges = replace(judges, weights=row_weights(judges.labels, judges.weights, False))
    known = hard_labels(rows.labels, task, units)
    counted = rows.counted(np.flatnonzero(are_labelled(rows.labels, task, units)))
    with run.together.scope():
        head = build_head(
            parts.channels,
            units,
            settings.dropout,
            settings.seed,
            task,
            known,
            hidden,
            run.start,
            counted,
            run.clusters,
        )
    history: list[dict[str, Any]] = []
    before: dict[str, float] = {}
    if run.start is not None:
        run.start.into(described_head(head, task, classes), "head")
        run.notes["warm_start"] = run.start.end()

    # The head, on features that no longer change.
    if parts.pretrained or not fine_tune:
        pooled, judged = rows, judges
        if fine_tune:
            pooled = pool_activations(rows, features, shelf, progress)
            judged = pool_activations(judges, features, shelf, progress)
        best = Best(head.trainable_variables, watched)

        def answers(pooled: Any, training: bool) -> Any:
            return head(pooled, training=training)

        if run.start is not None:
            best.offer(_first(answers, judged, objective, run))
        phase = Phase(
            "head",
            answers,
            head.trainable_variables,
            _epochs(settings.head_epochs, len(rows), settings),
            settings.head_rate,
            settings.batch_size,
            run=run,
            others=head.non_trainable_variables,
        )
        history += phases.train(phase, pooled, judged, objective, best, rng, progress)
        best.restore()
        before = best.measured

    # The upper part and the head together, from the kept maps; only better than the head counts.
    if fine_tune:
        trained = parts.variables + head.trainable_variables
        best = Best(trained + parts.statistics, watched)

        def logits(maps: Any, training: bool) -> Any:
            return head(parts.upper(maps, training), training=training)

        if not before and run.start is not None:
            before = _first(logits, judges, objective, run)
        if before:
            best.offer(before)
        phase = Phase(
            "fine-tune",
            logits,
            trained,
            _epochs(settings.fine_tune_epochs, len(rows), settings),
            settings.fine_tune_rate,
            settings.batch_size,
            loss_scaling=loss_scaling,
            run=run,
            others=head.non_trainable_variables + parts.statistics,
        )
        history += phases.train(phase, rows, judges, objective, best, rng, progress)
        best.restore()
    return head, history


def described_head(head: keras.Model, task: Task, classes: Sequence[str]) -> Described:
    """How a later training takes a head over: by class, where its outputs are classes."""
    last = next(layer for layer in reversed(head.layers) if isinstance(layer, keras.layers.Dense))
    return Described({}, {"head": head}, class_meanings(last, task, classes))


def _first(
    forward: Forward, judges: Activations, objective: Head, run: TrainingRun
) -> dict[str, float]:
    """What the weights of an earlier model measure before any step: the first to beat."""
    measured = phases.measuring(forward, judges, objective)()
    run.notes["warm_start"]["eval_loss"] = measured["eval_loss"]
    return measured


def build_head(
    channels: int,
    units: int,
    dropout: float,
    seed: int,
    task: Task,
    labels: Array,
    hidden: int = 0,
    start: Start | None = None,
    weights: Array | None = None,
    clusters: Clusters | None = None,
) -> keras.Model:
    """Pooled features (batch, channels) to logits (batch, units), in float32 under any policy.

    For regression the last layer's output is stretched to the mean and deviation of the training
    labels, so that any unit of measure trains equally well.

    Args:
      channels: how many features.
      units: how many logits.
      dropout: share of the features dropped in training.
      seed: of the dropout.
      task: what the label asks.
      labels: the training labels as `checked_labels` returns them.
      hidden: units of a layer in between, which sees the features brought to one size; 0: none.
      start: the model whose weights it will be given; then its labels count, not these.
      weights: (rows,) how much each label counts; None: all the same.
      clusters: what is told of them beside the features; None: nothing.
    """
    layers = [keras.Input((channels,), dtype="float32")]
    if clusters is not None:
        layers.append(clusters.layer(beside=True))
    if hidden:
        layers += [
            keras.layers.LayerNormalization(dtype="float32"),
            keras.layers.Dense(hidden, activation="relu", dtype="float32"),
        ]
    layers += [
        keras.layers.Dropout(dropout, seed=seed, dtype="float32"),
        keras.layers.Dense(units, dtype="float32"),
    ]
    if task is Task.REGRESSION:
        mean = np.average(labels, axis=0, weights=weights)
        deviation = np.sqrt(np.average((labels - mean) ** 2, axis=0, weights=weights))
        if start is not None:
            mean = np.array(start.target.start)
            deviation = np.full_like(mean, start.target.deviation)
        scale = np.where(deviation > 0, deviation, 1.0).tolist()
        layers.append(keras.layers.Rescaling(scale, mean.tolist(), dtype="float32"))
    return keras.Sequential(layers, name="head")


def _epochs(epochs: int, count: int, settings: TransferSettings) -> int:
    """The configured epochs, or more of them where there are too few rows for `least_steps`."""
    steps = math.ceil(count / settings.batch_size)
    return max(epochs, math.ceil(settings.least_steps / steps))
