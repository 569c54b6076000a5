"""Where TFX's Trainer comes in: run_fn reads, builds, fits, exports."""

import json
import os
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer import export, from_pictures, tabular
from components.trainer.config import TrainSection
from components.trainer.heads import HEADS, Head
from components.trainer.inputs import ExampleFiles, InputKind, model_inputs
from components.trainer.progress import FitProgress, Progress
from data.tasks import Task


def run_fn(fn_args: Any) -> None:
    """Trains one model and writes it to `fn_args.serving_model_dir`.

    Args:
      fn_args: TFX's FnArgs. `custom_config` holds `train` (JSON of TrainSection), `task`,
        `label`, `classes` (JSON list in class order) and `columns` (JSON list of raw columns).
    """
    config = fn_args.custom_config
    settings = TrainSection.model_validate_json(config["train"])
    task = Task(config["task"])
    classes: list[str] = json.loads(config["classes"])
    label: str = config["label"]
    keras.utils.set_random_seed(settings.seed)

    graph = tft.TFTransformOutput(fn_args.transform_output)
    train = ExampleFiles(fn_args.train_files, graph, label)
    evaluation = ExampleFiles(fn_args.eval_files, graph, label)
    head = HEADS[task]
    units = head.units(len(classes))
    inputs = model_inputs(graph, label)
    history: list[dict[str, Any]]
    if any(item.kind is InputKind.PICTURE for item in inputs):
        column = from_pictures.picture_column(inputs)
        image = settings.image
        model, history = from_pictures.fit(column, train, evaluation, image, task, units)

        def outputs(features: dict[str, tf.Tensor]) -> tf.Tensor:
            return from_pictures.outputs(model, features[column], image.size)

    else:
        model = tabular.build(inputs, settings, units)
        history = _fit(model, head, train, evaluation, settings)

        def outputs(features: dict[str, tf.Tensor]) -> tf.Tensor:
            entries = {name: tf.cast(features[name], model.input[name].dtype) for name in model.input}
            return tf.cast(model(entries, training=False), tf.float32)

    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    with open(os.path.join(fn_args.model_run_dir, "history.json"), "w", encoding="utf-8") as file:
        json.dump(history, file)

    def answer(features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return head.answer(outputs(features), classes)

    export.export(
        model, answer, graph, label, json.loads(config["columns"]), fn_args.serving_model_dir
    )


def _fit(
    model: keras.Model,
    head: Head,
    train: ExampleFiles,
    evaluation: ExampleFiles,
    settings: TrainSection,
) -> list[dict[str, Any]]:
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=head.loss(),
        metrics=head.metrics(),
    )
    steps = -(-train.rows // settings.batch_size)
    epochs = settings.epochs
    if settings.steps:
        steps, epochs = min(steps, settings.steps), max(1, round(settings.steps / steps))
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience, restore_best_weights=True
    )
    progress = FitProgress(Progress(), settings.batch_size, steps)
    history = model.fit(
        train.batches(settings.batch_size, shuffle_seed=settings.seed).repeat(),
        validation_data=evaluation.batches(1024),
        epochs=epochs,
        steps_per_epoch=steps,
        callbacks=[best, progress],
        verbose=0,
    ).history
    return [
        {name: float(values[epoch]) for name, values in history.items()}
        for epoch in range(len(history["loss"]))
    ]
