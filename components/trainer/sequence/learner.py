"""The learner of sequences: a text in, a row of tokens out, by teacher forcing."""

import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.learned import Features, Learned
from components.trainer.progress import FitProgress, Progress
from components.trainer.sequence.network import EncoderDecoder
from components.trainer.sequence.vocabulary import PADDING, START, Source, Tokens
from components.trainer.spec import Spec
from components.trainer.techniques.logs import Logs
from components.trainer.transfer.batches import Array
from data.signatures import PREDICTION, SCORE

_ROWS = 4096


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Learns vocabularies and network; answers greedily inside the served graph.

    Raises:
      ValueError: the inputs are not one text.
      FloatingPointError: the loss is not a finite number.
    """
    column, settings = _only(spec.inputs), spec.settings.sequence
    texts = _texts(train, column)
    labels = train.labels
    if settings.rows and settings.rows < len(labels):
        drawn = np.random.default_rng(spec.settings.seed).permutation(len(labels))[: settings.rows]
        texts, labels = tf.gather(texts, drawn), labels[drawn]
    source = Source.learn(
        [texts], settings.source, settings.lowercase, settings.longest_source, settings.most_tokens
    )
    tokens = Tokens.learn(labels, settings.most_tokens)
    model = EncoderDecoder(source.size, tokens.size, settings)
    rows = (source(texts).numpy(), tokens.ids(labels, settings.longest_answer))
    judges = (
        source(_texts(evaluation, column)).numpy(),
        tokens.ids(evaluation.labels, settings.longest_answer),
    )
    epochs = _fit(model, spec, rows, judges)

    def answer(features: Features) -> dict[str, tf.Tensor]:
        ids, score = model.greedy(source(tf.reshape(features[column], [-1])))
        return {PREDICTION: tokens.text(ids), SCORE: score}

    facts = {"policy": "float32", "reason": "recurrent steps on small matrices"}
    known = {"sources": source.size, "tokens": tokens.size}
    return Learned(model, answer, {"precision": facts, "epochs": epochs, "vocabulary": known})


def _fit(
    model: keras.Model, spec: Spec, rows: tuple[Array, Array], judges: tuple[Array, Array]
) -> list[dict[str, Any]]:
    settings = spec.settings.sequence
    batch = min(settings.batch_size, len(rows[0]))
    steps = math.ceil(len(rows[0]) / batch)
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps * settings.epochs)
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING),
        jit_compile=False,  # batches are as long as their longest row: every length would compile
    )
    record = _Record(len(rows[0]), spec.run.logs)
    model.fit(
        _batches(rows, batch, spec.settings.seed),
        validation_data=_batches(judges, 512, None),
        epochs=settings.epochs,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=settings.patience, restore_best_weights=True
            ),
            record,
            FitProgress(Progress(), batch, steps),
        ],
        verbose=0,
    )
    return record.epochs


def _batches(rows: tuple[Array, Array], size: int, seed: int | None) -> tf.data.Dataset:
    """((source, tokens before), tokens), each batch as long as its longest row."""
    order = tf.data.Dataset.range(len(rows[0]))
    if seed is not None:
        order = order.shuffle(len(rows[0]), seed=seed)
    sources, targets = tf.constant(rows[0]), tf.constant(rows[1])

    @tf.autograph.experimental.do_not_convert
    def gather(places: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
        source, target = _trimmed(tf.gather(sources, places)), _trimmed(tf.gather(targets, places))
        start = tf.fill([tf.shape(target)[0], 1], START)
        return (source, tf.concat([start, target[:, :-1]], axis=1)), target

    return order.batch(size).map(gather).prefetch(4)


def _trimmed(ids: tf.Tensor) -> tf.Tensor:
    longest = tf.reduce_max(tf.math.count_nonzero(ids, axis=1))
    return ids[:, : tf.maximum(longest, 1)]


class _Record(keras.callbacks.Callback):
    """Writes epochs down; refuses a loss that is no number."""

    def __init__(self, rows: int, logs: Logs) -> None:
        super().__init__()
        self._rows = rows
        self._logs = logs
        self._started = 0.0
        self.epochs: list[dict[str, Any]] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {k.replace("val_", "eval_"): float(v) for k, v in (logs or {}).items()}
        if not math.isfinite(values["loss"]):
            raise FloatingPointError(
                f"the loss is not a finite number in epoch {epoch + 1}: lower "
                f"train.sequence.learning_rate. Received: {values['loss']}"
            )
        best = min((entry["eval_loss"] for entry in self.epochs), default=math.inf)
        seconds = time.perf_counter() - self._started
        self.epochs.append(
            {
                "epoch": epoch + 1,
                **values,
                "seconds": round(seconds, 3),
                "rows_per_second": round(self._rows / max(seconds, 1e-6)),
                "best": values["eval_loss"] < best,
            }
        )
        self._logs.epoch(self.epochs[-1])


def _texts(files: ExampleFiles, column: str) -> tf.Tensor:
    """(rows,) string, in the order of the labels."""
    parts = [tf.reshape(features[column], [-1]) for features, _ in files.batches(_ROWS)]
    return tf.concat(parts, axis=0)


def _only(inputs: Sequence[ModelInput]) -> str:
    """The one text column of a sequence model."""
    if [item.kind for item in inputs] != [InputKind.TEXT]:
        names = ", ".join(f"{item.name} ({item.kind})" for item in inputs)
        raise ValueError(
            'a sequence is learnt from one column with the treatment "text" and nothing else. '
            f'Received: {names}. Set the others to "ignore" in [features].'
        )
    return inputs[0].name
