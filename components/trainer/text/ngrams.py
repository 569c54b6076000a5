"""An encoder from scratch: words and pairs of neighbouring words, hashed, their vectors averaged."""

from typing import Any

import keras
import tensorflow as tf

from components.trainer.text.encoder import Encoder


def ngrams(length: int, buckets: int, width: int) -> Encoder:
    """Bag of words and pairs (Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification").

    Args:
      length: words read of each text.
      buckets: rows of the table; row 0 stays the end of the text.
      width: length of a row.
    """
    table = keras.layers.Embedding(buckets + 1, width, name="ngrams")
    table.build((None, 2 * length))

    def tokenize(texts: Any) -> Any:
        plain = tf.strings.lower(texts, encoding="utf-8")
        plain = tf.strings.regex_replace(plain, r"[^\pL\pN$!]+", " ")
        words = tf.strings.split(plain)[:, :length]
        pairs = tf.strings.join([words[:, :-1], words[:, 1:]], " ")
        both = tf.concat([words, pairs], axis=1).to_tensor("", shape=(None, 2 * length))
        ids = tf.strings.to_hash_bucket_fast(both, buckets) + 1
        return tf.cast(tf.where(tf.equal(both, ""), tf.zeros_like(ids), ids), tf.int32)

    def upper(ids: Any, training: bool) -> Any:
        there = tf.cast(tf.not_equal(ids, 0), tf.float32)[:, :, tf.newaxis]
        total = tf.reduce_sum(tf.cast(table(ids), tf.float32) * there, axis=1)
        return total / tf.maximum(tf.reduce_sum(there, axis=1), 1.0)  # (batch, width)

    return Encoder(tokenize, lambda ids: ids, upper, table.trainable_variables, width, False, table)
