"""Replays the recorded requests that ship with a model before it goes into service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving import monitoring
from serving.status import Code, ServingError, invalid_argument, to_code

MAX_RECORDS = 1000
WARMUP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
Replay = Callable[[prediction_log_pb2.PredictionLog], None]


def warm_up(directory: str, replay: Replay, iterations: int = 1) -> int:
    """Replays `assets.extra/tf_serving_warmup_requests`, if the model has it.

    Args:
        directory: Version directory.
        replay: Executes one record; raises ServingError when the model refuses it.
        iterations: How often each record is replayed.

    Returns:
        Number of records.

    Raises:
        ServingError: a record failed, there are more than 1000, or the file is not a TFRecord
            file of PredictionLog. The version must not be served then.
    """
    path = os.path.join(directory, WARMUP_FILE)
    if not tf.io.gfile.exists(path):
        return 0
    start = time.perf_counter()
    count = 0
    try:
        for record in tf.compat.v1.io.tf_record_iterator(path):
            try:
                entry = prediction_log_pb2.PredictionLog.FromString(record)
            except Exception:
                text = record.decode("utf-8", "replace")
                raise invalid_argument(
                    f"Failed to parse warmup record: {text} from {path}"
                ) from None
            for _ in range(max(iterations, 1)):
                replay(entry)
            count += 1
            if count > MAX_RECORDS:
                raise invalid_argument(
                    f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}"
                )
    except tf.errors.DataLossError as error:
        raise ServingError(
            Code.DATA_LOSS,
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from None
    except tf.errors.OpError as error:
        raise ServingError(to_code(error.error_code), error.message) from None
    elapsed = (time.perf_counter() - start) * 1e6
    monitoring.model_warmup_latency.add(directory, "OK", value=elapsed)
    monitoring.model_warmup_records_read.add(directory, "OK", by=count)
    return count
