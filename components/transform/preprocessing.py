"""The preprocessing_fn given to TFX: our treatments or the user's function, and the label."""

import json
from typing import Any

import tensorflow as tf

from components.transform.by_configuration import preprocess
from components.transform.config import Feature
from components.transform.label import label as learnt
from components.transform.label import multi_hot
from components.transform.raw import one_value
from data.columns import ROW_WEIGHT, beside
from data.import_path import function_at
from data.tasks import Task

SETTING = "transform.preprocessing"


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Raw columns to features and label; the same graph trains and serves.

    Args:
      inputs: raw columns, tf.Tensor where always present or tf.SparseTensor, (batch, ?) each.
      custom_config: `features`, JSON of {column: Feature}; `label`, its column; `classes`, JSON
        list in class order, empty without any; `task`; `preprocessing`, the import path of one's own
        function, absent or empty for ours; perhaps `beside`, JSON list of columns that go along as
        they are, for whoever is not the model, and `weight`, the column of the rows' weights.

    Returns:
      {feature: transformed tensor}, and under the label's own name its int64 class number,
      float32 value, (batch, classes) multi-hot float32 or text. One's own function may leave the label to us.

    Raises:
      ImportPathError: `preprocessing` leads to no function.
      TypeError: it returned something other than {name: tensor}.
    """
    label: str = custom_config["label"]
    own: str = custom_config.get("preprocessing", "")
    if own:
        outputs = _checked(function_at(own, SETTING)(dict(inputs), custom_config), own)
    else:
        features = json.loads(custom_config["features"])
        outputs = preprocess(
            inputs, {column: Feature.model_validate(spec) for column, spec in features.items()}
        )
    if label not in outputs:
        outputs[label] = _learnt(inputs[label], custom_config)
    if weight := custom_config.get("weight"):
        outputs[ROW_WEIGHT] = tf.cast(one_value(inputs[weight]), tf.float32)
    for column in json.loads(custom_config.get("beside", "[]")):
        outputs[beside(column)] = _kept(one_value(inputs[column]))
    return outputs


def _kept(value: tf.Tensor) -> tf.Tensor:
    """What TFT can write: it knows no float64, which whole numbers are where some are missing."""
    if value.dtype != tf.float64:
        return value
    missing = tf.math.is_nan(value)
    whole = tf.cast(tf.where(missing, tf.zeros_like(value), value), tf.int64)
    return tf.where(missing, "nan", tf.strings.as_string(whole))


def _learnt(column: Any, custom_config: dict[str, Any]) -> tf.Tensor:
    classes: list[str] = json.loads(custom_config["classes"])
    match custom_config.get("task"):
        case Task.MULTILABEL:
            return multi_hot(column, classes)
        case Task.SEQUENCE:
            return one_value(column)
    return learnt(one_value(column), classes)


def _checked(outputs: Any, path: str) -> dict[str, Any]:
    """What one's own function returned, if it is what it should be."""
    tensors = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)
    if not isinstance(outputs, dict) or not outputs:
        received = f"{type(outputs).__name__} {outputs!r}"
        raise TypeError(f"{SETTING}: '{path}' should return {{name: tensor}}. Received: {received}")
    for name, value in outputs.items():
        if not isinstance(name, str) or not isinstance(value, tensors):
            raise TypeError(
                f"{SETTING}: '{path}' should return {{name: tensor}}. "
                f"Received: {name!r}: {type(value).__name__} {value!r}"
            )
    return dict(outputs)
