"""Hashed words: which texts are alike, and that padding counts for nothing."""

import numpy as np


def test_words_and_pairs() -> None:
    import tensorflow as tf

    from components.trainer.text.ngrams import ngrams

    encoder = ngrams(4, 10_000, 8)
    texts = ["Free MONEY now", "free, money: now!", "now money free", "", "a b c d e f"]
    ids = encoder.tokenize(tf.constant(texts)).numpy()
    assert ids.shape == (5, 8)
    assert (ids[0, :2] == ids[1, :2]).all()  # case and punctuation do not matter, but for ! and $
    assert (ids[0, :5] > 0).all() and ids[0, 5] == 0  # three words, two pairs
    assert set(ids[0, :3]) == set(ids[2, :3]) and set(ids[0, 3:5]) != set(ids[2, 3:5])
    assert (ids[3] == 0).all()
    assert np.count_nonzero(ids[4]) == 4 + 3  # cut after four words
    vectors = encoder.upper(encoder.lower(tf.constant(ids)), False).numpy()
    table = encoder.variables[0].numpy()
    np.testing.assert_allclose(vectors[0], table[ids[0][ids[0] > 0]].mean(axis=0), rtol=1e-5)
    assert (vectors[3] == 0).all()
