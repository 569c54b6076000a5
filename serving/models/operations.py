"""Operations that TensorFlow itself does not bring: registered only for models that use them."""

import importlib.util
import os
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from serving.status import Code, ServingError

LIBRARY = "tensorflow_text"
"""The one library beside TensorFlow that the real TF Serving is built with (version 2.12 of it; what a
later one added, it does not know)."""


def register(path: str) -> None:
    """Loads TensorFlow Text's operations where a SavedModel uses some that are not registered yet.

    Its shared libraries are loaded as they are: the Python package around them would import Keras.

    Args:
        path: Directory that holds `saved_model.pb`.

    Raises:
        ServingError: NOT_FOUND where the library is not installed, or does not have them either.
    """
    unknown = _unknown(path)
    if not unknown:
        return
    names = ", ".join(sorted(unknown)[:5])
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise ServingError(
            Code.NOT_FOUND,
            f"the model at {path} uses operations that TensorFlow does not have: {names}. "
            f"{LIBRARY} has some, and it is not installed",
        )
    for file in sorted((Path(spec.origin).parent / "python" / "ops").glob("_*.so")):
        if not any(_is_missing(name) for name in unknown):
            return
        try:
            tf.load_op_library(str(file))
        except (tf.errors.OpError, OSError) as error:
            raise ServingError(Code.INTERNAL, f"{file.name} of {LIBRARY}: {error}") from None
    if any(_is_missing(name) for name in unknown):
        raise ServingError(
            Code.NOT_FOUND,
            f"the model at {path} uses operations that neither TensorFlow nor {LIBRARY} has: {names}",
        )


def _is_missing(name: str) -> bool:
    return op_def_registry.get(name) is None


def _unknown(path: str) -> list[str]:
    """The operations of the model's own list that nobody has registered."""
    file = os.path.join(path, "saved_model.pb")
    if not tf.io.gfile.exists(file):
        return []
    with tf.io.gfile.GFile(file, "rb") as opened:
        try:
            model = saved_model_pb2.SavedModel.FromString(opened.read())
        except Exception:  # damaged: the loader says so in TF Serving's words
            return []
    used = {
        op.name for graph in model.meta_graphs for op in graph.meta_info_def.stripped_op_list.op
    }
    return [name for name in used if _is_missing(name)]
