"""Real rows: serialized tf.Examples of the test split, and the columns the model asks for."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from components.infra_validator.refusal import NotServableError
from data.plain_row import plain_row
from data.signatures import SERVING_DEFAULT, SERVING_EXAMPLES


def read_rows(examples: Path, count: int, split: str = "test") -> list[bytes]:
    """The first serialized tf.Examples of a split of an Examples artifact.

    Raises:
      NotServableError: there is none, and a model nobody has asked anything has proven nothing.
    """
    files = sorted(str(file) for file in (examples / f"Split-{split}").glob("*"))
    found = []
    if files:
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(count)
        found = [record.numpy() for record in records]
    if not found:
        raise NotServableError(f"the {split} split has no rows to ask a server about")
    return found


def columns(model: Path) -> dict[str, int]:
    """{input of `serving_default`: its dtype as TensorFlow numbers them}, read without loading.

    Raises:
      NotServableError: no SavedModel there, or it lacks a signature that we serve and compare by.
    """
    file = model / "saved_model.pb"
    try:
        saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        signatures = saved.meta_graphs[0].signature_def
    except (OSError, DecodeError, IndexError) as error:
        raise NotServableError(f"there is no SavedModel that can be read: {error}") from None
    for name in (SERVING_DEFAULT, SERVING_EXAMPLES):
        if name not in signatures:
            known = ", ".join(sorted(signatures)) or "none"
            raise NotServableError(f"the model has no signature '{name}'. It has: {known}")
    inputs = signatures[SERVING_DEFAULT].inputs
    return {name: inputs[name].dtype for name in sorted(inputs)}


def as_plain(rows: list[bytes], columns: dict[str, int]) -> list[dict[str, Any]]:
    """The rows as a REST client sends them."""
    text = {name: dtype == types_pb2.DT_STRING for name, dtype in columns.items()}
    return [plain_row(tf.train.Example.FromString(row), text) for row in rows]
