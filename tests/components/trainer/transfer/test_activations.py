"""Kept activations: complete, in order, mirrored right, in memory or on disk with equal values."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.trainer.pictures.decoding import decode
from components.trainer.transfer.activations import (
    Activations,
    Shelf,
    compute_activations,
    pool_activations,
)
from components.trainer.transfer.batches import Rows
from components.trainer.transfer.throttle import Throttle

COUNT = 21


@pytest.fixture(scope="module")
def rows() -> Rows:
    """21 small pictures of noise in batches of 8, the last one shorter."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(COUNT):
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(file, "PNG")
        pictures.append(file.getvalue())
    return Rows(pictures, np.arange(COUNT), np.linspace(0.1, 1, COUNT), batch_size=8)


def _pixels(rows: Rows) -> np.ndarray:
    return decode(tf.constant(rows.pictures), 8).numpy()


def _compute(
    rows: Any,
    shelf: Shelf,
    mirror: bool = True,
    frozen: Callable[[Any], Any] = lambda pixels: pixels / 255,
    receiver: Callable[[dict[str, Any]], None] = lambda event: None,
) -> Activations:
    progress = Throttle(receiver, seconds=0)
    return compute_activations(rows, frozen, lambda e: decode(e, 8), mirror, shelf, progress)


def test_every_picture_in_order_with_its_mirror_image(rows: Rows) -> None:
    kept = _compute(rows, Shelf(100))
    expected = _pixels(rows) / 255
    np.testing.assert_allclose(kept.plain, expected, atol=1e-6)
    assert kept.mirrored is not None
    np.testing.assert_allclose(kept.mirrored, expected[:, :, ::-1], atol=1e-6)
    np.testing.assert_array_equal(kept.labels, rows.labels)
    np.testing.assert_allclose(kept.weights, rows.weights, rtol=1e-6)


def test_the_mirror_is_of_the_picture_not_of_the_map(rows: Rows) -> None:
    ramp = tf.reshape(tf.range(8, dtype=tf.float32), (1, 1, 8, 1))
    kept = _compute(rows, Shelf(100), frozen=lambda pixels: pixels * ramp)
    expected = _pixels(rows)[:, :, ::-1] * ramp.numpy()
    np.testing.assert_allclose(kept.mirrored, expected, rtol=1e-5)


def test_without_mirror_images_half_is_kept(rows: Rows) -> None:
    kept = _compute(rows, Shelf(100), mirror=False)
    assert kept.mirrored is None
    everything = np.arange(COUNT)
    np.testing.assert_array_equal(kept.take(everything, everything > 3), kept.plain)


def test_take_mixes_plain_and_mirrored_and_gives_copies(rows: Rows) -> None:
    kept = _compute(rows, Shelf(100))
    chosen, flip = np.array([20, 3, 3]), np.array([True, False, True])
    taken = kept.take(chosen, flip)
    np.testing.assert_array_equal(taken[0], kept.mirrored[20])
    np.testing.assert_array_equal(taken[1], kept.plain[3])
    np.testing.assert_array_equal(taken[2], kept.mirrored[3])
    taken[:] = -1
    assert kept.plain.min() >= 0


def test_beyond_the_budget_they_lie_on_disk_with_equal_values(rows: Rows, tmp_path: Path) -> None:
    memory, disk = Shelf(100), Shelf(0, tmp_path)
    first, second = _compute(rows, memory), _compute(rows, disk)
    assert (memory.on_disk, disk.on_disk) == (0, 2 * first.plain.nbytes)
    assert isinstance(second.plain, np.memmap)
    np.testing.assert_array_equal(second.plain, first.plain)
    np.testing.assert_array_equal(second.mirrored, first.mirrored)
    chosen = np.array([5, 1])
    np.testing.assert_array_equal(second.take(chosen), first.take(chosen))
    assert os.listdir(tmp_path) == []  # the files have no names: nothing is left behind


def test_the_budget_is_shared_by_all_arrays(tmp_path: Path) -> None:
    shelf = Shelf(1, tmp_path)
    first = shelf.array((2**17,), np.float32)  # half a megabyte
    second = shelf.array((2**17,), np.float32)
    third = shelf.array((1,), np.float32)
    assert [isinstance(array, np.memmap) for array in (first, second, third)] == [0, 0, 1]


def test_a_full_disk_is_said_before_it_is_full(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"train\.image\.mirror = false"):
        Shelf(0, tmp_path).array((2**50,), np.float32)


def test_progress_counts_pictures(rows: Rows) -> None:
    events: list[dict[str, Any]] = []
    _compute(rows, Shelf(100), receiver=events.append)
    assert [event["step"] for event in events] == [8, 16, 21]
    assert {(event["phase"], event["steps"]) for event in events} == {("features", COUNT)}
    assert all(event["images_per_second"] > 0 for event in events)


def test_reduced_precision_is_kept_as_it_is(rows: Rows) -> None:
    for dtype in (tf.float16, tf.bfloat16):
        kept = _compute(rows, Shelf(0), frozen=lambda x, dtype=dtype: tf.cast(x / 255, dtype))
        assert tf.as_dtype(kept.plain.dtype) == dtype
        again = tf.constant(kept.take(np.arange(3)))
        assert again.dtype == dtype
        np.testing.assert_allclose(tf.cast(again, tf.float32), _pixels(rows)[:3] / 255, atol=1e-2)


class _Miscounted:
    def __init__(self, rows: Rows, count: int) -> None:
        self.rows, self.count = rows, count

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.rows)


@pytest.mark.parametrize("count", [0, COUNT - 1, COUNT + 1])
def test_a_wrong_count_is_refused(rows: Rows, count: int) -> None:
    with pytest.raises(ValueError, match=f"should give {count} pictures"):
        _compute(_Miscounted(rows, count), Shelf(100))


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one. Received: 0"):
        _compute(Rows([], np.zeros(0)), Shelf(100))


def test_a_broken_picture_stops_it_with_the_reason(rows: Rows) -> None:
    broken = Rows([*rows.pictures[:5], b"broken"], np.zeros(6))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        _compute(broken, Shelf(100))


def test_pooled_features_of_both_kinds(rows: Rows) -> None:
    kept = _compute(rows, Shelf(100))
    events: list[dict[str, Any]] = []
    progress = Throttle(events.append, seconds=0)
    pooled = pool_activations(
        kept, lambda maps: tf.reduce_max(maps, [1, 2]), Shelf(100), progress, batch=8
    )
    np.testing.assert_allclose(pooled.plain, kept.plain.max((1, 2)))
    np.testing.assert_allclose(pooled.mirrored, kept.mirrored.max((1, 2)))
    np.testing.assert_array_equal(pooled.labels, kept.labels)
    assert [event["step"] for event in events] == [8, 16, 21, 29, 37, 42]
