"""Noise that stays within its column, and a loss held against NumPy."""

from typing import Any

import numpy as np
import pytest

ROWS = 4000


def _inputs() -> Any:
    from components.trainer.inputs import InputKind, ModelInput

    return (
        ModelInput("a", InputKind.NUMBERS, 2),
        ModelInput("c", InputKind.CATEGORY, 5),
        ModelInput("z", InputKind.NUMBERS, 1),
    )


def _features(rows: int = ROWS) -> dict[str, Any]:
    """Every row is another: which row a value is from can be told by it."""
    import tensorflow as tf

    order = np.arange(rows, dtype=np.float32)
    return {
        "a": tf.constant(np.stack([order, order + 10_000], axis=1)),
        "c": tf.constant(np.arange(rows) % 5, tf.int64),
        "z": tf.constant(order[:, None] * 2),
    }


def test_a_share_of_the_values_is_that_of_other_rows() -> None:
    from components.trainer.columns.denoising import spoiler

    features = _features()
    spoiled = spoiler(_inputs(), 0.3, seed=1)(np.int64(0), features)
    changed = {n: (spoiled[n].numpy() != features[n].numpy()).reshape(ROWS, -1) for n in features}
    np.testing.assert_array_equal(changed["a"][:, 0], changed["a"][:, 1])  # together
    pairs = spoiled["a"].numpy()
    np.testing.assert_array_equal(pairs[:, 1] - pairs[:, 0], np.full(ROWS, 10_000.0))
    assert changed["a"][:, 0].mean() == pytest.approx(0.3, abs=0.03)
    assert changed["z"].mean() == pytest.approx(0.3, abs=0.03)
    assert changed["c"].mean() == pytest.approx(0.3 * 0.8, abs=0.03)  # a fifth finds its own value
    both = (changed["a"][:, 0] & changed["z"][:, 0]).mean()
    assert both == pytest.approx(0.09, abs=0.02)  # each column for itself
    assert set(pairs[:, 0]) <= set(features["a"].numpy()[:, 0])


def test_the_same_batch_is_spoiled_the_same_and_another_is_not() -> None:
    from components.trainer.columns.denoising import spoiler

    spoil, features = spoiler(_inputs(), 0.3, seed=1), _features()
    first = spoil(np.int64(3), features)["a"].numpy()
    np.testing.assert_array_equal(first, spoil(np.int64(3), features)["a"].numpy())
    assert (first != spoil(np.int64(4), features)["a"].numpy()).mean() > 0.2
    assert (first != spoiler(_inputs(), 0.3, seed=2)(np.int64(3), features)["a"].numpy()).any()


def test_the_loss_is_that_of_numpy() -> None:
    from components.trainer.columns.denoising import Reconstruction, guesses, truth

    inputs, features = _inputs(), _features(7)
    rng = np.random.default_rng(0)
    deviation = np.array([2.0, 3.0, 0.5])
    guess = rng.normal(size=(7, guesses(inputs))).astype(np.float32)
    found = Reconstruction(inputs, deviation).call(truth(features, inputs), guess).numpy()

    a, c, z = (features[name].numpy() for name in "acz")
    of_a = (((a - guess[:, :2]) / deviation[:2]) ** 2).mean(axis=1)
    logits = guess[:, 2:7]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    of_c = -np.log(chances[np.arange(7), c]) / np.log(5)
    of_z = ((z[:, 0] - guess[:, 7]) / deviation[2]) ** 2
    np.testing.assert_allclose(found, (of_a + of_c + of_z) / 3, rtol=1e-5)


def test_who_knows_nothing_is_at_1() -> None:
    from components.trainer.columns.denoising import Reconstruction, truth

    inputs, features = _inputs(), _features()
    numbers = np.concatenate([features["a"].numpy(), features["z"].numpy()], axis=1)
    middle = numbers.mean(axis=0)
    guess = np.zeros((ROWS, 8), np.float32)
    guess[:, :2], guess[:, 7] = middle[:2], middle[2]
    loss = Reconstruction(inputs, numbers.std(axis=0)).call(truth(features, inputs), guess).numpy()
    assert loss.mean() == pytest.approx(1.0, rel=1e-3)
