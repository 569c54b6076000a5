"""The recipe on numbers in place of pictures: the frozen part runs once, and what it is told arrives."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.trainer.techniques.optimizing import Optimizing
from components.trainer.text.config import TextSettings
from components.trainer.transfer.recipe import Parts, fit_parts
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task

SETTINGS = TextSettings(
    head_epochs=7, fine_tune_epochs=5, least_steps=0, batch_size=16, dropout=0.0
)


class _Numbers:
    """Rows whose text is a number; odd ones are of class 1."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[tuple[Any, Any, None]]:
        for start in range(0, self.count, 32):
            rows = np.arange(start, min(start + 32, self.count))
            yield [str(row).encode() for row in rows], rows % 2, None


class _Counting:
    """A frozen layer that counts the rows it sees, and one that can be trained on top."""

    def __init__(self) -> None:
        self.seen = tf.Variable(0)
        self.upper = keras.layers.Dense(4, kernel_initializer="identity")
        self.upper.build((None, 4))

    def decode(self, texts: Any) -> Any:
        odd = tf.strings.to_number(texts) % 2
        return tf.one_hot(tf.cast(odd, tf.int32), 4)

    def lower(self, numbers: Any) -> Any:
        self.seen.assign_add(tf.shape(numbers)[0])
        return numbers

    def parts(self) -> Parts:
        variables = self.upper.trainable_variables
        return Parts(self.decode, self.lower, lambda x, _: self.upper(x), variables, 4)


def _fit(network: _Counting, settings: TextSettings, **other: Any) -> list[dict[str, Any]]:
    quiet = Throttle(lambda event: None)
    data = (_Numbers(70), _Numbers(40))
    _, history = fit_parts(network.parts(), *data, settings, Task.BINARY, 1, quiet, **other)
    return history


@pytest.mark.parametrize("fine_tune_epochs", [0, 5])
def test_the_frozen_part_sees_every_row_once_whatever_the_epochs(fine_tune_epochs: int) -> None:
    network = _Counting()
    history = _fit(network, SETTINGS.model_copy(update={"fine_tune_epochs": fine_tune_epochs}))
    assert len(history) == 7 + fine_tune_epochs
    assert int(network.seen) == 70 + 40


def test_few_rows_are_passed_over_until_there_are_enough_steps() -> None:
    """70 rows are 5 batches of 16: 60 steps take 12 epochs, where 7 and 5 were asked for."""
    history = _fit(_Counting(), SETTINGS.model_copy(update={"least_steps": 60}))
    phases = [epoch["phase"] for epoch in history]
    assert (phases.count("head"), phases.count("fine-tune")) == (12, 12)


@pytest.mark.parametrize("scaling", [False, True])
def test_the_loss_is_scaled_where_asked_and_only_above_float32_features(
    scaling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head is float32 under any policy; what may underflow is the upper part."""
    asked: list[bool] = []
    made = Optimizing.optimizer

    def spy(self: Optimizing, rate: float, steps: int, loss_scaling: bool = False) -> Any:
        asked.append(loss_scaling)
        return made(self, rate, steps, loss_scaling)

    monkeypatch.setattr(Optimizing, "optimizer", spy)
    _fit(_Counting(), SETTINGS, loss_scaling=scaling)
    assert asked == [False, scaling]
