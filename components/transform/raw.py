"""A raw column as one value a row: dense, with missing values as NaN or ""."""

from typing import Any

import tensorflow as tf


def one_value(column: Any) -> tf.Tensor:
    """A dense (batch,) tensor from a raw column, the first value of each row.

    Missing is NaN for numbers and "" for text, here and over REST. An int64 has no NaN, so a
    column of integers that may be missing becomes float64, which keeps Unix seconds exact.

    Args:
      column: tf.Tensor (batch, ...) of a column that is always there, or tf.SparseTensor (batch, ?).
    """
    if not isinstance(column, tf.SparseTensor):
        return tf.reshape(column, [-1])
    values = column.values
    missing: Any = "" if column.dtype == tf.string else float("nan")
    if column.dtype.is_integer:
        values = tf.cast(values, tf.float64)
    shape = tf.maximum(column.dense_shape, [0, 1])  # a batch without any value has no column
    filled = tf.sparse.to_dense(tf.SparseTensor(column.indices, values, shape), missing)
    return filled[:, 0]


def as_text(value: tf.Tensor) -> tf.Tensor:
    """Text of a category: integers without a decimal point, missing numbers as ""."""
    if value.dtype == tf.string:
        return value
    if value.dtype.is_integer:
        return tf.strings.as_string(value)
    whole = tf.equal(value, tf.floor(value)) & (tf.abs(value) < 2.0**63)
    integer = tf.strings.as_string(tf.cast(tf.where(whole, value, 0), tf.int64))
    text = tf.where(whole, integer, tf.strings.as_string(value, shortest=True))
    return tf.where(tf.math.is_nan(value), "", text)
