"""The label as the model learns it: class numbers, or values."""

import tensorflow as tf

from components.transform.raw import as_text


def label(value: tf.Tensor, classes: list[str]) -> tf.Tensor:
    """(batch,) -> (batch,): int64 position in `classes`, -1 for none of them; float32 without any.

    The order of classes is the schema's, not the data's: a model and its baseline agree on it.
    """
    if not classes:
        return tf.cast(value, tf.float32)
    matches = tf.equal(as_text(value)[:, tf.newaxis], tf.constant(classes))  # (batch, classes)
    position = tf.argmax(tf.cast(matches, tf.int8), axis=1)
    return tf.where(tf.reduce_any(matches, axis=1), position, tf.constant(-1, tf.int64))
