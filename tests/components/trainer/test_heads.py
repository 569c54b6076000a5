"""Tasks: losses against NumPy, answers as people read them."""

import numpy as np
import pytest

from data.signatures import CHOSEN, CLASS, LABELS, PREDICTION, SCORE, SCORES
from data.tasks import Task


@pytest.mark.parametrize(
    ("kind", "per_row"),
    [
        ("squared", lambda e: e**2),
        ("absolute", np.abs),
        ("huber", lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5)),
    ],
)
def test_standardised_loss(kind: str, per_row: object) -> None:
    from components.trainer.heads import Standardised

    truth, found = np.array([[0.0], [10.0], [-5.0]]), np.array([[30.0], [12.0], [-5.0]])
    expected = np.mean(per_row((truth - found) / 10))  # type: ignore[operator]
    loss = Standardised(kind, deviation=10.0)
    assert float(loss(truth, found)) == pytest.approx(expected)
    # The unit does not matter: cents instead of dollars, and the loss is the same.
    assert float(Standardised(kind, 1000.0)(truth * 100, found * 100)) == pytest.approx(expected)


def test_binary() -> None:
    import tensorflow as tf

    from components.trainer.heads import HEADS

    head = HEADS[Task.BINARY]
    logits = np.array([[-1.0], [2.0], [0.0]], np.float32)
    truth = np.array([[0], [1], [1]])
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean(np.where(truth == 1, np.log(p), np.log(1 - p)))
    assert float(head.loss()(truth, logits)) == pytest.approx(expected, rel=1e-5)
    answer = head.answer(tf.constant(logits), ["no", "yes"])
    assert answer[CLASS].numpy().tolist() == [b"no", b"yes", b"no"]
    np.testing.assert_allclose(answer[SCORE], p[:, 0], rtol=1e-6)
    np.testing.assert_allclose(answer[SCORES], np.hstack([1 - p, p]), rtol=1e-6)


def test_multiclass() -> None:
    import tensorflow as tf

    from components.trainer.heads import HEADS

    head = HEADS[Task.MULTICLASS]
    assert head.units(3) == 3
    logits = np.array([[0.0, 1.0, -1.0], [3.0, 1.0, 0.0]], np.float32)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.mean(np.log(p[[0, 1], [2, 0]]))
    assert float(head.loss()(np.array([2, 0]), logits)) == pytest.approx(expected, rel=1e-5)
    answer = head.answer(tf.constant(logits), ["a", "b", "c"])
    assert answer[CLASS].numpy().tolist() == [b"b", b"a"]
    np.testing.assert_allclose(answer[SCORE], p.max(axis=1), rtol=1e-6)
    np.testing.assert_allclose(answer[SCORES], p, rtol=1e-6)


def test_multilabel() -> None:
    import tensorflow as tf

    from components.trainer.heads import HEADS

    head = HEADS[Task.MULTILABEL]
    assert head.units(3) == 3
    logits = np.array([[-1.0, 2.0, 0.5], [-3.0, -2.0, -1.0]], np.float32)
    truth = np.array([[0, 1, 0], [1, 0, 0]], np.float32)
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean(np.where(truth == 1, np.log(p), np.log(1 - p)))
    assert float(head.loss()(truth, logits)) == pytest.approx(expected, rel=1e-5)
    (hamming,) = head.metrics()
    hamming.update_state(truth[:1], logits[:1])
    hamming.update_state(truth[1:], logits[1:])
    assert float(hamming.result()) == pytest.approx(2 / 6)
    names = ["a", "b, c", "d"]
    answer = head.answer(tf.constant(logits), names)
    np.testing.assert_allclose(answer[SCORES], p, rtol=1e-6)
    assert answer[CHOSEN].numpy().tolist() == [[0, 1, 1], [0, 0, 0]]
    assert answer[LABELS].numpy().tolist() == [b"b, c, d", b""]
    bounds = np.array([0.1, 0.9, 0.2], np.float32)  # sigmoid(2) = 0.88
    answer = head.answer(tf.constant(logits), names, thresholds=bounds)
    assert answer[CHOSEN].numpy().tolist() == [[1, 0, 1], [0, 0, 1]]
    assert answer[LABELS].numpy().tolist() == [b"a, d", b"d"]


def test_regression() -> None:
    import tensorflow as tf

    from components.trainer.heads import HEADS

    answer = HEADS[Task.REGRESSION].answer(tf.constant([[12.5], [-1.0]]), [])
    assert answer[PREDICTION].numpy().tolist() == [12.5, -1.0]
