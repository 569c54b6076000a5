"""Painted squares and their error, against NumPy."""

import numpy as np
import pytest

from components.trainer.pictures.masking import SQUARES, MaskedError, masker

MEAN = np.array([0.25, -0.5, 1.0])


def _pixels(rows: int, size: int = 21) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, size, size, 3)).astype(np.float32)


def test_whole_squares_are_painted_in_the_mean_colour() -> None:
    pixels = _pixels(40)
    seen, truth = masker(21, 0.4, False, MEAN, seed=3)(0, pixels)
    mask = truth.numpy()[..., 3]
    np.testing.assert_array_equal(truth.numpy()[..., :3], pixels)
    assert set(np.unique(mask)) == {0.0, 1.0}
    squares = mask.reshape(40, SQUARES, 3, SQUARES, 3)  # 21 pixels: squares of 3
    assert (squares.std(axis=(2, 4)) == 0).all()
    assert mask.mean() == pytest.approx(0.4, abs=0.05)
    hidden = mask[..., np.newaxis] > 0
    expected = np.where(hidden, MEAN.astype(np.float32), pixels)
    np.testing.assert_allclose(seen.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_the_same_number_paints_the_same_and_another_does_not() -> None:
    pixels = _pixels(8)
    mask = masker(21, 0.5, False, MEAN, seed=3)
    first, again, other = (mask(number, pixels)[1].numpy()[..., 3] for number in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_about_half_are_turned_where_asked() -> None:
    pixels = _pixels(60)
    truth = masker(21, 0.5, True, MEAN, seed=0)(0, pixels)[1].numpy()[..., :3]
    turned = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(truth, pixels, strict=True)])
    plain = np.array([np.array_equal(a, b) for a, b in zip(truth, pixels, strict=True)])
    assert (turned ^ plain).all() and 15 < turned.sum() < 45


def test_the_error_is_that_of_painted_pixels_in_variances() -> None:
    rng = np.random.default_rng(1)
    pixels, guess = _pixels(5), _pixels(5) + rng.normal(size=(5, 21, 21, 3)).astype(np.float32)
    mask = (rng.random((5, 21, 21, 1)) < 0.3).astype(np.float32)
    mask[2] = 0  # nothing painted
    found = MaskedError(2.5)(np.concatenate([pixels, mask], axis=3), guess)
    per_picture = [
        ((p - g)[m[..., 0] > 0] ** 2).mean() / 2.5 if m.any() else 0.0
        for p, g, m in zip(pixels, guess, mask, strict=True)
    ]
    assert float(found) == pytest.approx(np.mean(per_picture), rel=1e-5)


def test_the_mean_colour_has_an_error_of_one() -> None:
    pixels = np.random.default_rng(2).normal(MEAN, 1.5, (200, 21, 21, 3)).astype(np.float32)
    _, truth = masker(21, 0.5, False, MEAN, seed=0)(0, pixels)
    guess = np.broadcast_to(MEAN.astype(np.float32), pixels.shape)
    assert float(MaskedError(1.5**2)(truth, guess)) == pytest.approx(1.0, abs=0.02)
