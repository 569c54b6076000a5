"""Operations that TensorFlow itself does not bring: registered only for models that use them."""

import importlib
import os

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from serving.status import Code, ServingError

LIBRARY = "tensorflow_text"
"""The one library beside TensorFlow that the real TF Serving is built with (version 2.12 of it; what a
later one added, it does not know)."""


def register(path: str) -> None:
    """Imports TensorFlow Text where a SavedModel uses operations that are not registered yet.

    Args:
        path: Directory that holds `saved_model.pb`.

    Raises:
        ServingError: NOT_FOUND where the library is not installed, or does not have them either.
    """
    unknown = _unknown(path)
    if not unknown:
        return
    names = ", ".join(sorted(unknown)[:5])
    try:
        importlib.import_module(LIBRARY)
    except ImportError as error:
        raise ServingError(
            Code.NOT_FOUND,
            f"the model at {path} uses operations that TensorFlow does not have: {names}. "
            f"{LIBRARY} has some, and it cannot be imported: {error}",
        ) from None
    if any(op_def_registry.get(name) is None for name in unknown):
        raise ServingError(
            Code.NOT_FOUND,
            f"the model at {path} uses operations that neither TensorFlow nor {LIBRARY} has: {names}",
        )


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
    return [name for name in used if op_def_registry.get(name) is None]
