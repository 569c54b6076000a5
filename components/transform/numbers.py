"""What the numeric words of `[features]` do, for all columns of a kind together.

TFT pays about a second of CPU for every analyzer and every hundred graph operations, whatever the
rows: the columns of one treatment are one matrix, analysed once.

A missing number (NaN or infinite) becomes 0 beside a 1 in a second component; in buckets it is
id 0.
"""

import tensorflow as tf
import tensorflow_transform as tft

Columns = dict[str, tf.Tensor]
"""Feature name to (batch,) numbers, NaN where missing."""

_FARTHEST = 10.0
"""Standard scores are held within this: one broken value must not drown a row's other columns."""
_LARGEST = 1e100
"""Numbers are held within this, so that squares stay finite."""


def standard_scores(columns: Columns) -> Columns:
    """Columns to (batch, 2) each: (x - mean) / deviation within ±10, and 1 where missing.

    A constant column gives zeros.
    """
    if not columns:
        return {}
    values, missing = _matrix(columns)
    mean = tft.mean(values, reduce_instance_dims=False)  # (columns,), NaN left out
    deviation = tf.sqrt(tft.var(values, reduce_instance_dims=False))
    scores = tf.math.divide_no_nan(values - mean, deviation)
    return _with_missing(columns, tf.clip_by_value(scores, -_FARTHEST, _FARTHEST), missing)


def signed_log(value: tf.Tensor) -> tf.Tensor:
    """(batch,) -> (batch,) float64: sign(x) log(1 + |x|)."""
    number = tf.cast(value, tf.float64)
    return tf.sign(number) * tf.math.log1p(tf.abs(number))


def minmax(columns: Columns) -> Columns:
    """Columns to (batch, 2) each: (x - min) / (max - min) within 0..1, and 1 where missing."""
    if not columns:
        return {}
    values, missing = _matrix(columns)
    ends = tf.stack([values, -values], axis=1)  # (batch, 2, columns)
    nothing = tf.constant(-_LARGEST, tf.float64)
    highest = tft.max(tf.where(tf.math.is_nan(ends), nothing, ends), reduce_instance_dims=False)
    low, high = -highest[1], highest[0]
    scaled = tf.math.divide_no_nan(values - low, high - low)
    return _with_missing(columns, tf.clip_by_value(scaled, 0.0, 1.0), missing)


def raw(columns: Columns) -> Columns:
    """Columns to (batch, 2) each: the value itself, and 1 where missing."""
    if not columns:
        return {}
    values, missing = _matrix(columns)
    return _with_missing(columns, values, missing)


def buckets(columns: Columns, count: int) -> Columns:
    """Columns to (batch,) int64 each: quantile bucket 1..count, 0 where missing.

    Where values repeat, neighbouring quantiles are equal and some ids stay unused.
    """
    if not columns:
        return {}
    values, missing = _matrix(columns)
    values = tf.cast(values, tf.float32)  # as quantiles are: equal values fall on the same side
    # TFT fails on a column without any value: a batch in which one has none lends it a 0.
    alone = tf.reduce_all(missing, axis=0, keepdims=True)  # (1, columns)
    lent = tf.where(alone, 0.0, tf.constant(float("nan")))
    ends = tft.quantiles(
        tf.concat([values, lent], axis=0), count, epsilon=0.001, reduce_instance_dims=False
    )
    above = values[:, :, tf.newaxis] >= ends  # (batch, columns, count - 1)
    ids = tf.reduce_sum(tf.cast(above, tf.int64), axis=2) + 1
    ids = tf.where(missing, tf.zeros_like(ids), ids)
    return dict(zip(columns, tf.unstack(ids, len(columns), axis=1), strict=True))


def _matrix(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    """(batch, columns) float64 with NaN where missing, and where that is."""
    values = tf.stack([tf.cast(value, tf.float64) for value in columns.values()], axis=1)
    missing = ~tf.math.is_finite(values)
    values = tf.clip_by_value(values, -_LARGEST, _LARGEST)
    return tf.where(missing, tf.constant(float("nan"), tf.float64), values), missing


def _with_missing(columns: Columns, numbers: tf.Tensor, missing: tf.Tensor) -> Columns:
    numbers = tf.where(missing, tf.zeros_like(numbers), numbers)
    pairs = tf.stack([numbers, tf.cast(missing, numbers.dtype)], axis=2)  # (batch, columns, 2)
    pairs = tf.unstack(tf.cast(pairs, tf.float32), len(columns), axis=1)
    return dict(zip(columns, pairs, strict=True))
