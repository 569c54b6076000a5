"""Where TFX's Trainer comes in: run_fn reads, builds, fits, exports."""

import json
import logging
import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer import export, from_pictures
from components.trainer.building import build_model
from components.trainer.config import TrainSection
from components.trainer.examples import ExampleFiles
from components.trainer.fitting import fit
from components.trainer.heads import HEADS
from components.trainer.inputs import InputKind, model_inputs
from components.trainer.precision import Precision, choose_precision, policy_scope
from components.trainer.spec import Spec
from components.trainer.target import target
from data.tasks import Task

Outputs = Callable[[dict[str, tf.Tensor]], tf.Tensor]
"""Transformed features to plain outputs (batch, units) float32, in the graph that serves."""


def run_fn(fn_args: Any) -> None:
    """Trains one model and writes it to `fn_args.serving_model_dir`, its history beside it.

    Args:
      fn_args: TFX's FnArgs. `custom_config` holds `train` (JSON of TrainSection), `task`,
        `label`, `classes` (JSON list in class order) and `columns` (JSON list of raw columns).
    """
    config = fn_args.custom_config
    settings = TrainSection.model_validate_json(config["train"])
    task = Task(config["task"])
    if task not in HEADS:
        raise ValueError(
            f"no model for task {task.value} yet. Valid: {', '.join(known.value for known in HEADS)}"
        )
    classes: list[str] = json.loads(config["classes"])
    label: str = config["label"]
    keras.utils.set_random_seed(settings.seed)

    graph = tft.TFTransformOutput(fn_args.transform_output)
    train = ExampleFiles(fn_args.train_files, graph, label)
    evaluation = ExampleFiles(fn_args.eval_files, graph, label)
    target(evaluation.labels, task, classes)  # checks them too
    known = target(train.labels, task, classes, settings.balance_classes)
    spec = Spec(tuple(model_inputs(graph, label)), task, tuple(classes), known, settings)
    pictures = any(item.kind is InputKind.PICTURE for item in spec.inputs)
    learn = _on_pictures if pictures and not settings.model else _on_columns
    model, outputs, history = learn(spec, train, evaluation)

    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    with open(os.path.join(fn_args.model_run_dir, "history.json"), "w", encoding="utf-8") as file:
        json.dump({"rows": train.rows, **history}, file, indent=1)

    def answer(features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return HEADS[task].answer(outputs(features), classes)

    export.export(
        model, answer, graph, label, json.loads(config["columns"]), fn_args.serving_model_dir
    )


def _on_columns(
    spec: Spec, train: ExampleFiles, evaluation: ExampleFiles
) -> tuple[keras.Model, Outputs, dict[str, Any]]:
    precision = _column_precision(spec.settings.precision)
    logging.info("precision: %s (%s)", precision.policy, precision.reason)
    with policy_scope(precision.policy):
        model = build_model(spec)
    epochs = fit(model, spec, train, evaluation)

    def outputs(features: dict[str, tf.Tensor]) -> tf.Tensor:
        entries = {}
        for item in spec.inputs:
            shape = [-1, item.size] if item.kind is InputKind.NUMBERS else [-1]
            entries[item.name] = tf.reshape(tf.cast(features[item.name], item.dtype), shape)
        return tf.cast(model(entries, training=False), tf.float32)

    chosen = {"policy": precision.policy, "reason": precision.reason}
    return model, outputs, {"precision": chosen, "epochs": epochs}


def _column_precision(name: str) -> Precision:
    if name == "auto" and not tf.config.list_logical_devices("GPU"):
        return Precision("float32", "small dense layers on a CPU gain nothing from less")
    return choose_precision(name)


def _on_pictures(
    spec: Spec, train: ExampleFiles, evaluation: ExampleFiles
) -> tuple[keras.Model, Outputs, dict[str, Any]]:
    image = spec.settings.image
    column = from_pictures.picture_column(list(spec.inputs))
    model, history = from_pictures.fit(column, train, evaluation, image, spec.task, spec.units)
    logging.info("precision: %s (%s)", history[0]["policy"], history[0]["reason"])

    def outputs(features: dict[str, tf.Tensor]) -> tf.Tensor:
        return from_pictures.outputs(model, features[column], image.size)

    return model, outputs, {"precision": history[0], "epochs": history[1:]}
