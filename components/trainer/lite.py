"""Writes the part of a model that takes numbers alone: what LiteExporter makes smaller files of."""

import json
import os
from typing import Any

import tensorflow as tf

from components.trainer.archive import archive_of
from components.trainer.heads import HEADS
from components.trainer.inputs import InputKind
from components.trainer.learned import Learned, Network
from components.trainer.signature_names import parameter_names
from components.trainer.spec import Spec
from data.saved_models import LITE_DESCRIPTION
from data.signatures import PREDICTION, SCORES, SERVING_DEFAULT
from data.tasks import Task


def required(network: Network | None, spec: Spec) -> Network:
    """The network of a model, under names that a signature can have.

    Raises:
      ValueError: the model has no part that takes numbers alone.
    """
    if network is None:
        raise ValueError(
            f"lite.formats: a model of task {spec.task} cannot be made into a smaller file: it has "
            "no part that takes numbers and answers numbers. Leave lite.formats out"
        )
    names = parameter_names(list(network.inputs))
    features = {name: feature for feature, name in names.items()}

    def prepare(transformed: Any) -> dict[str, tf.Tensor]:
        found = network.prepare(transformed)
        return {names[feature]: value for feature, value in found.items()}

    def outputs(entries: dict[str, tf.Tensor]) -> tf.Tensor:
        return network.outputs({features[name]: value for name, value in entries.items()})

    inputs = {names[feature]: spec for feature, spec in network.inputs.items()}
    return Network(inputs, prepare, outputs, features)


def write(network: Network, learned: Learned, spec: Spec, directory: str) -> None:
    """Writes the network as a SavedModel with one signature, inputs to the answer's numbers.

    Args:
      network: as `required` returns it.
      learned: the model with its weights, and the thresholds it has chosen.
      spec: task and classes.
      directory: created.
    """
    head, classes = HEADS[spec.task], list(spec.classes)
    name = PREDICTION if spec.task is Task.REGRESSION else SCORES

    def answer(**entries: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: head.answer(network.outputs(entries), classes)[name]}

    archive = archive_of(learned.model)
    concrete = tf.function(answer, autograph=False)
    concrete.get_concrete_function(
        **{n: tf.TensorSpec(s.shape, s.dtype, name=n) for n, s in network.inputs.items()}
    )
    archive.add_endpoint(SERVING_DEFAULT, concrete)
    archive.write_out(directory, verbose=False)
    ids = {item.name: item.size for item in spec.inputs if item.kind is InputKind.CATEGORY}
    description = {
        "inputs": [
            _described(n, network.names[n], s, ids) for n, s in sorted(network.inputs.items())
        ],
        "output": name,
        "task": spec.task.value,
        "classes": classes,
        "thresholds": learned.history.get("thresholds", {}),
    }
    with open(os.path.join(directory, LITE_DESCRIPTION), "w", encoding="utf-8") as file:
        json.dump(description, file, indent=1)


def _described(name: str, feature: str, spec: tf.TensorSpec, ids: dict[str, int]) -> dict[str, Any]:
    shape = [size or "rows" for size in spec.shape]
    found = {"name": name, "feature": feature, "dtype": spec.dtype.name, "shape": shape}
    return {**found, "ids": ids[feature]} if feature in ids else found
