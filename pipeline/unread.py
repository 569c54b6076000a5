"""Settings of `[train]` that the model at hand never reads are refused, not ignored."""

from collections.abc import Mapping
from pathlib import Path

from components.transform.config import Feature
from data.columns import Treatment
from data.tasks import Task
from pipeline.config import Config, ConfigError

_TRANSFER = {
    "epochs": ("head_epochs", "fine_tune_epochs"),
    "steps": ("least_steps",),
    "batch_size": ("batch_size",),
    "learning_rate": ("head_rate", "fine_tune_rate"),
    "dropout": ("dropout",),
    "balance_classes": ("balance_classes",),
    "precision": ("precision",),
    "patience": (),
    "steps_per_execution": (),
    "regression_loss": (),
}
INSTEAD: dict[str, dict[str, tuple[str, ...]]] = {
    "image": {**_TRANSFER, "hidden": ()},
    "text": {**_TRANSFER, "hidden": ("hidden",)},
    "sequence": {
        "epochs": ("epochs",),
        "batch_size": ("batch_size",),
        "learning_rate": ("learning_rate",),
        "patience": ("patience",),
        "dropout": ("dropout",),
        "steps": (),
        "hidden": (),
        "steps_per_execution": (),
        "precision": (),
    },
}
"""{section below [train]: {key of [train] it does not read: its own keys for that}}."""
_OF = {"image": "pictures", "text": "texts", "sequence": "sequences"}


def check(config: Config, features: Mapping[str, Feature], where: Path) -> None:
    """Refuses what would change nothing; defaults written out are no matter.

    Args:
      config: with any `[train]`.
      features: a treatment for every column.
      where: the configuration's file, for messages.

    Raises:
      ConfigError: a setting of networks of columns, for another kind of model.
    """
    section = _section(config, features)
    if not section or config.train.model:
        return
    for key, own in INSTEAD[section].items():
        value = getattr(config.train, key)
        if value == type(config.train).model_fields[key].default:
            continue
        there = " and ".join(f"train.{section}.{name}" for name in own)
        raise ConfigError(
            f"{where}: train.{key} is of networks of columns, and this is one of {_OF[section]}. "
            f"{f'Set {there} instead' if there else 'Leave it out'}. Received: {value!r}"
        )


def _section(config: Config, features: Mapping[str, Feature]) -> str:
    if config.data.task is Task.SEQUENCE:
        return "sequence"
    kinds = {feature.treatment for feature in features.values()}
    if Treatment.IMAGE in kinds:
        return "image"
    return "text" if Treatment.TEXT in kinds else ""
