"""The loss of a model that learns from labels and from a teacher at once.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network": with logits z of the
student and v of the teacher, the teacher's part is T² times the cross-entropy of softmax(z / T)
against softmax(v / T); the square keeps its gradients as large as the labels' whatever T is. Binary
and multi-label tasks have sigmoids for softmax; regression compares values, without temperature.

A label and the teacher's outputs travel as one row of numbers, so that everything that carries
labels carries both: (rows, label width + units), the label NaN where there is none.
"""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.heads import Head
from components.trainer.labels import checked_labels
from components.trainer.transfer.batches import Array
from data.tasks import Task


@dataclass(frozen=True)
class Teaching:
    """How much a teacher's answers count."""

    temperature: float = 2.0
    alpha: float = 0.5


def label_width(task: Task, units: int) -> int:
    """How many numbers a row's label takes."""
    return 1 if task in (Task.BINARY, Task.MULTICLASS) else units


def is_paired(labels: Any, task: Task, units: int) -> bool:
    """Whether labels, (rows,) or (rows, ...), have a teacher's outputs beside them."""
    return len(labels.shape) == 2 and labels.shape[1] == label_width(task, units) + units


def checked_pairs(labels: Array, task: Task, units: int) -> Array:
    """Labels as `checked_labels` returns them, or pairs whose labels fit, (rows, ...) float32.

    Raises:
      ValueError: as `checked_labels`, of those rows that have a label.
    """
    if not is_paired(labels, task, units):
        return checked_labels(labels, task, units)
    width = label_width(task, units)
    hard = np.array(labels[:, :width], np.float32)
    known = has_label(hard)
    if known.any():
        hard[known] = checked_labels(hard[known], task, units).reshape(-1, width)
    return np.concatenate([hard, labels[:, width:].astype(np.float32)], axis=1)


def hard_labels(labels: Array, task: Task, units: int) -> Array:
    """The labels alone, of the rows that have one, as `checked_labels` returns them."""
    if not is_paired(labels, task, units):
        return labels
    hard = labels[are_labelled(labels, task, units), : label_width(task, units)]
    return checked_labels(hard, task, units)


def are_labelled(labels: Array, task: Task, units: int) -> Array:
    """Which rows have a label beside a teacher's answer, or have nothing but a label, (rows,) bool."""
    if not is_paired(labels, task, units):
        return np.ones(len(labels), bool)
    return has_label(labels[:, : label_width(task, units)])


def has_label(hard: Array) -> Array:
    """Which rows have a label, (rows,) bool."""
    return ~np.isnan(hard.reshape(len(hard), -1)).any(axis=1)


def taught(head: Head, task: Task, units: int, teaching: Teaching | None) -> Head:
    """A task's head whose loss and metrics take pairs as well as plain labels.

    Args:
      head: the task's own.
      task: what the label asks.
      units: how many logits.
      teaching: how much the teacher counts; None: there is no teacher, the head stays as it is.
    """
    if teaching is None:
        return head
    width = label_width(task, units)
    return replace(
        head,
        loss=lambda: Distilled(head.loss(), task, width, teaching),
        metrics=lambda: [OfLabels(metric, width) for metric in head.metrics()],
    )


class Distilled(keras.losses.Loss):
    """Labels and teacher weighed; plain labels, as evaluation has them, get the labels' loss."""

    def __init__(self, hard: keras.losses.Loss, task: Task, width: int, teaching: Teaching) -> None:
        """Args:
        hard: the loss of the labels.
        task: what the label asks.
        width: how many numbers a row's label takes.
        teaching: temperature and alpha.
        """
        super().__init__(name="distilled")
        self._hard, self._task, self._width, self._teaching = hard, task, width, teaching

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(batch, width [+ units]) and (batch, units) to (batch,)."""
        if len(y_true.shape) < 2 or y_true.shape[1] == self._width:
            return self._hard.call(y_true, y_pred)
        label, teacher = y_true[:, : self._width], y_true[:, self._width :]
        known = tf.reduce_all(tf.math.is_finite(label), axis=1)  # (batch,)
        there = tf.where(tf.math.is_finite(label), label, tf.zeros_like(label))
        hard = self._hard.call(
            tf.cast(there[:, 0], tf.int64) if self._task is Task.MULTICLASS else there, y_pred
        )
        soft, alpha = self._soft(teacher, y_pred), self._teaching.alpha
        return tf.where(known, (1.0 - alpha) * hard + alpha * soft, soft)

    def _soft(self, teacher: Any, student: Any) -> Any:
        if self._task is Task.REGRESSION:
            return self._hard.call(teacher, student)
        t = self._teaching.temperature
        if self._task is Task.MULTICLASS:
            entropy = tf.nn.softmax_cross_entropy_with_logits(
                tf.nn.softmax(teacher / t), student / t
            )
        else:
            each = tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(teacher / t), student / t)
            entropy = tf.reduce_mean(each, axis=1)
        return t * t * entropy


class OfLabels(keras.metrics.Metric):
    """A metric of the labels, where labels come with a teacher's outputs or are missing."""

    def __init__(self, metric: keras.metrics.Metric, width: int) -> None:
        """Args:
        metric: what is measured.
        width: how many numbers a row's label takes.
        """
        super().__init__(name=metric.name)
        self._metric, self._width = metric, width

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """As the metric's own."""
        if len(y_true.shape) < 2 or y_true.shape[1] == self._width:
            self._metric.update_state(y_true, y_pred, sample_weight=sample_weight)
            return
        label = y_true[:, : self._width]
        known = tf.reduce_all(tf.math.is_finite(label), axis=1)
        weight = tf.cast(known, tf.float32)
        if sample_weight is not None:
            weight *= tf.reshape(tf.cast(sample_weight, tf.float32), [-1])
        there = tf.where(tf.math.is_finite(label), label, tf.zeros_like(label))
        self._metric.update_state(there, y_pred, sample_weight=weight)

    def result(self) -> Any:
        """As the metric's own."""
        return self._metric.result()

    def reset_state(self) -> None:
        """As the metric's own."""
        self._metric.reset_state()
