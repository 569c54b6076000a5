"""Which rows are sure enough, held against NumPy, and what is written of them."""

import numpy as np
import pytest

from components.trainer.techniques.pseudo_labels import sure
from data.tasks import Task


def test_binary_is_the_sigmoid_and_its_complement() -> None:
    odds = np.array([[3.0], [-3.0], [1.0], [-1.0], [0.0]])
    numbers, chosen = sure(odds, Task.BINARY, 0.9)
    score = 1 / (1 + np.exp(-odds[:, 0]))
    np.testing.assert_array_equal(chosen, np.maximum(score, 1 - score) >= 0.9)
    assert numbers[:4].tolist() == [1, 0, 1, 0]
    assert chosen.tolist() == [True, True, False, False, False]


def test_classes_by_the_highest_probability() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 4)) * 3
    numbers, chosen = sure(logits, Task.MULTICLASS, 0.8)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(numbers, scores.argmax(axis=1))
    np.testing.assert_array_equal(chosen, scores.max(axis=1) >= 0.8)
    assert 50 < chosen.sum() < 450
    assert sure(logits, Task.MULTICLASS, 0.0)[1].all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_sure(odd: float) -> None:
    logits = np.array([[odd, 0.0], [9.0, 0.0], [1000.0, 0.0]])
    assert sure(logits, Task.MULTICLASS, 0.0)[1].tolist() == [False, True, True]
    assert sure(np.array([[odd]]), Task.BINARY, 0.0)[1].tolist() == [False]


def test_no_rows() -> None:
    numbers, chosen = sure(np.zeros((0, 3), np.float32), Task.MULTICLASS, 0.9)
    assert len(numbers) == len(chosen) == 0
