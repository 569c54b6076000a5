"""One entry per task: how wide the head is, which loss it learns, what it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from components.trainer.techniques.weights import Meaning
from components.trainer.transfer.batches import Array
from data.signatures import CHOSEN, CLASS, LABELS, PREDICTION, SCORE, SCORES
from data.tasks import Task


@dataclass(frozen=True)
class Head:
    """What a task needs of a model that ends in plain (linear) outputs."""

    units: Callable[[int], int]
    """Width of the last layer, from the number of classes."""
    loss: Callable[[], keras.losses.Loss]
    metrics: Callable[[], list[keras.metrics.Metric]]
    """What is watched while training; the Evaluator has the last word."""
    answer: Callable[..., dict[str, tf.Tensor]]
    """(batch, units) float32 outputs and class names -> the readable answer of the signatures."""
    thresholds: bool = False
    """Whether `answer` takes a threshold per class too, chosen on the eval split."""


def _binary_answer(logits: tf.Tensor, classes: list[str]) -> dict[str, tf.Tensor]:
    score = tf.sigmoid(tf.reshape(logits, [-1]))
    names = tf.constant(classes)
    return {
        CLASS: tf.gather(names, tf.cast(score > 0.5, tf.int32)),
        SCORE: score,
        SCORES: tf.stack([1.0 - score, score], axis=1),
    }


def _multiclass_answer(logits: tf.Tensor, classes: list[str]) -> dict[str, tf.Tensor]:
    scores = tf.nn.softmax(logits)
    return {
        CLASS: tf.gather(tf.constant(classes), tf.argmax(scores, axis=1)),
        SCORE: tf.reduce_max(scores, axis=1),
        SCORES: scores,
    }


def _regression_answer(outputs: tf.Tensor, classes: list[str]) -> dict[str, tf.Tensor]:
    return {PREDICTION: tf.reshape(outputs, [-1])}


def _multilabel_answer(
    logits: tf.Tensor, classes: list[str], thresholds: Array | None = None
) -> dict[str, tf.Tensor]:
    """A class is chosen where its probability is above its threshold (0.5 without any)."""
    scores = tf.sigmoid(logits)
    bounds = np.full(len(classes), 0.5) if thresholds is None else thresholds
    chosen = scores > tf.constant(bounds, tf.float32)  # (batch, classes)
    names = tf.where(chosen, tf.constant(classes), "")
    labels = tf.strings.reduce_join(tf.where(chosen, tf.strings.join([names, ", "]), ""), axis=1)
    return {
        SCORES: scores,
        CHOSEN: tf.cast(chosen, tf.int64),
        LABELS: tf.strings.regex_replace(labels, ", $", ""),
    }


class HammingLoss(keras.metrics.MeanMetricWrapper):
    """Share of labels that are wrong where a logit above 0 chooses a class."""

    def __init__(self) -> None:
        super().__init__(_wrong_labels, name="hamming_loss")


def _wrong_labels(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    wrong = tf.not_equal(y_true > 0.5, y_pred > 0.0)
    return tf.reduce_mean(tf.cast(wrong, tf.float32), axis=-1)


class Standardised(keras.losses.Loss):
    """A regression loss of values divided by the label's deviation: its size does not depend on the
    unit of the label, and neither do gradients, learning rate or the delta of huber.
    """

    def __init__(self, kind: str, deviation: float) -> None:
        """Args:
        kind: squared, absolute or huber.
        deviation: what both truth and prediction are divided by.
        """
        super().__init__(name=f"{kind}_error")
        self._loss = {
            "squared": keras.losses.mean_squared_error,
            "absolute": keras.losses.mean_absolute_error,
            "huber": keras.losses.huber,
        }[kind]
        self._deviation = deviation

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Loss per row, (batch,)."""
        return self._loss(y_true / self._deviation, y_pred / self._deviation)


def class_meanings(
    last: keras.layers.Dense, task: Task, classes: Sequence[str]
) -> dict[int, Meaning]:
    """{id of a variable: what it has for each class}, of the layer whose outputs are classes."""
    if task not in (Task.MULTICLASS, Task.MULTILABEL):
        return {}
    names = tuple(f"class {name}" for name in classes)
    return {id(last.kernel): Meaning(1, names), id(last.bias): Meaning(0, names)}


HEADS: dict[Task, Head] = {
    Task.BINARY: Head(
        units=lambda classes: 1,
        loss=lambda: keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=lambda: [
            keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0),
            keras.metrics.AUC(name="auc", from_logits=True),
        ],
        answer=_binary_answer,
    ),
    Task.MULTICLASS: Head(
        units=lambda classes: classes,
        loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        answer=_multiclass_answer,
    ),
    Task.MULTILABEL: Head(
        units=lambda classes: classes,
        loss=lambda: keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=lambda: [HammingLoss()],
        answer=_multilabel_answer,
        thresholds=True,
    ),
    Task.REGRESSION: Head(
        units=lambda classes: 1,
        loss=lambda: keras.losses.MeanSquaredError(),
        metrics=lambda: [keras.metrics.MeanAbsoluteError(name="mae")],
        answer=_regression_answer,
    ),
}
