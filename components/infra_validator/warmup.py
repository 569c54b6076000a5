"""The candidate as it will be pushed: a copy with a warm-up file of real requests.

TensorFlow Serving replays `assets.extra/tf_serving_warmup_requests` before a version takes
requests, so that the first callers do not pay for what TensorFlow puts off until it is used.
"""

import base64
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from data.signatures import SERVING_DEFAULT

WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")


def copy_with_warmup(
    model: Path, target: Path, name: str, rows: list[dict[str, Any]], columns: dict[str, int]
) -> None:
    """Copies the model and adds one request per row.

    Args:
      model: the SavedModel.
      target: where the copy goes; created.
      name: the model's name in the requests; servers do not look at it.
      rows: plain rows, at most 1,000 (TensorFlow Serving refuses more).
      columns: {input: dtype} of `serving_default`.
    """
    shutil.copytree(model, target, copy_function=shutil.copyfile)
    file = target / WARMUP_FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for row in rows:
            # Deterministic: the same model with the same rows is the same bytes, run after run.
            writer.write(_request(name, row, columns).SerializeToString(deterministic=True))


def _request(
    name: str, row: dict[str, Any], columns: dict[str, int]
) -> prediction_log_pb2.PredictionLog:
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = name
    request.model_spec.signature_name = SERVING_DEFAULT
    for column, dtype in columns.items():
        values = [_bytes(row[column])]
        request.inputs[column].CopyFrom(tf.make_tensor_proto(values, dtype, shape=[1]))
    return log


def _bytes(value: Any) -> Any:
    """JSON's way to write bytes, undone."""
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value
