"""What each word of `[features]` does to a column, as TFT graph code.

Missing is NaN for numbers and "" for text, here and over REST. A missing number becomes the
training split's mean beside a 1 in a second component; a missing category has id 0.
"""

import hashlib
import re
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform import schema_inference


def one_value(column: Any) -> tf.Tensor:
    """A dense (batch,) tensor from a raw column, with missing values filled in as missing."""
    if isinstance(column, tf.SparseTensor):
        default: Any = "" if column.dtype == tf.string else 0
        if column.dtype.is_floating:
            default = float("nan")
        if column.dtype.is_integer:  # an int64 has no NaN: a column that may be missing is a number
            column = tf.SparseTensor(
                column.indices, tf.cast(column.values, tf.float64), column.dense_shape
            )
            default = float("nan")
        shape = tf.stack([column.dense_shape[0], tf.constant(1, tf.int64)])
        first = tf.SparseTensor(column.indices, column.values, shape)
        column = tf.sparse.to_dense(first, default_value=default)
    return tf.reshape(column, [-1])


def as_text(value: tf.Tensor) -> tf.Tensor:
    """Text of a category: integers without a decimal point, missing numbers as ""."""
    if value.dtype == tf.string:
        return value
    number = tf.cast(value, tf.float64)
    missing = tf.math.is_nan(number)
    text = tf.strings.as_string(tf.cast(tf.where(missing, 0.0, number), tf.int64))
    return tf.where(missing, "", text)


def standard_scores(columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Standard scores of many columns from one pass over the data.

    One analyzer for all of them: each costs Transform about a second, whatever the rows.

    Args:
      columns: (batch,) numbers, NaN where missing.

    Returns:
      (batch, 2) per column: (x - mean) / deviation, and 1 where the value was missing.
    """
    if not columns:
        return {}
    values = tf.stack([tf.cast(value, tf.float64) for value in columns.values()], axis=1)
    missing = tf.math.is_nan(values)  # (batch, columns)
    values = tf.where(missing, tf.zeros_like(values), values)
    present = tf.cast(~missing, tf.float64)
    sums = tft.sum(tf.stack([present, values, tf.square(values)], 1), reduce_instance_dims=False)
    count, total, squares = tf.unstack(tf.reshape(sums, [3, len(columns)]))
    mean = tf.math.divide_no_nan(total, count)
    # float64 sums of squares keep 9 digits even for Unix seconds; rounding may go below zero.
    variance = tf.maximum(tf.math.divide_no_nan(squares, count) - tf.square(mean), 0.0)
    scores = tf.math.divide_no_nan(values - mean, tf.sqrt(variance)) * present
    pairs = tf.cast(tf.stack([scores, 1.0 - present], axis=2), tf.float32)  # (batch, columns, 2)
    return {name: pairs[:, index] for index, name in enumerate(columns)}


def signed_log(value: tf.Tensor) -> tf.Tensor:
    """(batch,) -> (batch,) float64: sign(x) log(1 + |x|)."""
    number = tf.cast(value, tf.float64)
    return tf.sign(number) * tf.math.log1p(tf.abs(number))


def minmax(value: tf.Tensor) -> tf.Tensor:
    """(batch,) -> (batch, 2): (x - min) / (max - min), and 1 where missing."""
    number, missing = _number(value)
    present = tf.boolean_mask(number, ~missing)
    low, high = tft.min(present), tft.max(present)
    return _with_missing(tf.math.divide_no_nan(number - low, high - low), missing)


def raw(value: tf.Tensor) -> tf.Tensor:
    """(batch,) -> (batch, 2): the value itself, and 1 where missing."""
    number, missing = _number(value)
    return _with_missing(number, missing)


def buckets(value: tf.Tensor, count: int) -> tf.Tensor:
    """(batch,) -> (batch,) int64: quantile bucket 1..count, 0 where missing."""
    number, missing = _number(value)
    boundaries = tft.quantiles(tf.boolean_mask(number, ~missing), count, epsilon=0.001)
    bucket = tft.apply_buckets(number, boundaries) + 1
    return _category(tf.where(missing, tf.zeros_like(bucket), bucket), tf.constant(count, tf.int64))


def hashed(value: tf.Tensor, count: int) -> tf.Tensor:
    """(batch,) -> (batch,) int64: hash bucket 1..count, 0 where missing."""
    text = as_text(value)
    bucket = tf.strings.to_hash_bucket_fast(text, count) + 1
    return _category(
        tf.where(tf.equal(text, ""), tf.zeros_like(bucket), bucket), tf.constant(count, tf.int64)
    )


def vocabulary(
    value: tf.Tensor, name: str, top_k: int, min_count: int, oov_buckets: int
) -> tf.Tensor:
    """(batch,) -> (batch,) int64: 0 missing, 1..V the vocabulary by frequency, then unknown."""
    text = as_text(value)
    missing = tf.equal(text, "")
    words = tft.vocabulary(
        tf.boolean_mask(text, ~missing),
        top_k=top_k,
        frequency_threshold=min_count if min_count > 1 else None,
        vocab_filename=_file_name(name),
    )
    index = tft.apply_vocabulary(text, words, num_oov_buckets=oov_buckets)
    known = tft.get_num_buckets_for_transformed_feature(index)
    return _category(tf.where(missing, tf.zeros_like(index), index + 1), known)


def _number(value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    number = tf.cast(value, tf.float32)
    missing = tf.math.is_nan(number)
    return tf.where(missing, tf.zeros_like(number), number), missing


def _with_missing(number: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    return tf.stack([number, tf.cast(missing, tf.float32)], axis=1)


def _category(index: tf.Tensor, highest: tf.Tensor) -> tf.Tensor:
    # The domain travels in the transformed schema: that is how the trainer knows the size.
    schema_inference.set_tensor_schema_override(index, tf.constant(0, tf.int64), highest)
    return index


def _file_name(column: str) -> str:
    """A vocabulary's file name; TFT maps odd characters to `_`, which two columns may share."""
    if re.fullmatch(r"\w+", column, re.ASCII):
        return column
    return f"column_{hashlib.sha256(column.encode()).hexdigest()[:12]}"
