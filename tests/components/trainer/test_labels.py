"""Labels checked against the task, and row weights that average to one."""

import numpy as np
import pytest

from components.trainer.labels import checked_labels, row_weights
from data.tasks import Task


def test_each_task_gets_the_shape_its_loss_needs() -> None:
    numbers = np.array([0, 1, 1], np.int64)
    multiclass = checked_labels(numbers, Task.MULTICLASS, 2)
    binary = checked_labels(numbers, Task.BINARY, 1)
    regression = checked_labels(numbers, Task.REGRESSION, 1)
    assert (multiclass.shape, multiclass.dtype) == ((3,), np.int32)
    assert (binary.shape, binary.dtype) == ((3, 1), np.int32)
    assert (regression.shape, regression.dtype) == ((3, 1), np.float32)
    assert checked_labels(np.ones((3, 2)), Task.REGRESSION, 2).shape == (3, 2)
    sets = checked_labels(np.array([[0, 1], [0, 0]]), Task.MULTILABEL, 2)
    assert (sets.shape, sets.dtype) == ((2, 2), np.float32)


@pytest.mark.parametrize(
    ("labels", "task", "units", "said"),
    [
        ([0, 3], Task.MULTICLASS, 3, r"from 0 to 2. Received: \[3\]"),
        ([0, -1], Task.MULTICLASS, 3, r"Received: \[-1\]"),
        ([0.0, 0.5], Task.MULTICLASS, 3, r"Received: \[0.5\]"),
        ([0, 2], Task.BINARY, 1, r"from 0 to 1. Received: \[2\]"),
        ([0, 1], Task.BINARY, 2, "a binary model has 1 logit"),
        ([[0, 1], [0, 2]], Task.MULTILABEL, 2, "2 zeros and ones each"),
        ([[0, 1]], Task.MULTILABEL, 3, r"Received: shape \(1, 2\)"),
        ([1.0, float("nan")], Task.REGRESSION, 1, "1 not finite"),
        ([1.0, 2.0], Task.REGRESSION, 2, "2 finite numbers per row. Received: 1 per row"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    labels: list[object], task: Task, units: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        checked_labels(np.array(labels), task, units)


def test_weights_average_to_one_and_keep_their_ratios() -> None:
    weights = row_weights(np.zeros(3, np.int32), np.array([1.0, 2.0, 6.0]), balance=False)
    np.testing.assert_allclose(weights, [1 / 3, 2 / 3, 2])
    assert row_weights(np.zeros(3, np.int32), None, balance=False) is None


@pytest.mark.parametrize("shape", [(10,), (10, 1)], ids=["multi-class", "binary"])
def test_balanced_classes_count_the_same_in_all(shape: tuple[int, ...]) -> None:
    labels = np.array([0] * 8 + [1] * 2, np.int32).reshape(shape)
    weights = row_weights(labels, None, balance=True)
    assert weights is not None
    assert weights[:8].sum() == pytest.approx(weights[8:].sum())
    assert weights.mean() == pytest.approx(1)
    own = np.array([1.0] * 8 + [3.0] * 2)
    both = row_weights(labels, own, balance=True)
    assert both is not None
    assert both[8:].sum() == pytest.approx(3 * both[:8].sum())


def test_weights_that_mean_nothing_are_refused() -> None:
    for weights in ([1.0, -1.0], [0.0, 0.0], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="row weights should be finite"):
            row_weights(np.zeros(2, np.int32), np.array(weights), balance=False)
    with pytest.raises(ValueError, match="balance_classes needs one class in every row"):
        row_weights(np.zeros((2, 1), np.float32), None, balance=True)
