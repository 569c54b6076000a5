"""components/tuner/config.py: what a space may say."""

import pytest
from pydantic import ValidationError

from components.tuner.config import TunerSection


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"min": 2, "max": 1}, "min should be below max"),
        ({"min": 0, "max": 1, "log": True}, "min above 0"),
        ({"min": 1}, "give it a min and a max"),
        ({}, "give it a min and a max"),
        ({"choices": []}, "give it a min and a max"),
        ({"choices": [1], "min": 0, "max": 2}, "give it a min and a max"),
        ({"choices": [1], "log": True}, "give it a min and a max"),
        ({"choices": [1], "step": 1}, "step"),
    ],
)
def test_values_that_say_nothing_are_refused(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TunerSection.model_validate({"space": {"train.dropout": values}})
