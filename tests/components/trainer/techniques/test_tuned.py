"""components/trainer/techniques/tuned.py: values in place of the configured ones, checked."""

import pytest
from pydantic import ValidationError

from components.trainer.config import TrainSection
from components.trainer.techniques.tuned import tuned


def test_only_the_named_settings_change() -> None:
    configured = TrainSection(epochs=7, hidden=(4,))
    made = tuned(configured, {"train.hidden": [16, 8], "train.image.dropout": 0.5})
    assert (made.epochs, made.hidden, made.image.dropout) == (7, (16, 8), 0.5)
    assert made.image.size == configured.image.size
    assert tuned(configured, {}) is configured


@pytest.mark.parametrize("values", [{"train.hiden": [1]}, {"train.dropout": 1.5}])
def test_what_the_section_cannot_have_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        tuned(TrainSection(), values)
