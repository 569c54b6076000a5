"""How MLflow loads a pushed SavedModel: travels inside the MLflow model, imports TensorFlow only."""

import contextlib
from typing import Any

import numpy as np
import tensorflow as tf


def _load_pyfunc(path: str) -> "SavedModel":
    """MLflow's entry point; `path` is the SavedModel's folder."""
    return SavedModel(path)


class SavedModel:
    """Answers plain columns by the signature `serving_default`."""

    def __init__(self, path: str) -> None:
        with contextlib.suppress(ImportError):
            import tensorflow_text  # noqa: F401  (ops of models that read text)
        self._model = tf.saved_model.load(path)  # kept: the signature does not own its variables
        self._signature = self._model.signatures["serving_default"]
        self._inputs = self._signature.structured_input_signature[1]

    def predict(self, model_input: Any, params: Any = None) -> dict[str, Any]:
        """{output: array}.

        Args:
          model_input: a DataFrame or dict with a column per input of the signature.
          params: MLflow's; not used.

        Raises:
          ValueError: a column is missing; the message names those there should be.
        """
        missing = [name for name in self._inputs if name not in model_input]
        if missing:
            wanted = ", ".join(self._inputs)
            raise ValueError(f"no column {', '.join(missing)}. The model takes: {wanted}")
        columns = {
            name: tf.cast(np.asarray(model_input[name]), spec.dtype)
            if spec.dtype != tf.string
            else tf.constant([str(value) for value in model_input[name]])
            for name, spec in self._inputs.items()
        }
        return {name: value.numpy() for name, value in self._signature(**columns).items()}
