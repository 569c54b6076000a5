"""One table for many columns does what a table per column does."""

import numpy as np


def test_like_an_embedding_per_column() -> None:
    from components.trainer.columns.embedding import JointEmbedding

    sizes, width = [3, 5, 2], 4
    layer = JointEmbedding(sizes, width)
    ids = [np.array([0, 2]), np.array([4, 1]), np.array([1, 1])]
    found = layer([array.astype("int64") for array in ids]).numpy()
    table = layer.table.numpy()
    assert table.shape == (10, 4)
    tables = np.split(table, [3, 8])
    expected = np.hstack([part[array] for part, array in zip(tables, ids, strict=True)])
    np.testing.assert_array_equal(found, expected)


def test_only_the_ids_seen_are_trained() -> None:
    import keras
    import tensorflow as tf

    from components.trainer.columns.embedding import JointEmbedding

    layer = JointEmbedding([3, 5], 2)
    ids = [tf.constant([1], tf.int64), tf.constant([4], tf.int64)]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(ids))
    (gradient,) = tape.gradient(total, [layer.table.value])
    touched = np.unique(tf.convert_to_tensor(gradient).numpy().nonzero()[0])
    assert touched.tolist() == [1, 3 + 4]
    copy = JointEmbedding.from_config(layer.get_config())
    assert isinstance(copy, keras.layers.Layer)
    assert copy.get_config() == layer.get_config()
