"""Columns to a fitted network: the learner of everything that is no picture and no text."""

import logging
from typing import Any

import keras
import tensorflow as tf

from components.trainer.answers import learned
from components.trainer.columns.building import build_model
from components.trainer.columns.fitting import build_weights, fit
from components.trainer.columns.meanings import meanings
from components.trainer.columns.pretraining import pretrain
from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind
from components.trainer.learned import Features, Learned, Network
from components.trainer.precision import Precision, choose_precision, policy_scope
from components.trainer.spec import Spec
from components.trainer.techniques.weights import Described

logger = logging.getLogger(__name__)


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Builds the model of `train.model`, or ours, and fits it."""
    precision = _precision(spec.settings.precision)
    logger.info("precision: %s (%s)", precision.policy, precision.reason)
    with policy_scope(precision.policy), spec.run.together.scope():
        model = build_model(spec)
    build_weights(model, train)
    described = _described(model, spec)
    if spec.run.pretraining is not None:
        rows = spec.run.pretraining.rows
        spec.run.notes["pretrain"] = pretrain(model, spec, rows, evaluation)
    if spec.run.start is not None:
        spec.run.start.check(dict(described.facts))
        spec.run.start.into(described, "network")
        spec.run.notes["warm_start"] = spec.run.start.end()
    epochs = fit(model, spec, train, evaluation)

    def prepare(features: Features) -> dict[str, tf.Tensor]:
        entries = {}
        for item in spec.inputs:
            shape = [-1, item.size] if item.kind is InputKind.NUMBERS else [-1]
            entries[item.name] = tf.reshape(tf.cast(features[item.name], item.dtype), shape)
        return entries

    def outputs(entries: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.cast(model(entries, training=False), tf.float32)

    inputs = {
        item.name: tf.TensorSpec(
            [None, item.size] if item.kind is InputKind.NUMBERS else [None], item.dtype
        )
        for item in spec.inputs
    }
    network = Network(inputs, prepare, outputs)

    chosen = {"policy": precision.policy, "reason": precision.reason}
    history = {"precision": chosen, "epochs": epochs}
    return learned(spec, model, network, evaluation, history, described, network)


def _described(model: keras.Model, spec: Spec) -> Described:
    own = spec.settings.model
    facts: dict[str, Any] = {
        "data.task": spec.task.value,
        "train.model": own,
        "train.hidden": () if own else spec.settings.hidden,
    }
    if own or len(spec.classes) == 2:
        facts["classes"] = spec.classes
    return Described(facts, {"network": model}, meanings(model, spec))


def _precision(name: str) -> Precision:
    if name == "auto" and not tf.config.list_logical_devices("GPU"):
        return Precision("float32", "small dense layers on a CPU gain nothing from less")
    return choose_precision(name)
