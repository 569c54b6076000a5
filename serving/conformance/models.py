"""The SavedModels the serving tests ask questions of, and the configuration that serves them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_ECHO_TYPES = (
    "float32", "float64", "int32", "int64", "uint8", "int8", "int16", "uint32", "uint64", "bool",
    "string", "float16",
)  # fmt: skip


class _Linear(tf.Module):
    """y = slope * x + offset, by columns and by tf.Example."""

    def __init__(self, slope: float, offset: float) -> None:
        super().__init__()
        self.slope = tf.Variable(slope)
        self.offset = tf.Variable(offset)

    def _parse(self, serialized: Any) -> Any:
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        return self._line(tf.io.parse_example(serialized, features)["x"])

    def _line(self, x: Any) -> Any:
        return self.slope * x + self.offset

    def signatures(self) -> dict[str, Any]:
        """All signatures as concrete functions."""
        column = tf.TensorSpec([None], tf.float32, name="x")
        examples = tf.TensorSpec([None], tf.string, name="inputs")

        def labels(scores: Any) -> Any:
            return tf.where(scores > 3.0, "high", "low")

        functions: dict[str, tuple[Any, Callable[[Any], dict[str, Any]]]] = {
            "serving_default": (column, lambda x: {"y": self._line(x)}),
            "regress_x_to_y": (examples, lambda inputs: {"outputs": self._parse(inputs)}),
            "classify_x_to_y": (examples, lambda inputs: {"scores": self._parse(inputs)}),
            "classify_labels": (
                examples,
                lambda inputs: {
                    "scores": self._parse(inputs), "classes": labels(self._parse(inputs)),
                },
            ),
            "classify_classes_only": (
                examples,
                lambda inputs: {"classes": labels(self._parse(inputs))},
            ),
        }  # fmt: skip
        return {
            name: tf.function(function, input_signature=[spec]).get_concrete_function()
            for name, (spec, function) in functions.items()
        }


def write_linear(directory: str, slope: float = 0.5, offset: float = 2.0) -> None:
    """Saves y = slope * x + offset; half-plus-two unless told otherwise."""
    module = _Linear(slope, offset)
    tf.saved_model.save(module, directory, signatures=module.signatures())


class _Zoo(tf.Module):
    """One signature per element type and per oddity."""

    def signatures(self) -> dict[str, Any]:
        """All signatures as concrete functions."""
        made = {}
        for name in _ECHO_TYPES:
            spec = tf.TensorSpec(None, tf.dtypes.as_dtype(name), name="x")
            made[f"echo_{name}"] = tf.function(
                lambda x: {"y": tf.identity(x)}, input_signature=[spec]
            ).get_concrete_function()
        number = tf.TensorSpec([None], tf.float32, name="a")
        text = tf.TensorSpec([None], tf.string, name="b")
        made["serving_default"] = tf.function(
            lambda a, b: {"sum": a + 1.0, "text": tf.strings.join([b, "!"])},
            input_signature=[number, text],
        ).get_concrete_function()
        vector = tf.TensorSpec([None], tf.float32, name="x")
        for name, function in {
            "echo_bytes": None,
            "scalar_output": lambda x: {"y": tf.reduce_sum(x)},
            "uneven_outputs": lambda x: {"y": x, "z": x[:1]},
            "complex_output": lambda x: {"y": tf.cast(x, tf.complex64)},
            "half_output": lambda x: {"y": tf.cast(x, tf.float16)},
            "checked": lambda x: {"y": _checked(x)},
            "slow": lambda x: {"y": _slow(x)},
            "two_vectors": lambda x: {"y": x, "z": tf.stack([x, x], axis=1)},
        }.items():
            if function is not None:
                made[name] = tf.function(function, input_signature=[vector]).get_concrete_function()
        strings = tf.TensorSpec(None, tf.string, name="x")
        made["echo_bytes"] = tf.function(
            lambda x: {"y_bytes": tf.identity(x)}, input_signature=[strings]
        ).get_concrete_function()
        return made


def _checked(x: Any) -> Any:
    with tf.control_dependencies([tf.debugging.assert_non_negative(x, message="negative!")]):
        return tf.identity(x)


def _slow(x: Any) -> Any:
    """About a second of work per 1.0 in the first element."""
    rounds = tf.cast(x[0] * 200.0, tf.int32)
    matrix = tf.ones([200, 200]) * x[0]
    _, result = tf.while_loop(
        lambda i, _: i < rounds,
        lambda i, m: (i + 1, tf.linalg.matmul(tf.linalg.matmul(m, m) / 1e9, m) / 1e9),
        [tf.constant(0), matrix],
    )
    return x + 0.0 * result[0, 0]


def write_zoo(directory: str) -> None:
    """Saves the model with a signature per element type and oddity."""
    module = _Zoo()
    tf.saved_model.save(module, directory, signatures=module.signatures())


def write_models(root: str) -> str:
    """Writes all models the conformance tests need.

    Args:
        root: Directory to fill; it must be visible to the server under the same path.

    Returns:
        Path of the ModelServerConfig file that serves them.
    """
    root = os.path.abspath(root)
    write_linear(os.path.join(root, "half_plus_two", "00000123"))
    write_linear(os.path.join(root, "versions", "1"), 1.0, 1.0)
    write_linear(os.path.join(root, "versions", "2"), 1.0, 2.0)
    write_zoo(os.path.join(root, "zoo", "1"))
    config = f"""model_config_list {{
  config {{ name: "half_plus_two" base_path: "{root}/half_plus_two" model_platform: "tensorflow" }}
  config {{ name: "zoo" base_path: "{root}/zoo" model_platform: "tensorflow" }}
  config {{
    name: "versions" base_path: "{root}/versions" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 1 versions: 2 }} }}
    version_labels {{ key: "stable" value: 1 }}
    version_labels {{ key: "canary" value: 2 }}
  }}
}}
"""
    path = os.path.join(root, "models.config")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    with open(os.path.join(root, "monitoring.config"), "w", encoding="utf-8") as file:
        file.write("prometheus_config { enable: true }\n")
    return path
