"""Our preprocessing_fn: one column in, one feature of the same name out, as the configuration says.

Model inputs come out in three shapes the trainer tells apart by their transformed schema:
float32 (batch, k) for numbers, int64 (batch,) with a known domain for categories, and string
(batch,) for encoded pictures. The label comes out as int64 class index or float32 value.
"""

import json
from typing import Any

import tensorflow as tf

from components.transform import dates, treatments
from components.transform.config import Feature
from data.columns import Treatment

def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Applies each column's treatment; the same graph trains and serves.

    Args:
      inputs: raw columns, tf.Tensor where always present or tf.SparseTensor, (batch, ?) each.
      custom_config: `features`, JSON of {column: Feature}; `label`, its column; `classes`, JSON
        list in class order, empty for regression.

    Returns:
      {column: transformed tensor}, and the label under its own name.
    """
    outputs: dict[str, Any] = {}
    to_standardise: dict[str, tf.Tensor] = {}
    for name, spec in json.loads(custom_config["features"]).items():
        feature = Feature.model_validate(spec)
        value = treatments.one_value(inputs[name])
        if feature.treatment is Treatment.ZSCORE:
            to_standardise[name] = value
        elif feature.treatment is Treatment.LOG:
            to_standardise[name] = treatments.signed_log(value)
        elif feature.treatment is Treatment.DATE:
            to_standardise[name] = moment = dates.seconds(value)
            outputs[name] = dates.circles(moment)
        elif feature.treatment is not Treatment.IGNORE:
            outputs[name] = _apply(name, value, feature)
    for name, scores in treatments.standard_scores(to_standardise).items():
        outputs[name] = tf.concat([outputs[name], scores], axis=1) if name in outputs else scores
    label = custom_config["label"]
    outputs[label] = _label(treatments.one_value(inputs[label]), json.loads(custom_config["classes"]))
    return outputs


def _apply(name: str, value: tf.Tensor, feature: Feature) -> tf.Tensor:
    if feature.treatment is Treatment.MINMAX:
        return treatments.minmax(value)
    if feature.treatment is Treatment.RAW:
        return treatments.raw(value)
    if feature.treatment is Treatment.BUCKETS:
        return treatments.buckets(value, feature.buckets)
    if feature.treatment is Treatment.HASH:
        return treatments.hashed(value, feature.buckets)
    if feature.treatment is Treatment.VOCABULARY:
        return treatments.vocabulary(
            value, name, feature.top_k, feature.min_count, feature.oov_buckets
        )
    return value  # an image travels encoded


def _label(value: tf.Tensor, classes: list[str]) -> tf.Tensor:
    if not classes:
        return tf.cast(value, tf.float32)
    # Class order is the schema's, not the data's: a model and its baseline agree on it.
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(classes), tf.range(len(classes), dtype=tf.int64)
        ),
        default_value=-1,
    )
    return table.lookup(treatments.as_text(value))
