"""Text and whole numbers to ids by hashing; how an id says how many there are."""

import tensorflow as tf
from tensorflow_transform import schema_inference


def hashed(text: tf.Tensor, count: int) -> tf.Tensor:
    """(batch,) text -> (batch,) int64: hash bucket 1..count, 0 where missing."""
    bucket = tf.strings.to_hash_bucket_fast(text, count) + 1
    return categorical(tf.where(tf.equal(text, ""), tf.zeros_like(bucket), bucket), count)


def categorical(ids: tf.Tensor, highest: int | tf.Tensor) -> tf.Tensor:
    """Marks ids 0..highest as a category: the trainer reads that off the transformed schema."""
    schema_inference.set_tensor_schema_override(
        ids, tf.constant(0, tf.int64), tf.cast(highest, tf.int64)
    )
    return ids
