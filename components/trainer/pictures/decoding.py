"""Encoded pictures to pixels, as graph operations: the same ones in training and when served."""

from typing import Any

import tensorflow as tf


def decode(encoded: Any, size: int) -> Any:
    """Decode and resize pictures.

    PNG, JPEG, BMP and the first frame of a GIF. Gray is repeated to three channels, transparency
    is dropped, 16 bits become 8. The whole picture is stretched to a square (bilinear, with
    antialiasing where it shrinks; equal to plain bilinear where it grows).

    Args:
      encoded: (batch,) string tensor of file contents.
      size: height and width of the result, in pixels.

    Returns:
      (batch, size, size, 3) float32, red green blue, 0 to 255.

    Raises:
      tf.errors.InvalidArgumentError: when run, on bytes that are no picture; the message has the
        decoder's reason.
    """
    with tf.device("CPU"):  # decoders exist nowhere else
        return tf.map_fn(
            lambda one: _decode_one(one, size),
            tf.convert_to_tensor(encoded, tf.string),
            fn_output_signature=tf.TensorSpec((size, size, 3), tf.float32),
        )


def _decode_one(encoded: Any, size: int) -> Any:
    pixels = tf.io.decode_image(encoded, expand_animations=False)  # (height, width, 1 to 4) uint8
    pixels.set_shape((None, None, None))
    channels = tf.shape(pixels)[2]
    colours = pixels[:, :, : tf.where(channels < 3, 1, 3)]  # without a last, alpha channel
    rgb = tf.repeat(colours, tf.where(channels < 3, 3, 1), axis=2)  # (height, width, 3)
    rgb = tf.ensure_shape(rgb, (None, None, 3))
    return tf.image.resize(rgb, (size, size), antialias=True)
