"""Curves: exact while small, bounded when large, the same however the rows were parted."""

import itertools

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator.ranks import Curve, limit

RANDOM = np.random.default_rng(2)
ROWS = 60_000
POSITIVE = RANDOM.random(ROWS) < 0.2
WEIGHTS = RANDOM.random(ROWS)
SHAPES = {
    "spread": np.clip(RANDOM.normal(0.4 + 0.1 * POSITIVE, 0.15), 0, 1),
    "near one": 1 - np.clip(RANDOM.normal(2e-3 - 5e-4 * POSITIVE, 1e-3), 0, 1),
    "bunched": 0.3 + 1e-6 * RANDOM.normal(POSITIVE, 2.0),
    "rare and tiny": np.exp(RANDOM.normal(-12 + POSITIVE, 3.0)),
    "float32": RANDOM.beta(0.5 + POSITIVE, 3).astype(np.float32).astype(float),
    "below zero": RANDOM.normal(POSITIVE, 2.0),
    "two values": np.where(RANDOM.random(ROWS) < 0.3 + 0.3 * POSITIVE, 0.7, 0.2),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("most", [1 << 17, 1 << 13])
def test_a_bounded_curve_is_right_and_says_how_right(shape: str, weighted: bool, most: int) -> None:
    scores = SHAPES[shape]
    weights = WEIGHTS if weighted else np.ones(ROWS)
    curve = Curve(most)
    for part in np.array_split(np.arange(ROWS), 7):
        curve.add(scores[part], POSITIVE[part], weights[part])
    assert len(curve.steps()[0]) <= most
    auc = sk.roc_auc_score(POSITIVE, scores, sample_weight=weights)
    precision = sk.average_precision_score(POSITIVE, scores, sample_weight=weights)
    if len(np.unique(scores)) <= most:
        assert curve.error_bound() == 0
        assert curve.value("auc") == pytest.approx(auc, rel=1e-9)
        assert curve.value("auc_pr") == pytest.approx(precision, rel=1e-9)
    else:
        assert 0 < abs(curve.value("auc") - auc) < curve.error_bound() < 1e-3
        assert curve.value("auc") == pytest.approx(auc, rel=2e-5)
        assert curve.value("auc_pr") == pytest.approx(precision, rel=2e-4)


def test_parts_merge_to_the_same_curve_in_any_order() -> None:
    scores, weights = SHAPES["spread"], np.ones(ROWS)
    places = np.array_split(RANDOM.permutation(ROWS), [10, 5_000, 30_000])
    found = []
    for order in itertools.permutations(range(4), 4):
        whole = Curve(1 << 10)
        for number in order:
            part = Curve(1 << 10)
            part.add(scores[places[number]], POSITIVE[places[number]], weights[places[number]])
            whole.merge(part)
        found.append(np.stack(whole.steps()))
    assert all(np.array_equal(found[0], other) for other in found)


def test_the_limit_is_shared_by_the_classes() -> None:
    assert limit(1) == 1 << 17 and limit(10) * 10 <= 1 << 19 and limit(1000) == 1 << 12


def test_both_zeros_are_one_score() -> None:
    curve = Curve()
    curve.add(np.array([0.0, -0.0]), np.array([True, False]), np.ones(2))
    assert len(curve.steps()[0]) == 1 and curve.value("auc") == 0.5


def test_no_rows_no_area() -> None:
    assert np.isnan(Curve().value("auc")) and Curve().error_bound() == 0
