"""The `[train]` section: what it takes and what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from components.trainer.config import TrainSection


def test_survives_json() -> None:
    section = TrainSection(hidden=(32,), steps=1000, regression_loss="huber", model="mine.build")
    assert TrainSection.model_validate_json(section.model_dump_json()) == section


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"steps": -1},
        {"learning_rate": 0},
        {"dropout": 1.0},
        {"regression_loss": "l2"},
        {"schedule": "sine"},
        {"weight_decay": -0.1},
        {"epoch": 3},
        {"precision": "float16"},
    ],
)
def test_refusals(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TrainSection(**settings)
