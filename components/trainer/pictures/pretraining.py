"""A network for pictures learns from pictures without labels, before it learns the label."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.pictures.config import ImageSettings
from components.trainer.pictures.masking import MaskedError, masker
from components.trainer.pictures.network import ImageNetwork
from components.trainer.techniques import fitting
from components.trainer.techniques.fitting import Length
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.techniques.pretrain_config import PART, PretrainSection
from components.trainer.techniques.run import TrainingRun
from components.trainer.transfer.activations import Shelf, compute_activations
from components.trainer.transfer.batches import Array, Batches
from components.trainer.transfer.throttle import Throttle

_EVALUATED_ROWS = 256
_LEAST = 1e-6


def pretrain(
    network: ImageNetwork,
    section: PretrainSection,
    pictures: Batches,
    evaluation: Batches,
    decode: Callable[[Any], Any],
    settings: ImageSettings,
    run: TrainingRun,
    shelf: Shelf,
    progress: Throttle,
) -> dict[str, Any]:
    """Trains a network from scratch to tell what painted squares of a picture were.

    A convolutional denoising autoencoder (J. Masci et al. 2011, "Stacked Convolutional Auto-Encoders for
    Hierarchical Feature Extraction") whose noise is masking (D. Pathak et al. 2016, "Context Encoders:
    Feature Learning by Inpainting"). The decoder, transposed convolutions back to the pixels, is used
    here alone.

    Args:
      network: all of it is trained, the statistics of its normalisation too; changed in place.
      section: epochs, share of the squares that are painted, rate.
      pictures: train and what has no labels; labels are not read.
      evaluation: the split whose pictures choose the epoch.
      decode: encoded pictures (batch,) to pixels (batch, size, size, 3).
      settings: size, mirror, seed.
      run: where states and curves go.
      shelf: keeps the pixels.
      progress: receives the reading's progress.

    Returns:
      For the history: what, rows, noise, and epochs as `fitting.fit` tells them.
    """

    def pixels(batches: Batches) -> Array:
        return compute_activations(batches, network.lower, decode, False, shelf, progress).plain

    train, judged = pixels(pictures), pixels(evaluation)
    mean, variance = _moments(train)
    model = autoencoder(network.parts.upper)
    batch = min(section.batch_size, len(train))
    per_epoch = math.ceil(len(train) / batch)
    length = Length(per_epoch * section.epochs, per_epoch, batch, section.epochs)
    model.compile(
        optimizer=Optimizing().optimizer(section.learning_rate, length.steps),
        loss=MaskedError(variance),
        jit_compile=False,
    )
    seen = masker(settings.size, section.noise, settings.mirror, mean, settings.seed)
    plain = masker(settings.size, section.noise, False, mean, settings.seed)

    def batches(skip: int) -> tf.data.Dataset:
        order = tf.data.Dataset.range(len(train)).shuffle(len(train), seed=settings.seed)
        numbers = order.repeat().batch(batch, drop_remainder=True).skip(skip)
        return numbers.map(_reader(train)).enumerate(skip).map(seen).prefetch(2)

    def explain(first: int, last: int) -> str:
        return "lower pretrain.learning_rate"

    numbers = tf.data.Dataset.range(len(judged)).batch(_EVALUATED_ROWS)
    judges = numbers.map(_reader(judged)).enumerate().map(plain)
    apart = TrainingRun(checkpoints=run.checkpoints.part(PART), logs=run.logs.part(PART))
    told = fitting.fit(model, batches, judges, length, apart, explain)
    keras.utils.set_random_seed(settings.seed)
    return {"what": "pictures", "rows": len(train), "noise": section.noise, "epochs": told}


def autoencoder(encoder: keras.Model) -> keras.Model:
    """An encoder (batch, h, w, c) to (batch, h/2^n, w/2^n, f) with a way back to (batch, h, w, c)."""
    _, height, width, channels = encoder.input.shape
    x = encoder.output
    filters = int(x.shape[-1])
    while x.shape[1] < height:
        filters = max(filters // 2, 8)
        x = keras.layers.Conv2DTranspose(
            filters, 3, strides=2, padding="same", activation="relu", dtype="float32"
        )(x)
    x = keras.layers.Conv2D(channels, 3, padding="same", dtype="float32")(x)
    over = (int(x.shape[1]) - height, int(x.shape[2]) - width)
    if any(over):
        x = keras.layers.Cropping2D(((0, over[0]), (0, over[1])), dtype="float32")(x)
    return keras.Model(encoder.input, x, name="autoencoder")


def _moments(pixels: Array) -> tuple[Array, float]:
    """The mean colour (channels,), and the variance around it over all channels, never 0."""
    count, total, squares = 0, np.zeros(pixels.shape[-1]), np.zeros(pixels.shape[-1])
    for first in range(0, len(pixels), _EVALUATED_ROWS):
        part = pixels[first : first + _EVALUATED_ROWS].astype(np.float64)
        part = part.reshape(-1, part.shape[-1])
        count += len(part)
        total += part.sum(axis=0)
        squares += (part**2).sum(axis=0)
    mean = total / count
    return mean, max(float(np.mean(squares / count - mean**2)), _LEAST)


def _reader(pixels: Array) -> Callable[[Any], Any]:
    """Row numbers (batch,) to their pixels, out of memory or a file on disk."""

    def read(rows: Any) -> Any:
        found = tf.numpy_function(
            lambda numbers: np.asarray(pixels[numbers], np.float32), [rows], tf.float32
        )
        return tf.ensure_shape(found, (None, *pixels.shape[1:]))

    return read
