"""Metrics against scikit-learn's and by hand; what is lost, and how many answers are the same."""

import numpy as np
import pytest
from sklearn.metrics import hamming_loss, mean_absolute_error, roc_auc_score

from components.lite_exporter import quality
from data.tasks import Task

NONE = np.empty(0)


def test_binary() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    scores = np.clip(0.3 * truth + rng.uniform(0, 0.7, 200), 0, 1)
    answer = np.stack([1 - scores, scores], axis=1)
    found = quality.measure(answer, truth, Task.BINARY, NONE)
    assert found["auc"] == pytest.approx(roc_auc_score(truth, scores))
    assert found["accuracy"] == pytest.approx(np.mean((scores > 0.5) == truth))
    only = quality.measure(answer, np.zeros(200, int), Task.BINARY, NONE)
    assert list(only) == ["accuracy"]  # one class has no AUC


def test_several_labels_have_a_threshold_each() -> None:
    answer, bounds = np.array([[0.4, 0.4], [0.6, 0.6]]), np.array([0.3, 0.7])
    truth = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = quality.measure(answer, truth, Task.MULTILABEL, bounds)
    assert (
        found
        == {"hamming_loss": pytest.approx(hamming_loss(truth, answer > bounds))}
        == {"hamming_loss": 0.25}
    )
    other = np.array([[0.2, 0.4], [0.6, 0.6]])
    assert quality.agreement(answer, other, Task.MULTILABEL, bounds) == 0.75


def test_values() -> None:
    answer, truth = np.array([[1.0], [2.0], [4.0]]), np.array([1.5, 2.0, 3.0])
    found = quality.measure(answer, truth, Task.REGRESSION, NONE)
    assert found == {"mae": pytest.approx(mean_absolute_error(truth, answer[:, 0]))}
    assert quality.agreement(answer, answer, Task.REGRESSION, NONE) is None


def test_what_is_lost() -> None:
    assert quality.drop("accuracy", 0.8, 0.9) == pytest.approx(0.1)
    assert quality.drop("hamming_loss", 0.3, 0.2) == pytest.approx(0.1)
    assert quality.drop("mae", 2.2, 2.0) == pytest.approx(0.1)  # a share
    assert quality.drop("auc", 0.91, 0.9) == pytest.approx(-0.01)
