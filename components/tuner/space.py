"""One setting that is searched, and all of them as KerasTuner's HyperParameters."""

from collections.abc import Sequence
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict

from data.tuned_values import encoded


class Parameter(BaseModel):
    """A setting with its bounds or its choices, checked against the configuration it belongs to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Its dotted key."""
    kind: Literal["int", "float", "choice"]
    low: int | float = 0
    high: int | float = 0
    log: bool = False
    choices: tuple[Any, ...] = ()
    default: Any
    """What the first trial has: the configured value, or the nearest one of the space."""


Parameters = pydantic.TypeAdapter(tuple[Parameter, ...])
"""To JSON and back."""


def hyperparameters(parameters: Sequence[Parameter]) -> Any:
    """The same for KerasTuner (`keras_tuner.HyperParameters`), every value at its default."""
    import keras_tuner

    space = keras_tuner.HyperParameters()
    for one in parameters:
        sampling = "log" if one.log else "linear"
        if one.kind == "choice":
            choices = [encoded(value) for value in one.choices]
            space.Choice(one.name, choices, default=encoded(one.default))
        elif one.kind == "int":
            space.Int(one.name, one.low, one.high, sampling=sampling, default=one.default)
        else:
            space.Float(
                one.name, float(one.low), float(one.high), sampling=sampling, default=one.default
            )
    return space
