"""Thresholds per label: the best by brute force, and what each criterion prefers."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from components.trainer.thresholds import choose

RNG = np.random.default_rng(0)
TRUTH = (RNG.random((400, 3)) < [0.5, 0.1, 0.9]).astype(np.float32)
SCORES = np.clip(0.45 * TRUTH + 0.55 * RNG.random((400, 3)) * [1.0, 1.4, 0.8], 0, 1)


def _value(criterion: str, scores: Any, truth: Any, bound: float) -> float:
    chosen = scores > bound
    if criterion == "hamming":
        return float(np.mean(chosen == truth))
    return float(f1_score(truth, chosen, zero_division=0))


@pytest.mark.parametrize("criterion", ["hamming", "f1"])
def test_no_other_threshold_is_better(criterion: Any) -> None:
    bounds = choose(SCORES, TRUTH, criterion)
    assert bounds.shape == (3,)
    for label, bound in enumerate(bounds):
        column = SCORES[:, label], TRUTH[:, label]
        best = max(_value(criterion, *column, at) for at in np.linspace(0.05, 0.95, 91))
        assert _value(criterion, *column, float(bound)) == pytest.approx(best, abs=0.003)


def test_among_equals_the_one_nearest_to_a_half() -> None:
    scores, truth = np.array([[0.1], [0.9]]), np.array([[0.0], [1.0]])
    assert choose(scores, truth, "hamming") == pytest.approx([0.5])


def test_f1_finds_more_of_a_rare_label() -> None:
    truth = np.repeat([[1.0], [0.0]], [100, 900], axis=0)
    probable = np.concatenate([RNG.beta(3, 6, 100), RNG.beta(1.5, 9, 900)])
    scores = probable[:, None]
    assert choose(scores, truth, "f1")[0] < choose(scores, truth, "hamming")[0]
