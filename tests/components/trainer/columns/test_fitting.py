"""Fitting: exactly so many steps, the best epoch kept, trouble named, progress written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.config import TrainSection
from data.tasks import Task


class _Rows:
    """A split of made-up rows, with ExampleFiles' face."""

    def __init__(self, labels: Any, seed: int = 0) -> None:
        self.labels = np.asarray(labels, np.float32)
        self.rows = len(labels)
        self.weights = None
        self._x = np.random.default_rng(seed).normal(size=(self.rows, 2)).astype(np.float32)

    def _dataset(self) -> Any:
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices(({"x": self._x}, self.labels))

    def batches(self, size: int) -> Any:
        return self._dataset().batch(size)

    def shuffled(self, size: int, seed: int, skip: int = 0) -> Any:
        order = self._dataset().shuffle(self.rows, seed=seed).repeat()
        return order.batch(size, drop_remainder=True).skip(skip)


def _fit(train: Any = None, **settings: Any) -> tuple[Any, list[dict[str, Any]]]:
    import keras

    from components.trainer.columns.building import build_model
    from components.trainer.columns.fitting import fit
    from components.trainer.inputs import InputKind, ModelInput
    from components.trainer.spec import Spec
    from components.trainer.target import target
    from components.trainer.techniques.optimizing import Optimizing
    from components.trainer.techniques.run import TrainingRun

    keras.utils.set_random_seed(0)
    train = train or _Rows([0, 1] * 50)
    section = TrainSection(hidden=(4,), **settings)
    known = target(train.labels, Task.REGRESSION, [])
    run = TrainingRun(Optimizing.of(section))
    entry = ModelInput("x", InputKind.NUMBERS, 2)
    spec = Spec((entry,), Task.REGRESSION, (), known, section, run)
    model = build_model(spec)
    return model, fit(model, spec, train, _Rows([0, 1] * 10, seed=1))


@pytest.mark.parametrize(
    ("settings", "steps", "epochs"),
    [
        ({"steps": 37, "batch_size": 10}, 37, 4),  # 10 an epoch, and 7 more
        ({"steps": 30, "batch_size": 7}, 30, 2),  # 15 an epoch, rounded up to 20
        ({"steps": 3, "batch_size": 10}, 3, 1),
        ({"epochs": 2, "batch_size": 25}, 20, 2),  # 4 an epoch, rounded up to 10
        ({"steps": 5, "batch_size": 1000}, 5, 5),  # no batch is larger than the data
    ],
)
def test_exactly_so_many_steps(settings: dict[str, Any], steps: int, epochs: int) -> None:
    model, history = _fit(patience=100, **settings)
    assert int(model.optimizer.iterations) == steps
    assert history[-1]["steps"] == steps
    assert len(history) == epochs


def test_the_best_epoch_is_kept() -> None:
    """Labels are noise: eval gets worse, training stops early, the weights are the best epoch's."""
    noise = _Rows(np.random.default_rng(2).normal(size=100))
    model, history = _fit(
        noise,
        epochs=50,
        batch_size=10,
        learning_rate=0.1,
        patience=2,
        schedule="constant",
    )
    losses = [epoch["eval_loss"] for epoch in history]
    assert len(history) < 50
    assert losses[-1] > min(losses)
    flags = [epoch["best"] for epoch in history]
    assert max(i for i, best in enumerate(flags) if best) == int(np.argmin(losses))
    evaluated = model.evaluate(
        _Rows([0, 1] * 10, seed=1).batches(1024), verbose=0, return_dict=True
    )
    assert evaluated["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_a_loss_that_is_no_number_stops_and_the_batch_is_named() -> None:
    rows = _Rows([0, 1] * 50)
    rows._x[3, 0] = np.inf
    [(number, row)] = [
        (number, list(np.flatnonzero(np.isinf(x["x"].numpy()[:, 0]))))
        for number, (x, _) in enumerate(rows.shuffled(10, 0).take(10), 1)
        if np.isinf(x["x"].numpy()).any()
    ]
    with pytest.raises(FloatingPointError) as caught:
        _fit(rows, epochs=3, batch_size=10)
    assert "in steps 1 to 10 (epoch 1)" in str(caught.value)
    assert f"batch {number} has no finite number in x (rows {row[0]} of the batch)" in str(
        caught.value
    )


def test_a_learning_rate_that_is_too_high_is_told_apart_from_bad_data() -> None:
    with pytest.raises(FloatingPointError, match=r"every value .* is finite: lower the learning"):
        _fit(epochs=3, batch_size=10, learning_rate=1e38)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    first, again, other = (
        _fit(steps=30, batch_size=10, dropout=0.3, seed=seed)[0].get_weights() for seed in (1, 1, 2)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(not np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_balancing_a_regression_is_refused() -> None:
    with pytest.raises(ValueError, match=r"train\.balance_classes needs classes"):
        _fit(balance_classes=True)


def test_progress_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "progress.jsonl"
    monkeypatch.setenv("PIPELINE_PROGRESS", str(file))
    _fit(steps=15, batch_size=10)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    last = events[-1]
    assert (last["epoch"], last["of"], last["step"], last["steps"]) == (2, 2, 5, 10)
    assert last["rows_per_second"] > 0
    assert {"loss", "eval_loss", "mae", "eval_mae"} <= set(last)


@pytest.mark.parametrize(("decay", "optimizer"), [(0.0, "Adam"), (0.01, "AdamW")])
def test_weight_decay(decay: float, optimizer: str) -> None:
    model, _ = _fit(steps=2, weight_decay=decay)
    assert type(model.optimizer).__name__ == optimizer


def test_cosine_ends_at_zero() -> None:
    model, _ = _fit(steps=20, batch_size=10, learning_rate=0.5)
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)
