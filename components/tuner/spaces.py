"""What is searched where the configuration names nothing, per kind of model; and what can be judged."""

from components.tuner.config import Values
from data.metrics import METRICS
from data.tasks import Task

Space = dict[str, Values]

SPACES: dict[str, Space] = {
    "columns": {
        "train.learning_rate": Values(min=1e-4, max=1e-2, log=True),
        "train.hidden": Values(choices=((64,), (128, 64), (256, 128), (512, 256), (128, 64, 32))),
        "train.dropout": Values(min=0.0, max=0.6),
        "train.batch_size": Values(choices=(32, 64, 128, 256)),
    },
    "own": {
        "train.learning_rate": Values(min=1e-4, max=1e-2, log=True),
        "train.batch_size": Values(choices=(32, 64, 128, 256)),
    },
    "pictures": {
        "train.image.head_rate": Values(min=5e-4, max=1e-2, log=True),
        "train.image.dropout": Values(min=0.0, max=0.6),
        "train.image.fine_tune_rate": Values(min=1e-4, max=3e-3, log=True),
        "train.image.fine_tune_blocks": Values(min=0, max=9),
    },
    "text": {
        "train.text.head_rate": Values(min=3e-4, max=5e-3, log=True),
        "train.text.hidden": Values(choices=(0, 128, 256, 512)),
        "train.text.dropout": Values(min=0.0, max=0.6),
        "train.text.fine_tune_rate": Values(min=2e-5, max=5e-4, log=True),
        "train.text.fine_tune_layers": Values(min=0, max=2),
    },
    "sequence": {
        "train.sequence.learning_rate": Values(min=1e-3, max=1e-2, log=True),
        "train.sequence.width": Values(choices=(64, 96, 128, 192)),
        "train.sequence.layers": Values(min=1, max=4),
        "train.sequence.dropout": Values(min=0.0, max=0.4),
    },
}
"""own: a model of `train.model`, of which only this much is sure to be used."""

HOLDS = {
    "columns": "train",
    "own": "train",
    "pictures": "train.image",
    "text": "train.text",
    "sequence": "train.sequence",
}
"""The section of the configuration that a kind of model is built and fitted by."""

SHARED = ("train.schedule", "train.warmup", "train.clip_norm", "train.weight_decay")
"""Settings of `[train]` that hold for pictures and texts too."""

NOT_SEARCHED = frozenset(
    {
        "model",
        "seed",
        "precision",
        "checkpoint_seconds",
        "cache_megabytes",
        "threshold",
        "warm_start",
    }
)
"""Settings that make no better model, or are chosen after the training."""

OBJECTIVES: dict[Task, tuple[str, ...]] = {
    Task.BINARY: ("loss", "accuracy", "auc"),
    Task.MULTICLASS: ("loss", "accuracy"),
    Task.MULTILABEL: ("loss", "hamming_loss"),
    Task.REGRESSION: ("loss", "mae"),
    Task.SEQUENCE: ("loss",),
}
"""What the training of a task measures on eval after every epoch, the loss first."""

LOSS_DEPENDS_ON = ("train.regression_loss", "train.balance_classes")
"""Settings that change what the loss is: trials that differ in one cannot be compared by it."""


def kept_by(kind: str, task: Task) -> str:
    """The objective by which the Trainer chooses the epoch it keeps."""
    return OBJECTIVES[task][1] if kind in ("pictures", "text") else "loss"


def higher_is_better(objective: str) -> bool:
    """Which way is up."""
    return objective != "loss" and METRICS[objective].higher_is_better
