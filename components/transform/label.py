"""The label as the model learns it: class numbers, sets of classes, values, or text."""

from typing import Any

import tensorflow as tf

from components.transform.raw import as_text


def multi_hot(column: Any, classes: list[str]) -> tf.Tensor:
    """The classes each row names -> (batch, classes) float32: 1 for each that it does.

    A row that names something else is -1 throughout: the trainer refuses it.

    Args:
      column: names, tf.SparseTensor (batch, ?) or tf.Tensor (batch, k).
      classes: in the schema's order.
    """
    if not isinstance(column, tf.SparseTensor):
        column = tf.sparse.from_dense(tf.reshape(column, [tf.shape(column)[0], -1]))
    names = tf.sparse.to_dense(column, "")[:, :, tf.newaxis]  # (batch, k, 1)
    matches = tf.equal(names, tf.constant(classes))  # (batch, k, classes)
    known = tf.reduce_any(matches, axis=2) | tf.equal(names[:, :, 0], "")
    hot = tf.cast(tf.reduce_any(matches, axis=1), tf.float32)
    return tf.where(tf.reduce_all(known, axis=1)[:, tf.newaxis], hot, -tf.ones_like(hot))


def label(value: tf.Tensor, classes: list[str]) -> tf.Tensor:
    """(batch,) -> (batch,): int64 position in `classes`, -1 for none of them; float32 without any.

    The order of classes is the schema's, not the data's: a model and its baseline agree on it.
    """
    if not classes:
        return tf.cast(value, tf.float32)
    matches = tf.equal(as_text(value)[:, tf.newaxis], tf.constant(classes))  # (batch, classes)
    position = tf.argmax(tf.cast(matches, tf.int8), axis=1)
    return tf.where(tf.reduce_any(matches, axis=1), position, tf.constant(-1, tf.int64))
