"""The training loop on small made-up activations: it learns, weighs, mirrors, scales, repeats."""

from typing import Any

import keras
import numpy as np
import pytest

from components.trainer.heads import HEADS
from components.trainer.precision import policy_scope
from components.trainer.transfer.activations import Activations
from components.trainer.transfer.best import Best
from components.trainer.transfer.phase import Phase
from components.trainer.transfer.phases import freeze_normalisation, measuring, train
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task

TASK = HEADS[Task.MULTICLASS]


def _rows(count: int = 70, seed: int = 0, **other: Any) -> Activations:
    """Two classes, apart along the first of three features."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count).astype(np.int32)
    features = rng.normal(size=(count, 3)).astype(np.float32)
    features[:, 0] += 4 * labels - 2
    values = {"plain": features, "mirrored": None, "labels": labels, "weights": None, **other}
    return Activations(**values)


def _dense(units: int = 2) -> keras.layers.Dense:
    dense = keras.layers.Dense(units, kernel_initializer="zeros")
    dense.build((None, 3))
    return dense


def _train(
    dense: keras.layers.Dense,
    rows: Activations,
    evaluation: Activations | None = None,
    seed: int = 0,
    **other: Any,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    settings = {"epochs": 4, "rate": 0.05, "batch_size": 16, **other}
    phase = Phase("head", lambda x, training: dense(x), dense.trainable_variables, **settings)
    best = Best(phase.variables, "accuracy")
    history = train(
        phase,
        rows,
        evaluation or _rows(seed=1),
        TASK,
        best,
        np.random.default_rng(seed),
        Throttle(events.append, seconds=0),
    )
    return history, events


def test_it_learns_and_its_numbers_are_right() -> None:
    dense, evaluation = _dense(), _rows(seed=1)
    history, events = _train(dense, _rows(), evaluation)
    logits = evaluation.plain @ dense.kernel.numpy() + dense.bias.numpy()
    accuracy = np.mean(logits.argmax(1) == evaluation.labels)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(70), evaluation.labels]
    assert history[-1]["eval_accuracy"] == pytest.approx(accuracy)
    assert history[-1]["eval_loss"] == pytest.approx(losses.mean(), rel=1e-4)
    assert accuracy > 0.9
    assert [epoch["epoch"] for epoch in history] == [1, 2, 3, 4]
    assert history[0]["loss"] > history[-1]["loss"]
    steps = [event for event in events if "eval_loss" not in event]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5] * 4  # 70 rows by 16
    assert {event["steps"] for event in events} == {5}
    last = [event for event in events if "eval_loss" in event]
    assert [event["eval_accuracy"] for event in last] == [h["eval_accuracy"] for h in history]


def test_the_first_loss_is_that_of_equal_chances() -> None:
    history, events = _train(_dense(), _rows(), rate=1e-12, epochs=1)
    assert history[0]["loss"] == pytest.approx(np.log(2), rel=1e-5)
    assert events[-1]["loss"] == pytest.approx(np.log(2), rel=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    kernels = []
    for seed in (5, 5, 6):
        dense = _dense()
        _train(dense, _rows(), seed=seed)
        kernels.append(dense.kernel.numpy())
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_rows_of_weight_zero_teach_nothing() -> None:
    """Half of the rows have the wrong label and no weight: the rest decides."""
    rows = _rows(200)
    wrong = np.arange(200) % 2 == 0
    labels = np.where(wrong, 1 - rows.labels, rows.labels).astype(np.int32)
    weights = np.where(wrong, 0.0, 2.0).astype(np.float32)
    spoilt, _ = _train(_dense(), _rows(200, labels=labels), epochs=6)
    weighed, _ = _train(_dense(), _rows(200, labels=labels, weights=weights), epochs=6)
    assert weighed[-1]["eval_accuracy"] > 0.9
    assert weighed[-1]["eval_accuracy"] > spoilt[-1]["eval_accuracy"] + 0.2


def test_mirror_images_are_drawn_half_of_the_time() -> None:
    """The mirror images alone carry the class, in a feature the plain ones have at zero."""
    rows = _rows(300)
    plain = np.zeros_like(rows.plain)
    history, _ = _train(_dense(), _rows(300, plain=plain, mirrored=rows.plain), epochs=6)
    assert history[-1]["eval_accuracy"] > 0.9
    # Plain rows cannot be told apart: their share of the loss stays at log 2.
    assert history[-1]["loss"] == pytest.approx(np.log(2) / 2, abs=0.12)


def test_one_trace_for_training_and_one_for_measuring_whatever_the_batch() -> None:
    dense, traces = _dense(), []

    def forward(x: Any, training: bool) -> Any:
        traces.append(training)
        return dense(x)

    phase = Phase("head", forward, dense.trainable_variables, 3, 0.01, batch_size=16)
    best = Best(phase.variables, "accuracy")
    quiet = Throttle(lambda event: None)
    train(phase, _rows(70), _rows(300, 1), TASK, best, np.random.default_rng(0), quiet)
    assert traces == [True, False]


def test_a_loss_that_is_no_number_stops_with_the_batch() -> None:
    rows = _rows()
    order = np.random.default_rng(0).permutation(70)
    rows.plain[order[40]] = np.inf  # batches of 16: the third
    with pytest.raises(FloatingPointError, match=r"phase head, epoch 1, batch 3: lower"):
        _train(_dense(), rows)


@pytest.mark.parametrize("scaling", [False, True])
def test_loss_scaling_keeps_small_float16_gradients(scaling: bool) -> None:
    """Gradients near 1e-9 are zero in float16; scaled by 2**15 they are not."""
    with policy_scope("mixed_float16"):
        layer = keras.layers.Dense(2, kernel_initializer="zeros")
        layer.build((None, 3))

    def forward(x: Any, training: bool) -> Any:
        return keras.ops.cast(layer(x), "float32") * 1e-8

    phase = Phase("tiny", forward, layer.trainable_variables, 2, 0.01, 16, loss_scaling=scaling)
    best, rng = Best(phase.variables, "accuracy"), np.random.default_rng(0)
    train(phase, _rows(), _rows(), TASK, best, rng, Throttle(lambda event: None))
    assert bool(np.any(layer.kernel.numpy())) is scaling


def test_measuring_counts_every_row_once() -> None:
    rows = _rows(300)  # more than one batch, the last one shorter
    dense = _dense()
    dense.kernel.assign([[0, 1], [0, 0], [0, 0]])
    measured = measuring(lambda x, training: dense(x), rows, TASK)()
    expected = np.mean((rows.plain[:, 0] > 0) == rows.labels)
    assert measured["eval_accuracy"] == pytest.approx(expected)


def test_frozen_normalisation_is_found_at_any_depth() -> None:
    inner = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]
    )
    entry = keras.Input((3,))
    network = keras.Model(entry, keras.layers.BatchNormalization()(inner(entry)))
    freeze_normalisation(network)
    assert [variable.path.split("/")[-1] for variable in network.trainable_variables] == [
        "kernel",
        "bias",
    ]
    before = [w.numpy() for w in network.non_trainable_variables]
    network(np.random.default_rng(0).normal(size=(64, 3)) * 9, training=True)
    for variable, value in zip(network.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
