"""The training history as TensorBoard reads it: event files `train/` and `eval/` in the model_run.

Written after the training from history.json's epochs, by TensorFlow alone: `tf.summary` needs the
tensorboard package, which TensorFlow does not bring along.
"""

import math
import os
import time
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import summary_pb2
from tensorflow.core.util import event_pb2

_EVAL = "eval_"
_NOT_MEASURES = frozenset({"epoch", "steps", "best"})


def write(directory: str, epochs: list[dict[str, Any]]) -> None:
    """Writes one event file per split.

    Args:
      directory: of the model_run artifact.
      epochs: a dict per epoch; `eval_<measure>` belongs to the evaluation split, every other number
        to the training. The step of an epoch is its place, from 1.
    """
    rows: dict[str, list[tuple[int, str, float]]] = {"train": [], "eval": []}
    for step, epoch in enumerate(epochs, 1):
        for key, value in epoch.items():
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or key in _NOT_MEASURES
            ):
                continue
            if math.isfinite(value):
                split = "eval" if key.startswith(_EVAL) else "train"
                rows[split].append((step, key.removeprefix(_EVAL), float(value)))
    for split, measured in rows.items():
        if measured:
            _write(os.path.join(directory, split), measured)


def _write(folder: str, measured: list[tuple[int, str, float]]) -> None:
    now = time.time()
    tf.io.gfile.makedirs(folder)
    file = os.path.join(folder, f"events.out.tfevents.{int(now)}.history")
    with tf.io.TFRecordWriter(file) as writer:
        first = event_pb2.Event(wall_time=now, file_version="brain.Event:2")
        writer.write(first.SerializeToString())
        for step, tag, value in measured:
            summary = summary_pb2.Summary()
            summary.value.add(tag=tag, simple_value=value)
            event = event_pb2.Event(wall_time=now, step=step, summary=summary)
            writer.write(event.SerializeToString())
