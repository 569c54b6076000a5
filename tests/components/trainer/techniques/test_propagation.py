"""Labels that spread: against the closed form, along two moons, and to nobody who is not connected."""

import numpy as np
import pytest

from components.trainer.techniques.propagation import graph, spread


def _moons(count: int, noise: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import make_moons

    rows, truth = make_moons(count, noise=noise, random_state=0)
    return rows, truth


def test_the_graph_is_the_same_from_both_sides() -> None:
    rows, _ = _moons(60)
    weights = graph(rows, 5).toarray()
    far = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    nearest = np.argsort(far, axis=1)[:, 1:6]
    near = np.zeros((60, 60), bool)
    near[np.arange(60)[:, None], nearest] = True
    scale = far[near].mean()
    expected = np.where(near | near.T, np.exp(-((far / scale) ** 2)), 0.0)
    np.testing.assert_allclose(weights, expected, atol=1e-9)


def test_it_is_the_closed_form() -> None:
    """F = (1 - a) (1 - a S)^-1 Y with S = D^-1/2 W D^-1/2 (Zhou et al. 2004, section 3)."""
    rows, truth = _moons(80)
    known, others = np.arange(0, 80, 8), np.setdiff1d(np.arange(80), np.arange(0, 80, 8))
    order = np.concatenate([known, others])
    weights = graph(rows[order].astype(np.float64), 6).toarray()
    root = 1 / np.sqrt(weights.sum(axis=1))
    start = np.zeros((80, 2))
    start[np.arange(len(known)), truth[known]] = 1
    near = root[:, None] * weights * root
    settled = np.linalg.solve(np.eye(80) - 0.9 * near, 0.1 * start)[len(known) :]
    expected = settled / settled.sum(axis=1, keepdims=True)
    found = spread(rows[known], truth[known], rows[others], 2, 6)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_labels_go_round_the_moons() -> None:
    """Two labels each, at places that a straight line through the middle gets wrong."""
    from sklearn.linear_model import LogisticRegression

    rows, truth = _moons(400)
    known = np.concatenate([np.flatnonzero(truth == number)[:2] for number in (0, 1)])
    others = np.setdiff1d(np.arange(400), known)
    found = spread(rows[known], truth[known], rows[others], 2, 8)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    line = LogisticRegression().fit(rows[known], truth[known]).predict(rows[others])
    assert (line == truth[others]).mean() < 0.92
    assert (found.argmax(axis=1) == truth[others]).mean() > 0.97


def test_who_is_not_connected_has_no_label() -> None:
    island = np.array([[50.0, 50.0], [50.1, 50.0], [50.0, 50.1]])
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [0.1, 0.1]])
    found = spread(rows[:2], np.array([2, 2]), np.concatenate([rows[2:], island]), 4, 2)
    np.testing.assert_allclose(found[:2], [[0, 0, 1, 0]] * 2)
    np.testing.assert_array_equal(found[2:], 0)


@pytest.mark.parametrize("neighbours", [1, 500])
def test_few_rows_and_many_neighbours(neighbours: int) -> None:
    rows, truth = _moons(30)
    found = spread(rows[:10], truth[:10], rows[10:], 2, neighbours)
    assert found.shape == (20, 2) and np.isfinite(found).all()
