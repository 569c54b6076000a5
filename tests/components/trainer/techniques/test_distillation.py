"""The loss of a student against NumPy, for every task, with and without labels."""

from typing import Any

import numpy as np
import pytest

from components.trainer.heads import HEADS
from components.trainer.techniques.distillation import (
    Teaching,
    checked_pairs,
    hard_labels,
    taught,
)
from data.tasks import Task

ROWS, UNITS = 7, 4
T, ALPHA = 3.0, 0.7


def _softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _multiclass(target: Any, x: Any) -> Any:
    return -(target * np.log(_softmax(x))).sum(axis=1)


def _sigmoids(target: Any, x: Any) -> Any:
    p = _sigmoid(x)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean(axis=1)


def _case(task: Task) -> tuple[Any, Any, Any, Any, Any]:
    """Labels, teacher, student, and each part of the loss per row."""
    rng = np.random.default_rng(0)
    units = 1 if task in (Task.BINARY, Task.REGRESSION) else UNITS
    teacher, student = rng.normal(size=(2, ROWS, units)) * 2
    if task is Task.MULTICLASS:
        labels = rng.integers(0, UNITS, ROWS)
        hard = _multiclass(np.eye(UNITS)[labels], student)
        soft = T * T * _multiclass(_softmax(teacher / T), student / T)
        return labels[:, None], teacher, student, hard, soft
    if task is Task.REGRESSION:
        labels = rng.normal(size=(ROWS, 1))
        hard = np.square(labels - student)[:, 0]
        return labels, teacher, student, hard, np.square(teacher - student)[:, 0]
    labels = rng.integers(0, 2, (ROWS, units))
    hard = _sigmoids(labels, student)
    return labels, teacher, student, hard, T * T * _sigmoids(_sigmoid(teacher / T), student / T)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.MULTILABEL, Task.REGRESSION])
def test_the_loss_is_hinton_s(task: Task) -> None:
    import tensorflow as tf

    labels, teacher, student, hard, soft = _case(task)
    loss = taught(HEADS[task], task, teacher.shape[1], Teaching(T, ALPHA)).loss()
    labels = labels.astype(np.float32)
    outputs = tf.constant(student, tf.float32)
    pairs = np.concatenate([labels, teacher], axis=1).astype(np.float32)
    expected = (1 - ALPHA) * hard + ALPHA * soft
    np.testing.assert_allclose(loss.call(tf.constant(pairs), outputs), expected, rtol=1e-4)
    # Rows without a label learn from the teacher alone, and their gradient is a number.
    pairs[::2, : labels.shape[1]] = np.nan
    expected[::2] = soft[::2]
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = loss(tf.constant(pairs), outputs)
    assert float(value) == pytest.approx(expected.mean(), rel=1e-4)
    assert np.isfinite(tape.gradient(value, outputs).numpy()).all()
    # Evaluation has plain labels: the task's own loss.
    plain = tf.constant(labels if task is not Task.MULTICLASS else labels[:, 0])
    assert float(loss(plain, outputs)) == pytest.approx(hard.mean(), rel=1e-4)


def test_the_square_of_the_temperature_keeps_gradients_as_large_as_they_were() -> None:
    """At high T the soft part's gradient nears (student - teacher) / units: Hinton et al., eq. 4."""
    import tensorflow as tf

    _, teacher, student, _, _ = _case(Task.MULTICLASS)
    teacher -= teacher.mean(axis=1, keepdims=True)
    student -= student.mean(axis=1, keepdims=True)
    loss = taught(HEADS[Task.MULTICLASS], Task.MULTICLASS, UNITS, Teaching(100.0, 1.0)).loss()
    pairs = np.concatenate([np.zeros((ROWS, 1)), teacher], axis=1).astype(np.float32)
    outputs = tf.constant(student, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = tf.reduce_sum(loss.call(tf.constant(pairs), outputs))
    gradient = tape.gradient(value, outputs).numpy()
    np.testing.assert_allclose(gradient, (student - teacher) / UNITS, atol=0.04)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.MULTILABEL, Task.REGRESSION])
def test_metrics_are_those_of_the_rows_with_a_label(task: Task) -> None:
    labels, teacher, student, _, _ = _case(task)
    pairs = np.concatenate([labels, teacher], axis=1).astype(np.float32)
    pairs[5:, : labels.shape[1]] = np.nan
    head = taught(HEADS[task], task, teacher.shape[1], Teaching())
    for plain, ours in zip(HEADS[task].metrics(), head.metrics(), strict=True):
        plain.update_state(labels[:5], student[:5])
        ours.update_state(pairs, student)
        assert ours.name == plain.name
        assert float(ours.result()) == pytest.approx(float(plain.result()), rel=1e-5)
        ours.reset_state()
        ours.update_state(labels[:5], student[:5])
        assert float(ours.result()) == pytest.approx(float(plain.result()), rel=1e-5)


def test_without_a_teacher_the_head_is_the_task_s_own() -> None:
    assert taught(HEADS[Task.BINARY], Task.BINARY, 1, None) is HEADS[Task.BINARY]


def test_labels_beside_a_teacher_are_checked_and_found_again() -> None:
    pairs = np.array([[2, 0, 0, 0], [np.nan, 0, 0, 0], [1, 0, 0, 0]], np.float32)
    np.testing.assert_array_equal(checked_pairs(pairs, Task.MULTICLASS, 3), pairs)
    assert hard_labels(pairs, Task.MULTICLASS, 3).tolist() == [2, 1]
    with pytest.raises(ValueError, match="from 0 to 2"):
        checked_pairs(np.array([[3, 0, 0, 0]], np.float32), Task.MULTICLASS, 3)
