"""Texts and tokens to numbers and back: the unknown, the empty, the too long."""

import numpy as np
import pytest

from components.trainer.sequence.vocabulary import END, PADDING, Source, Tokens


def test_characters() -> None:
    import tensorflow as tf

    texts = tf.constant(["Über", "", "bé日", "überaus"])
    source = Source.learn([texts], "characters", True, 5, 100)
    ids = source(texts).numpy()
    assert ids.shape == (4, 5)
    assert (ids[0, :4] == ids[3, :4]).all()  # case is folded, also beyond ASCII
    assert ids[0, 4] == 0 and ids[3, 4] > 1  # cut after five
    assert ids[1].tolist() == [0] * 5
    assert len({*ids[2, :3].tolist()}) == 3
    assert source(tf.constant(["bx"])).numpy()[0].tolist() == [ids[0, 1], 1, 0, 0, 0]
    assert source.size == ids.max() + 1


def test_words() -> None:
    import tensorflow as tf

    source = Source.learn([tf.constant(["a cat  sat", "A dog"])], "words", True, 4, 100)
    ids = source(tf.constant(["the Cat", "dog a"])).numpy()
    assert ids[0, 0] == 1 and ids[0, 1] > 1
    assert source.size == 2 + 4
    assert ids[1, 0] != ids[1, 1]


def test_only_the_most_frequent_are_known() -> None:
    import tensorflow as tf

    source = Source.learn([tf.constant(["aaab"])], "characters", True, 9, 1)
    assert source(tf.constant(["ba"])).numpy()[0, :2].tolist() == [1, 2]


@pytest.mark.parametrize("label", ["AH0 B", "B", "B  AH0 AH0"])
def test_tokens_there_and_back(label: str) -> None:
    tokens = Tokens.learn([b"B AH0", b"T"], 10)
    ids = tokens.ids([label.encode()], 4)
    assert ids.shape == (1, 5)
    assert tokens.text(ids).numpy().tolist() == [" ".join(label.split()).encode()]


def test_nothing_after_the_end_is_said() -> None:
    tokens = Tokens(["A", "B"])
    ids = np.array([[3, END, 4, 4], [END, 3, 3, 3], [3, 4, 3, 4], [3, 4, PADDING, PADDING]])
    assert tokens.text(ids).numpy().tolist() == [b"A", b"", b"A B A B", b"A B"]


def test_long_labels_are_cut_and_unknown_tokens_left_out() -> None:
    tokens = Tokens(["A", "B"])
    assert tokens.ids([b"A Z B A B"], 2).tolist() == [[3, 4, END]]
