"""What an autoencoder of pictures is given, and how the squares it has to guess are judged."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

SQUARES = 7
"""Pictures are divided into so many squares a side."""
_FLIP, _MASK = 0, 1


def masker(
    size: int, noise: float, mirror: bool, mean: Any, seed: int
) -> Callable[[Any, Any], tuple[Any, Any]]:
    """A function of (number of the batch, scaled pixels) to what is seen and what was there.

    Pixels are (batch, size, size, channels) float32. What is seen has some squares painted in the mean
    colour; what was there has the mask (1 where it is painted) as one more channel. The same number
    and seed paint the same squares.

    Args:
      size: height and width.
      noise: share of the squares that are painted.
      mirror: turn each picture left to right at random before.
      mean: (channels,), the colour.
      seed: of what is painted and turned.
    """
    colour = tf.constant(mean, tf.float32)

    def draw(number: Any, what: int, shape: Any) -> Any:
        key = tf.stack([tf.cast(number, tf.int64), tf.constant(2 * seed + what, tf.int64)])
        return tf.random.stateless_uniform(shape, key)

    def mask(number: Any, pixels: Any) -> tuple[Any, Any]:
        rows = tf.shape(pixels)[0]
        if mirror:
            turned = draw(number, _FLIP, [rows, 1, 1, 1]) < 0.5
            pixels = tf.where(turned, tf.reverse(pixels, [2]), pixels)
        chosen = tf.cast(draw(number, _MASK, [rows, SQUARES, SQUARES, 1]) < noise, tf.float32)
        painted = tf.image.resize(chosen, [size, size], method="nearest")
        seen = pixels * (1.0 - painted) + colour * painted
        return seen, tf.concat([pixels, painted], axis=3)

    return mask


class MaskedError(keras.losses.Loss):
    """The squared error of the painted pixels in variances of the pixels: 1 for the mean colour.

    What is seen is not judged: an encoder with more numbers than there are pixels would pass it on and
    learn nothing. (K. He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners", section 3.)
    """

    def __init__(self, variance: float) -> None:
        """Args:
        variance: of the pixels around the mean colour, more than 0.
        """
        super().__init__(name="reconstruction")
        self._variance = float(variance)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(batch, size, size, channels + mask) and (batch, size, size, channels) to (batch,).

        A picture without a painted pixel has no error.
        """
        truth, painted = y_true[..., :-1], y_true[..., -1:]
        error = tf.reduce_sum(painted * (truth - y_pred) ** 2, axis=[1, 2, 3])
        channels = tf.cast(tf.shape(truth)[-1], tf.float32)
        judged = tf.maximum(tf.reduce_sum(painted, axis=[1, 2, 3]), 1.0) * channels
        return error / judged / self._variance
