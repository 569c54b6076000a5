"""What the labels say, and labels that say nothing."""

import math

import numpy as np
import pytest

from components.trainer.target import target
from data.tasks import Task


def test_binary_starts_at_the_log_odds() -> None:
    labels = np.array([0] * 98 + [1] * 18)  # one more of each is counted
    found = target(labels, Task.BINARY, ["no", "yes"])
    assert found.start == pytest.approx((math.log(19 / 99),))
    assert found.deviation == 1


def test_multiclass_starts_at_the_log_probabilities_even_of_an_unseen_class() -> None:
    found = target(np.array([0, 0, 1]), Task.MULTICLASS, ["a", "b", "c"])
    assert np.exp(found.start) == pytest.approx([3 / 6, 2 / 6, 1 / 6])


def test_balanced_starts_even() -> None:
    found = target(np.array([0, 0, 0, 1]), Task.BINARY, ["no", "yes"], balanced=True)
    assert found.start == (0.0,)


def test_multilabel_starts_at_the_log_odds_of_each_label() -> None:
    sets = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], np.float32)
    found = target(sets, Task.MULTILABEL, ["a", "b"])
    assert found.start == pytest.approx((math.log(4 / 2), math.log(1 / 5)))


def test_regression_has_mean_and_deviation() -> None:
    found = target(np.array([1e9, 1e9 + 2], np.float64), Task.REGRESSION, [])
    assert found.start == (1e9 + 1,)
    assert found.deviation == 1
    assert target(np.full(5, 3.0), Task.REGRESSION, []).deviation == 1  # never 0


def test_a_row_counts_as_often_as_its_weight_says() -> None:
    weights = np.array([3.0, 1.0, 0.0])
    values = target(np.array([1.0, 5.0, 1e6]), Task.REGRESSION, [], weights=weights)
    assert values.start == pytest.approx((2.0,)) and values.deviation == pytest.approx(3**0.5)
    classes = target(np.array([1, 0, 0]), Task.BINARY, ["no", "yes"], weights=weights)
    # 3 rows that weigh 3, 1 and 0 count as 9/4, 3/4 and none; one more of each is counted.
    assert classes.start == pytest.approx((math.log((9 / 4 + 1) / (3 / 4 + 1)),))
    sets = target(np.array([[1.0], [0.0], [0.0]]), Task.MULTILABEL, ["a"], weights=weights)
    assert sets.start == classes.start


@pytest.mark.parametrize(
    ("labels", "task", "message"),
    [
        ([0, -1, 1], Task.BINARY, "one of: no, yes. Received: 1 of 3 rows"),
        ([0, 2, 3], Task.BINARY, "Received: 2 of 3 rows"),
        ([[1, 0], [-1, -1], [0, 0]], Task.MULTILABEL, "Received: 1 of 3 rows"),
        (["A B", " ", ""], Task.SEQUENCE, "Received: 2 of 3 without any"),
        ([1.0, math.nan, math.inf], Task.REGRESSION, "Received: 2 of 3 missing or infinite"),
    ],
)
def test_refusals(labels: list[object], task: Task, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        target(np.array(labels), task, ["no", "yes"])
