"""The learner of sequences: a text in, a row of tokens out, by teacher forcing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.learned import Features, Learned
from components.trainer.sequence.network import EncoderDecoder
from components.trainer.sequence.vocabulary import PADDING, START, Source, Tokens
from components.trainer.spec import Spec
from components.trainer.techniques import trouble
from components.trainer.techniques.fitting import Length, fit
from components.trainer.techniques.weights import Described, Meaning
from components.trainer.transfer.batches import Array
from data.signatures import PREDICTION, SCORE

_ROWS = 4096
_JUDGED = 512
_CLIP_NORM = 1.0
"""Where train.clip_norm sets none: gradients through many recurrent steps jump."""


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Learns vocabularies and network; answers greedily inside the served graph.

    Raises:
      ValueError: the inputs are not one text.
      FloatingPointError: the loss is not a finite number.
    """
    column, settings = _only(spec.inputs), spec.settings.sequence
    texts = _texts(train, column)
    labels, weights = train.labels, _of_mean_one(train.weights)
    if settings.rows and settings.rows < len(labels):
        drawn = np.random.default_rng(spec.settings.seed).permutation(len(labels))[: settings.rows]
        texts, labels = tf.gather(texts, drawn), labels[drawn]
        weights = _of_mean_one(weights[drawn]) if weights is not None else None
    source = Source.learn(
        [texts], settings.source, settings.lowercase, settings.longest_source, settings.most_tokens
    )
    tokens = Tokens.learn(labels, settings.most_tokens)
    with spec.run.together.scope():
        model = EncoderDecoder(source.size, tokens.size, settings)
    rows = _Rows(source(texts).numpy(), tokens.ids(labels, settings.longest_answer), weights)
    judges = _Rows(
        source(_texts(evaluation, column)).numpy(),
        tokens.ids(evaluation.labels, settings.longest_answer),
        _of_mean_one(evaluation.weights),
    )
    with spec.run.together.scope():
        model(next(iter(_batches(rows, 1, None)))[0])  # makes its weights
    described = _described(model, source, tokens, spec)
    if spec.run.start is not None:
        spec.run.start.check(dict(described.facts))
        spec.run.start.into(described, "network")
        spec.run.notes["warm_start"] = spec.run.start.end()
    epochs = _fit(model, spec, rows, judges)

    def answer(features: Features) -> dict[str, tf.Tensor]:
        ids, score = model.greedy(source(tf.reshape(features[column], [-1])))
        return {PREDICTION: tokens.text(ids), SCORE: score}

    facts = {"policy": "float32", "reason": "recurrent steps on small matrices"}
    known = {"sources": source.size, "tokens": tokens.size}
    history = {"precision": facts, "epochs": epochs, "vocabulary": known}
    return Learned(model, answer, history, described)


@dataclass(frozen=True)
class _Rows:
    """A split as numbers."""

    sources: Array
    """(rows, longest source) int32."""
    targets: Array
    """(rows, longest answer + 1) int32."""
    weights: Array | None
    """(rows,) float32, 1 on average; None: every row counts the same."""


def _of_mean_one(weights: Array | None) -> Array | None:
    return None if weights is None else (weights / weights.mean()).astype(np.float32)


def _fit(model: keras.Model, spec: Spec, rows: _Rows, judges: _Rows) -> list[dict[str, Any]]:
    settings = spec.settings.sequence
    batch = min(settings.batch_size, len(rows.targets))
    per_epoch = math.ceil(len(rows.targets) / batch)
    optimizing = spec.run.optimizing
    if not optimizing.clip_norm:
        optimizing = replace(optimizing, clip_norm=_CLIP_NORM)
    steps = per_epoch * settings.epochs
    with spec.run.together.scope():
        model.compile(
            optimizer=optimizing.optimizer(settings.learning_rate, steps),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING),
            jit_compile=spec.run.jit_compile,
        )
    return fit(
        model,
        lambda skip: _batches(rows, batch, spec.settings.seed, skip, spec.run.jit_compile),
        _batches(judges, _JUDGED, None, whole=spec.run.jit_compile),
        Length(steps, per_epoch, batch, settings.patience),
        spec.run,
        lambda first, last: trouble.explain((), first),  # ids are whole numbers, always finite
    )


def _described(model: EncoderDecoder, source: Source, tokens: Tokens, spec: Spec) -> Described:
    settings = spec.settings.sequence
    names = tokens.meanings
    meanings = {
        id(model.look_up.embeddings): Meaning(0, source.meanings),
        id(model.before.embeddings): Meaning(0, names),
        id(model.next.kernel): Meaning(1, names),
        id(model.next.bias): Meaning(0, names),
    }
    facts = {
        "data.task": spec.task.value,
        "train.sequence.source": settings.source,
        "train.sequence.lowercase": settings.lowercase,
        "train.sequence.width": settings.width,
        "train.sequence.layers": settings.layers,
        "train.sequence.reach": settings.reach,
    }
    return Described(facts, {"network": model}, meanings)


def _batches(
    rows: _Rows, size: int, seed: int | None, skip: int = 0, whole: bool = False
) -> tf.data.Dataset:
    """((source, tokens before), tokens[, weights]), each batch as long as its longest row.

    With a seed without end, in a new order each time round, and only from a step on. `whole`: all as
    long as a row can be, since XLA compiles for each length anew.
    """
    count = len(rows.targets)
    order = tf.data.Dataset.range(count)
    if seed is None:
        order = order.batch(size)
    else:
        order = order.shuffle(count, seed=seed).batch(size).repeat().skip(skip)
    sources, targets = tf.constant(rows.sources), tf.constant(rows.targets)
    weights = None if rows.weights is None else tf.constant(rows.weights)

    @tf.autograph.experimental.do_not_convert
    def gather(places: tf.Tensor) -> tuple[Any, ...]:
        source, target = tf.gather(sources, places), tf.gather(targets, places)
        if not whole:
            source, target = _trimmed(source), _trimmed(target)
        start = tf.fill([tf.shape(target)[0], 1], START)
        inputs = (source, tf.concat([start, target[:, :-1]], axis=1))
        if weights is None:
            return inputs, target
        return (
            inputs,
            target,
            tf.gather(weights, places)[:, tf.newaxis],
        )  # (batch, 1) beside the mask

    return order.map(gather).prefetch(4)


def _trimmed(ids: tf.Tensor) -> tf.Tensor:
    longest = tf.reduce_max(tf.math.count_nonzero(ids, axis=1))
    return ids[:, : tf.maximum(longest, 1)]


def _texts(files: ExampleFiles, column: str) -> tf.Tensor:
    """(rows,) string, in the order of the labels."""
    parts = [tf.reshape(features[column], [-1]) for features, *_ in files.batches(_ROWS)]
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
