"""The Tuner's best values in place of the configured ones."""

from collections.abc import Mapping
from typing import Any

from components.trainer.config import TrainSection
from data.tuned_values import placed

SECTION = "train"


def tuned(settings: TrainSection, values: Mapping[str, Any]) -> TrainSection:
    """The settings with other values.

    Args:
      settings: the `[train]` section.
      values: {dotted key: value}, each key in `train.`.

    Raises:
      pydantic.ValidationError: no such key, or a value it cannot have.
    """
    if not values:
        return settings
    tree = placed({SECTION: settings.model_dump()}, values)
    return TrainSection.model_validate(tree[SECTION])
