"""The recipe on numbers in place of pictures: the frozen part runs once, and what it is told arrives."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.trainer.techniques.optimizing import Optimizing
from components.trainer.text.config import TextSettings
from components.trainer.transfer import phases
from components.trainer.transfer.recipe import Parts, fit_parts
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task

SETTINGS = TextSettings(
    head_epochs=7, fine_tune_epochs=5, least_steps=0, batch_size=16, dropout=0.0
)


class _Numbers:
    """Rows whose text is a number; every so many are of class 1."""

    def __init__(self, count: int, every: int = 2) -> None:
        self.count, self._every = count, every

    def __iter__(self) -> Iterator[tuple[Any, Any, None]]:
        for start in range(0, self.count, 32):
            rows = np.arange(start, min(start + 32, self.count))
            yield (
                [str(row).encode() for row in rows],
                (rows % self._every == 0).astype(np.int64),
                None,
            )


class _Counting:
    """A frozen layer that counts the rows it sees, and one that can be trained on top."""

    def __init__(self, pictures: bool = False) -> None:
        self.seen = tf.Variable(0)
        self._pictures = pictures
        self.upper = keras.layers.Dense(4, kernel_initializer="identity")
        self.upper.build((None, 4))

    def decode(self, texts: Any) -> Any:
        odd = tf.strings.to_number(texts) % 2
        numbers = tf.one_hot(tf.cast(odd, tf.int32), 4)
        return numbers[:, tf.newaxis, tf.newaxis] if self._pictures else numbers

    def lower(self, numbers: Any) -> Any:
        self.seen.assign_add(tf.shape(numbers)[0])
        return numbers[:, 0, 0] if self._pictures else numbers

    def parts(self) -> Parts:
        variables = self.upper.trainable_variables
        return Parts(self.decode, self.lower, lambda x, _: self.upper(x), variables, 4)


def _fit(
    network: _Counting, settings: TextSettings, data: _Numbers | None = None, **other: Any
) -> list[dict[str, Any]]:
    quiet = Throttle(lambda event: None)
    split = (data or _Numbers(70), _Numbers(40))
    _, history = fit_parts(network.parts(), *split, settings, Task.BINARY, 1, quiet, **other)
    return history


@pytest.mark.parametrize("fine_tune_epochs", [0, 5])
def test_the_frozen_part_sees_every_row_once_whatever_the_epochs(fine_tune_epochs: int) -> None:
    network = _Counting()
    history = _fit(network, SETTINGS.model_copy(update={"fine_tune_epochs": fine_tune_epochs}))
    assert len(history) == 7 + fine_tune_epochs
    assert int(network.seen) == 70 + 40


def test_mirror_images_are_kept_of_the_training_rows_alone() -> None:
    network = _Counting(pictures=True)
    _fit(network, SETTINGS, mirror=True)
    assert int(network.seen) == 2 * 70 + 40


def test_balanced_classes_weigh_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row in seven is of class 1; both phases are given weights that make up for it."""
    seen: list[Any] = []
    train = phases.train

    def spy(phase: Any, rows: Any, *rest: Any) -> Any:
        seen.append(rows)
        return train(phase, rows, *rest)

    monkeypatch.setattr(phases, "train", spy)
    for balance in (False, True):
        settings = SETTINGS.model_copy(update={"balance_classes": balance})
        _fit(_Counting(), settings, data=_Numbers(70, every=7))
    sums = [[rows.counted(np.flatnonzero(rows.labels == c)).sum() for c in (0, 1)] for rows in seen]
    np.testing.assert_allclose(sums, [[60, 10]] * 2 + [[35, 35]] * 2, rtol=1e-5)


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
