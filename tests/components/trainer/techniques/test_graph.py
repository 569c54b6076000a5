"""A training step is traced once, whatever the epochs and the last batch; XLA learns the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def _counted(patch: pytest.MonkeyPatch, owner: Any, name: str) -> list[int]:
    """Counts the calls of a Python function, which inside a tf.function happen only while tracing."""
    calls: list[int] = []
    original = getattr(owner, name)

    def count(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        return original(*arguments, **named)

    patch.setattr(owner, name, count)
    return calls


COLUMNS: dict[str, type] = {"x": float, "y": float}


def _column_rows() -> list[dict[str, Any]]:
    x = np.random.default_rng(0).normal(size=130)
    return [{"x": float(value), "y": float(3 * value + 1)} for value in x]


def _fit_columns(train: Callable[..., Any], **settings: Any) -> Any:
    settings = {"hidden": [8], "batch_size": 16, "epochs": 3, "dropout": 0.0, **settings}
    return train(COLUMNS, _column_rows(), "y", "regression", [], {"x": "zscore"}, settings)


@pytest.mark.parametrize("together", [1, 10])
def test_columns_trace_one_training_step(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """130 rows in batches of 16, three epochs."""
    import keras

    calls = _counted(monkeypatch, keras.Model, "train_step")
    trained = _fit_columns(train, steps_per_execution=together)
    per_epoch = 9 if together == 1 else 10
    assert [entry["steps"] for entry in trained.history["epochs"]] == [
        per_epoch * epoch for epoch in (1, 2, 3)
    ]
    assert len(calls) == 1


def test_columns_learn_the_same_by_xla(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    calls = _counted(monkeypatch, keras.Model, "train_step")
    plain, compiled = _fit_columns(train), _fit_columns(train, jit_compile=True)
    assert len(calls) == 2  # one each
    assert compiled.kept["model"].jit_compile and not plain.kept["model"].jit_compile
    for one, two in zip(plain.kept["model"].weights, compiled.kept["model"].weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("jit", [False, True])
def test_a_phase_traces_one_step_and_one_measure(jit: bool) -> None:
    """70 rows in batches of 16: the last of each epoch has 6. Two phases alike learn the same."""
    plain, _ = _phase(False)
    found, traces = _phase(jit)
    assert traces == {True: 1, False: 1}
    for one, two in zip(plain, found, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def _phase(jit: bool) -> tuple[list[Any], dict[bool, int]]:
    import keras

    from components.trainer.heads import HEADS
    from components.trainer.techniques.run import TrainingRun
    from components.trainer.transfer.activations import Activations
    from components.trainer.transfer.best import Best
    from components.trainer.transfer.phase import Phase
    from components.trainer.transfer.phases import train
    from components.trainer.transfer.throttle import Throttle
    from data.tasks import Task

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 70).astype(np.int32)
    rows = Activations(
        (rng.normal(size=(70, 3)) + labels[:, None]).astype(np.float32), None, labels, None
    )
    head = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
        ]
    )
    traces = {True: 0, False: 0}

    def forward(x: Any, training: bool) -> Any:
        traces[training] += 1
        return head(x, training=training)

    run = TrainingRun(jit_compile=jit)
    phase = Phase("head", forward, head.trainable_variables, 3, 0.05, 16, run=run)
    task = HEADS[Task.MULTICLASS]
    best = Best(head.trainable_variables, "accuracy")
    train(phase, rows, rows, task, best, np.random.default_rng(1), Throttle(lambda event: None))
    return [variable.numpy() for variable in head.trainable_variables], traces


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_sequences_of_every_length_trace_one_training_step(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, jit: bool
) -> None:
    import keras

    calls = _counted(monkeypatch, keras.Model, "train_step")
    rows = [
        {"t": "ab"[n % 2] * (1 + n % 5), "y": " ".join("XY"[n % 2] * (1 + n % 5))}
        for n in range(44)
    ]
    sequence = {"width": 8, "layers": 1, "epochs": 2, "batch_size": 8, "longest_source": 6}
    settings = {"sequence": {**sequence, "longest_answer": 6}, "jit_compile": jit}
    columns: dict[str, type] = {"t": str, "y": str}
    trained = train(columns, rows, "y", "sequence", [], {"t": "text"}, settings)
    assert [entry["steps"] for entry in trained.history["epochs"]] == [6, 12]
    assert len(calls) == 1
    assert trained.kept["model"].jit_compile is jit
