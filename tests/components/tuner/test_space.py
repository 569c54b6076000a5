"""components/tuner/space.py: settings through KerasTuner's own hyperparameters and back."""

import json
from typing import Any

import pytest

from components.trainer.config import TrainSection
from components.trainer.techniques.tuned import tuned
from components.tuner.space import Parameter, Parameters, hyperparameters
from data.tuned_values import decoded

SPACE = (
    Parameter(name="train.learning_rate", kind="float", low=1e-4, high=1, log=True, default=0.01),
    Parameter(name="train.epochs", kind="int", low=1, high=4, default=3),
    Parameter(name="train.hidden", kind="choice", choices=((), (8,), (16, 8)), default=(8,)),
    Parameter(name="train.schedule", kind="choice", choices=("linear", "cosine"), default="cosine"),
    Parameter(name="train.balance_classes", kind="choice", choices=(False, True), default=True),
    Parameter(name="train.batch_size", kind="choice", choices=(32, 64), default=64),
)


def test_the_defaults_are_what_the_first_trial_has() -> None:
    made = tuned(TrainSection(), decoded(hyperparameters(SPACE).values))
    assert (made.learning_rate, made.epochs, made.hidden) == (0.01, 3, (8,))
    assert (made.schedule, made.balance_classes, made.batch_size) == ("cosine", True, 64)


def test_whatever_is_drawn_is_a_setting_within_its_bounds() -> None:
    space = hyperparameters(SPACE).space
    seen: dict[str, set[Any]] = {one.name: set() for one in space}
    for seed in range(1, 60):
        values = {one.name: one.random_sample(seed) for one in space}
        made = tuned(TrainSection(), decoded(values))
        assert 1e-4 <= made.learning_rate <= 1 and 1 <= made.epochs <= 4
        for name, value in values.items():
            seen[name].add(value)
    assert [len(seen[one.name]) for one in space[1:]] == [4, 3, 2, 2, 2]
    small = sum(value < 0.01 for value in seen["train.learning_rate"])
    assert 20 <= small <= 40  # half of the tenfold steps; without log it would be none of sixty


def test_to_json_and_back() -> None:
    text = json.dumps([one.model_dump(mode="json") for one in SPACE])
    assert hyperparameters(Parameters.validate_json(text)).values == hyperparameters(SPACE).values


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        Parameters.validate_python([{"name": "a", "kind": "text", "default": 1}])
