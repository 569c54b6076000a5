"""A picture model from pictures and labels: the whole recipe, top to bottom."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from components.trainer.pictures.config import SMALL, ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.network import build_network
from components.trainer.pictures.pretraining import pretrain
from components.trainer.precision import Precision, choose_precision
from components.trainer.techniques.run import TrainingRun
from components.trainer.techniques.weights import Described
from components.trainer.transfer.activations import Shelf
from components.trainer.transfer.batches import Batches
from components.trainer.transfer.phases import freeze_normalisation
from components.trainer.transfer.recipe import Parts, described_head, fit_parts
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
    described: Described
    """How a later training takes its weights over."""


def fit_images(
    train: Batches,
    evaluation: Batches,
    settings: ImageSettings,
    task: Task,
    units: int,
    report: Callable[[dict[str, Any]], None],
    scratch: Path | None = None,
    run: TrainingRun | None = None,
    classes: Sequence[str] = (),
    unlabelled: Batches | None = None,
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
      run: how weights move, where states and logs go; None: along a cosine, nowhere.
      classes: their names in order, for a model whose weights are to be taken over.
      unlabelled: what a network from scratch learns from first, where `run.pretraining` says how.

    Raises:
      ValueError: a split is empty, or labels and units do not belong together.
      tf.errors.InvalidArgumentError: a picture cannot be decoded.
    """
    run = run or TrainingRun()
    if run.pretraining is not None and settings.backbone != SMALL:
        raise ValueError(
            f"pretrain.epochs: {settings.backbone} is pretrained already; of pictures, only a network "
            f"from scratch learns so: train.image.backbone = {SMALL!r}. Leave one of them out"
        )
    keras.utils.set_random_seed(settings.seed)
    progress = Throttle(report)
    precision = choose_precision(settings.precision)
    progress.send({"phase": "precision", **asdict(precision)})
    with run.together.scope():
        network = build_network(settings, precision.policy)
    pretrained = network.backbone.pretrained
    if pretrained:
        freeze_normalisation(network.parts.upper)
    if run.start is not None:
        run.start.check(facts(settings, task, classes))
        run.start.into(Described({}, {"backbone": network.backbone.network}), "backbone")
    fine_tune = settings.fine_tune_blocks > 0 and settings.fine_tune_epochs > 0
    if not pretrained and not settings.fine_tune_epochs:
        raise ValueError(
            f"{settings.backbone} knows nothing yet: train.image.fine_tune_epochs, the passes in which "
            "it is trained, should be at least 1. Received: 0"
        )

    def pixels(encoded: Any) -> Any:
        return decode(encoded, settings.size)

    if run.pretraining is not None and unlabelled is not None:
        run.notes["pretrain"] = pretrain(
            network,
            run.pretraining.section,
            unlabelled,
            evaluation,
            pixels,
            settings,
            run,
            Shelf(settings.cache_megabytes, scratch),
            progress,
        )
    parts = Parts(
        decode=pixels,
        lower=network.lower,
        upper=network.upper,
        variables=network.parts.upper.trainable_variables if fine_tune or not pretrained else [],
        channels=network.channels,
        pretrained=pretrained,
        statistics=[] if pretrained else network.parts.upper.non_trainable_variables,
    )
    head, history = fit_parts(
        parts,
        train,
        evaluation,
        settings,
        task,
        units,
        progress,
        mirror=settings.mirror,
        loss_scaling=precision.policy == "mixed_float16",
        scratch=scratch,
        run=run,
        classes=classes,
    )
    whole = described_head(head, task, classes)
    described = Described(
        facts(settings, task, classes),
        {"backbone": network.backbone.network, **whole.parts},
        whole.meanings,
    )
    model = network.with_head(head, settings.size)
    return Trained(model, history, settings.size, precision, described)


def facts(settings: ImageSettings, task: Task, classes: Sequence[str]) -> dict[str, Any]:
    """What has to be the same for a picture model to go on from another one's weights."""
    two = {"classes": tuple(classes)} if len(classes) == 2 else {}
    return {
        "data.task": task.value,
        "train.image.backbone": settings.backbone,
        "train.image.preprocessing": settings.preprocessing,
        **two,
    }
