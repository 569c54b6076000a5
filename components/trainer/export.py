"""Writes the SavedModel that serves: plain columns or tf.Example in, readable answers out.

ExportArchive rather than tf.saved_model.save: a Keras 3 model saved by the latter cannot be read
by a TF1-style session, which is how TF Serving and BulkInferrer load it.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.archive import archive_of
from components.trainer.learned import Network
from components.trainer.signature_names import parameter_names, rename_inputs
from data.signatures import (
    EXAMPLES_INPUT,
    LITE_INPUTS,
    SERVING_DEFAULT,
    SERVING_EXAMPLES,
    TRANSFORM_FEATURES,
)

Answer = Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]


def export(
    model: keras.Model,
    answer: Answer,
    graph: tft.TFTransformOutput,
    label: str,
    columns: list[str],
    directory: str,
    network: Network | None = None,
) -> None:
    """Writes the three signatures, and a fourth for a network that is to be made smaller.

    Args:
      model: whatever holds the weights; tracked by the archive.
      answer: transformed features -> readable outputs; calls `model`.
      graph: the Transform component's output.
      label: the label's column.
      columns: the raw columns the model uses, without the label.
      directory: where the SavedModel goes; created.
      network: answers the plain columns with what it takes, as signature `lite_inputs`.
    """
    transform = graph.transform_features_layer()
    raw = graph.raw_feature_spec()
    used = {name: raw[name] for name in columns}

    parameters = parameter_names(columns)
    # AutoGraph would rewrite the libraries below for seconds, and there is no Python branch to turn
    # into a graph. Both signatures call one function: a network is traced once.
    answer = tf.function(answer, autograph=False)

    def transformed(values: dict[str, tf.Tensor]) -> Any:
        return transform({name: _raw_column(values[parameters[name]], used[name]) for name in used})

    def serve_columns(**values: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(transformed(values))

    def serve_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        found = answer(transform(tf.io.parse_example(examples, used)))
        # TFX's RunInference cannot take text of shape (batch,) apart.
        return {
            name: value[:, tf.newaxis] if value.dtype == tf.string else value
            for name, value in found.items()
        }

    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        # The label alone: TFMA would slice by a transformed column instead of the raw one.
        return {label: transform(tf.io.parse_example(examples, raw))[label]}

    archive = archive_of(model)
    archive.track(transform)
    serialized = tf.TensorSpec([None], tf.string, name=EXAMPLES_INPUT)
    plain = {parameters[name]: _column_spec(parameters[name], spec) for name, spec in used.items()}
    signatures: list[tuple[str, Any, dict[str, Any]]] = [
        (SERVING_DEFAULT, serve_columns, plain),
        (SERVING_EXAMPLES, serve_examples, {EXAMPLES_INPUT: serialized}),
        (TRANSFORM_FEATURES, transform_features, {EXAMPLES_INPUT: serialized}),
    ]
    if network:
        prepare = network.prepare

        def lite_inputs(**values: tf.Tensor) -> dict[str, tf.Tensor]:
            return prepare(transformed(values))

        signatures.append((LITE_INPUTS, lite_inputs, plain))
    for name, function, arguments in signatures:
        concrete = tf.function(function, autograph=False)
        concrete.get_concrete_function(**arguments)
        archive.add_endpoint(name, concrete)
    archive.write_out(directory, verbose=False)
    for name, _, arguments in signatures:
        if arguments is plain:
            rename_inputs(directory, name, {new: name for name, new in parameters.items()})


def _column_spec(name: str, spec: Any) -> tf.TensorSpec:
    # Integers travel as float64, where 1 and 1.0 both pass, NaN is missing and Unix seconds stay
    # exact (float32 would round them to two minutes).
    dtype = tf.float64 if spec.dtype == tf.int64 else spec.dtype
    return tf.TensorSpec([None], dtype, name=name)


def _raw_column(value: tf.Tensor, spec: Any) -> Any:
    """A plain (batch,) column as the transform graph expects it; missing values left out."""
    if not isinstance(spec, tf.io.VarLenFeature):
        return tf.reshape(tf.cast(value, spec.dtype), [-1, *spec.shape])
    if spec.dtype == tf.string:
        present = tf.not_equal(value, "")
    elif spec.dtype == tf.int64:
        present = tf.math.is_finite(value)  # no integer is infinite
    else:
        present = ~tf.math.is_nan(value)
    rows = tf.where(present)  # (present, 1)
    indices = tf.concat([rows, tf.zeros_like(rows)], axis=1)
    values = tf.cast(tf.boolean_mask(value, present), spec.dtype)
    return tf.SparseTensor(
        indices, values, tf.stack([tf.shape(value, tf.int64)[0], tf.constant(1, tf.int64)])
    )
