"""Builds the model of `train.model`, one's own or ours, and checks what it is."""

import warnings

import keras

from components.trainer.columns import tabular
from components.trainer.spec import Spec
from data.import_path import function_at

SETTING = "train.model"


def build_model(spec: Spec) -> keras.Model:
    """The model of `train.model`, or ours, checked against the spec.

    Raises:
      ImportPathError: the path leads to no function.
      TypeError, ValueError: what it returned is no Keras model, or does not fit the spec.
    """
    path = spec.settings.model
    build = function_at(path, SETTING) if path else tabular.build
    with warnings.catch_warnings():
        # Keras wants a dict's keys to be its tensors' names; columns may be called what no tensor may.
        warnings.filterwarnings("ignore", message="When providing `inputs` as a dict")
        model = build(spec)
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{SETTING}: '{path}' should return a keras.Model. "
            f"Received: {type(model).__module__}.{type(model).__name__} {model!r}"
        )
    _check_ends(model, spec, path)
    return model


def _check_ends(model: keras.Model, spec: Spec, path: str) -> None:
    try:
        entries, outputs = model.input, model.output
    except (AttributeError, ValueError):
        return  # a subclass of keras.Model: its first batch shows what it takes
    names = [item.name for item in spec.inputs]
    if not isinstance(entries, dict) or not set(entries) <= set(names):
        received = list(entries) if isinstance(entries, dict) else entries
        raise ValueError(
            f"{SETTING}: '{path}' should take {{feature: keras.Input}} with features among "
            f"{', '.join(names)}; spec.keras_inputs() makes them. Received: {received}"
        )
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] != spec.units:
        raise ValueError(
            f"{SETTING}: '{path}' should return outputs of shape (batch, {spec.units}) for task "
            f"{spec.task}. Received: {shape or type(outputs).__name__}"
        )
