"""Learning rates over time, gradients that are cut, and the optimizer they make."""

from typing import Any

import numpy as np
import pytest

from components.trainer.techniques.optimizing import Optimizing


def _rates(steps: int = 100, **settings: Any) -> list[float]:
    import keras

    rate = Optimizing(**settings).rate(0.5, steps)
    return [
        float(keras.ops.convert_to_numpy(rate(n) if callable(rate) else rate)) for n in range(101)
    ]


@pytest.mark.parametrize(
    ("schedule", "middle", "end"),
    [
        ("cosine", 0.25, 0.0),
        ("linear", 0.25, 0.0),
        ("exponential", 0.05, 0.005),
        ("constant", 0.5, 0.5),
    ],
)
def test_schedules(schedule: str, middle: float, end: float) -> None:
    rates = _rates(schedule=schedule)
    assert rates[0] == pytest.approx(0.5)
    assert rates[50] == pytest.approx(middle, rel=1e-5)
    assert rates[100] == pytest.approx(end, abs=1e-6)


def test_warm_up_rises_in_a_line_then_the_schedule_takes_its_whole_course() -> None:
    rates = _rates(schedule="linear", warmup=0.2)
    np.testing.assert_allclose(rates[:20], 0.5 * np.arange(1, 21) / 20, rtol=1e-6)
    assert rates[60] == pytest.approx(0.25)
    assert rates[100] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("loss_scaling", [False, True])
def test_long_gradients_are_cut_to_the_norm_and_short_ones_left(loss_scaling: bool) -> None:
    """Over all weights together; a scaled loss's gradients are judged by their real length."""
    import keras
    import tensorflow as tf

    one, two = keras.Variable([0.0, 0.0]), keras.Variable([0.0])
    optimizer = Optimizing("constant", clip_norm=1.0).optimizer(0.1, 10, loss_scaling)
    optimizer.build([one, two])
    inner = optimizer.inner_optimizer if loss_scaling else optimizer
    scale = float(keras.ops.convert_to_numpy(optimizer.scale_loss(1.0)))
    assert (scale > 1) is loss_scaling
    optimizer.apply([tf.constant([3.0, 0.0]) * scale, tf.constant([4.0]) * scale], [one, two])
    # Adam's first moment after one step is a tenth of the gradient it was given.
    moments = [v.numpy() for v in inner.variables if "momentum" in v.path]
    np.testing.assert_allclose(np.concatenate(moments), [0.06, 0.0, 0.08], rtol=1e-4)
    optimizer.apply([tf.constant([0.03, 0.0]) * scale, tf.constant([0.04]) * scale], [one, two])
    moments = [v.numpy() for v in inner.variables if "momentum" in v.path]
    np.testing.assert_allclose(np.concatenate(moments), [0.057, 0.0, 0.076], rtol=1e-4)
