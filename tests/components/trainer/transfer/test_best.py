"""The best epoch is the one by the metric's own direction, and its weights come back."""

import keras
import numpy as np
import pytest

from components.trainer.transfer.best import Best


@pytest.mark.parametrize(
    ("metric", "scores", "kept"),
    [("accuracy", [0.5, 0.9, 0.7], 1), ("mae", [3.0, 5.0, 1.0], 2), ("accuracy", [0.5, 0.5], 0)],
)
def test_the_best_weights_come_back(metric: str, scores: list[float], kept: int) -> None:
    variable = keras.Variable(np.zeros(3))
    best = Best([variable], metric)
    better = []
    for epoch, score in enumerate(scores):
        variable.assign(np.full(3, float(epoch)))
        better.append(best.offer({f"eval_{metric}": score, "eval_loss": 1.0}))
    assert better[0]
    variable.assign(np.full(3, -1.0))
    best.restore()
    np.testing.assert_array_equal(variable, np.full(3, float(kept)))
    assert best.measured[f"eval_{metric}"] == scores[kept]


def test_a_missing_number_is_never_better() -> None:
    best = Best([], "accuracy")
    best.offer({"eval_accuracy": 0.5})
    assert not best.offer({"eval_accuracy": float("nan")})


def test_of_equals_the_one_with_the_lower_loss() -> None:
    variable = keras.Variable(np.zeros(1))
    best = Best([variable], "accuracy")
    losses = [0.24, 0.001, 0.002, float("nan")]
    for epoch, loss in enumerate(losses):
        variable.assign([float(epoch)])
        best.offer({"eval_accuracy": 1.0, "eval_loss": loss})
    best.restore()
    assert float(variable.numpy()[0]) == 1.0
    assert not best.offer({"eval_accuracy": 0.9, "eval_loss": 0.0})
