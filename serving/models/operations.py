"""Operations that TensorFlow itself does not bring: registered only for models that use them."""

import importlib
import os

import tensorflow as tf

from serving.status import Code, ServingError

PREFIXES = {b"TFText>": "tensorflow_text"}
"""How a library's operations begin, and the module that registers them. The real TF Serving is built
with TensorFlow Text 2.12 inside; what a later version added, it does not know."""


def register(path: str) -> None:
    """Imports the libraries whose operations a SavedModel uses; costs nothing where there are none.

    Args:
        path: Directory that holds `saved_model.pb`.

    Raises:
        ServingError: NOT_FOUND where such a library is not installed.
    """
    for ending in (".pb", ".pbtxt"):
        file = os.path.join(path, f"saved_model{ending}")
        if not tf.io.gfile.exists(file):
            continue
        with tf.io.gfile.GFile(file, "rb") as opened:
            content = opened.read()
        for prefix, module in PREFIXES.items():
            if prefix in content:
                try:
                    importlib.import_module(module)
                except ImportError as error:
                    raise ServingError(
                        Code.NOT_FOUND,
                        f"the model at {path} uses operations of {module}, which cannot be "
                        f"imported: {error}. Install it (pip install {module.replace('_', '-')})",
                    ) from None
