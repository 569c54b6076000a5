"""Which rows are sure enough, held against NumPy, and what is written of them."""

import numpy as np
import pytest

from components.trainer.techniques.pseudo_labels import chosen, guessed
from data.tasks import Task


def test_binary_is_the_sigmoid_and_its_complement() -> None:
    odds = np.array([[3.0], [-3.0], [1.0], [-1.0], [0.0]])
    numbers, probability = guessed(odds, Task.BINARY)
    score = 1 / (1 + np.exp(-odds[:, 0]))
    np.testing.assert_allclose(probability, np.maximum(score, 1 - score))
    assert numbers[:4].tolist() == [1, 0, 1, 0]


def test_classes_by_the_highest_probability() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 4)) * 3
    numbers, probability = guessed(logits, Task.MULTICLASS)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(numbers, scores.argmax(axis=1))
    np.testing.assert_allclose(probability, scores.max(axis=1))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("share", [None, 1.0])
def test_what_is_no_number_is_never_taken(odd: float, share: float | None) -> None:
    logits = np.array([[odd, 0.0], [9.0, 0.0], [1000.0, 0.0]])
    taken = chosen(*guessed(logits, Task.MULTICLASS), 0.0, share, np.array([1.0, 0.0]))
    assert taken.tolist() == [False, True, True]
    assert guessed(np.array([[odd]]), Task.BINARY)[1].tolist() == [0.0]


def test_every_row_that_is_sure() -> None:
    probability = np.array([0.9, 0.899, 0.95, 0.0])
    taken = chosen(np.array([0, 0, 1, 1]), probability, 0.9, None, np.array([0.5, 0.5]))
    assert taken.tolist() == [True, False, True, False]


def test_a_share_is_taken_in_the_proportions_of_the_labels() -> None:
    """Class 0 is easy and most rows are said to be it: half of 100 rows, 60 : 30 : 10, are taken."""
    rng = np.random.default_rng(0)
    numbers = np.repeat([0, 1, 2], [70, 20, 10])
    probability = np.where(numbers == 0, 0.9, 0.4) + rng.random(100) / 20
    taken = chosen(numbers, probability, 0.0, 0.5, np.array([0.6, 0.3, 0.1]))
    assert np.bincount(numbers[taken]).tolist() == [30, 15, 5]
    for number in range(3):
        mine = numbers == number
        assert probability[mine & taken].min() > probability[mine & ~taken].max()
    sure = chosen(numbers, probability, 0.5, 0.5, np.array([0.6, 0.3, 0.1]))
    assert np.bincount(numbers[sure], minlength=3).tolist() == [30, 0, 0]
    few = chosen(numbers, probability, 0.0, 1.0, np.array([0.2, 0.3, 0.5]))
    assert np.bincount(numbers[few]).tolist() == [20, 20, 10]  # no more than there are


def test_no_rows() -> None:
    numbers, probability = guessed(np.zeros((0, 3), np.float32), Task.MULTICLASS)
    assert len(numbers) == len(probability) == 0
    assert not len(chosen(numbers, probability, 0.9, 0.5, np.ones(3) / 3))
