"""What a denoising autoencoder of columns is given, and how its guesses are judged."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.transfer.batches import Array

Features = dict[str, Any]
_LEAST = 1e-6
_ROWS = 4096


def guesses(inputs: Sequence[ModelInput]) -> int:
    """How many outputs an autoencoder has: every number, and a logit for every value of a category."""
    return sum(item.size for item in inputs)


def truth(features: Features, inputs: Sequence[ModelInput]) -> Any:
    """Features as one row of numbers, (batch, numbers + categories) float32, categories as their id."""
    parts = [tf.cast(features[item.name], tf.float32) for item in inputs]
    flat = [
        part if item.kind is InputKind.NUMBERS else part[:, tf.newaxis]
        for item, part in zip(inputs, parts, strict=True)
    ]
    return tf.concat(flat, axis=1)


def spoiler(inputs: Sequence[ModelInput], noise: float, seed: int) -> Callable[..., Features]:
    """A function of (number of the batch, features) that spoils some of the values.

    A spoiled value is that of the same column in another row of the batch, so it is one that occurs;
    the numbers of one feature are spoiled together. The same number and seed spoil the same ones.

    Args:
      inputs: the features.
      noise: share of the values that are spoiled.
      seed: of what is spoiled, and by which row.
    """

    again = tf.constant([0, 500_009], tf.int64)  # another draw than which row

    def spoil(number: Any, features: Features) -> Features:
        rows = tf.shape(features[inputs[0].name])[0]
        spoiled = {}
        for place, item in enumerate(inputs):
            value = features[item.name]
            draw = tf.stack([tf.cast(number, tf.int64), tf.constant(seed * 1009 + place, tf.int64)])
            others = tf.argsort(tf.random.stateless_uniform([rows], draw))
            chosen = tf.random.stateless_uniform([rows], draw + again) < noise
            if item.kind is InputKind.NUMBERS:
                chosen = chosen[:, tf.newaxis]
            spoiled[item.name] = tf.where(chosen, tf.gather(value, others), value)
        return spoiled

    return spoil


def deviations(rows: ExampleFiles, inputs: Sequence[ModelInput]) -> Array:
    """The standard deviation of every number, (numbers,) float64; 1 where it does not vary."""
    count, total, squares = 0, np.zeros(()), np.zeros(())
    for features, _ in rows.batches(_ROWS):
        parts = [features[i.name].numpy() for i in inputs if i.kind is InputKind.NUMBERS]
        if not parts:
            return np.ones(0)
        values = np.concatenate(parts, axis=1).astype(np.float64)
        count += len(values)
        total = total + values.sum(axis=0)
        squares = squares + (values**2).sum(axis=0)
    variance = squares / count - (total / count) ** 2
    return np.where(variance > _LEAST, np.sqrt(np.maximum(variance, _LEAST)), 1.0)


class Reconstruction(keras.losses.Loss):
    """How far guesses are from the truth, the mean over features; up to 1 for one who knows nothing.

    Numbers: the squared error in standard deviations, mean over a feature's numbers (one that never
    varies, such as the mark of a missing value where none is missing, is soon without error). Categories: the
    cross-entropy divided by that of a uniform guess, log(values).
    """

    def __init__(self, inputs: Sequence[ModelInput], deviation: Array) -> None:
        """Args:
        inputs: the features, in the order of truth and guesses.
        deviation: of every number, in that order.
        """
        super().__init__(name="reconstruction")
        self._inputs = list(inputs)
        self._deviation = np.asarray(deviation, np.float32)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(batch, numbers + categories) and (batch, guesses) to (batch,)."""
        parts, at, out, number = [], 0, 0, 0
        for item in self._inputs:
            guess = y_pred[:, out : out + item.size]
            out += item.size
            if item.kind is InputKind.NUMBERS:
                scale = self._deviation[number : number + item.size]
                error = (y_true[:, at : at + item.size] - guess) / scale
                parts.append(tf.reduce_mean(error**2, axis=1))
                at, number = at + item.size, number + item.size
            else:
                entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    tf.cast(y_true[:, at], tf.int32), guess
                )
                parts.append(entropy / np.log(max(item.size, 2)))
                at += 1
        return tf.add_n(parts) / len(parts)
