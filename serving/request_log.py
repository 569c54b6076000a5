"""Writes a sample of the answered requests to TFRecord files of PredictionLog.

The files feed drift monitoring, and any of them can serve as a model's warm-up file.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    input_pb2,
    prediction_log_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from serving import monitoring
from serving.inference.predict import DEFAULT_SIGNATURE
from serving.models.saved_model import Servable
from serving.tensors import to_proto

log = logging.getLogger(__name__)

_QUEUE_SIZE = 10_000
_FLUSH_SECONDS = 1.0


class RequestLog:
    """Per model a sampling rate and a file; a thread writes.

    A model's `logging_config` turns it on: `log_collector_config.filename_prefix` is where the
    files start (default: `type`), `sampling_config.sampling_rate` the share from 0 to 1. Records
    beyond what the disk keeps up with are dropped and counted, never waited for.
    """

    def __init__(self) -> None:
        self._rates: dict[str, float] = {}
        self._prefixes: dict[str, str] = {}
        self._queue: queue.Queue[tuple[str, bytes] | None] = queue.Queue(_QUEUE_SIZE)
        self._writers: dict[str, Any] = {}
        self._thread: threading.Thread | None = None

    def configure(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        """Follows a newly accepted configuration."""
        rates, prefixes = {}, {}
        for model in config.model_config_list.config:
            if model.HasField("logging_config"):
                settings = model.logging_config
                rates[model.name] = settings.sampling_config.sampling_rate
                collector = settings.log_collector_config
                prefixes[model.name] = collector.filename_prefix or collector.type or model.name
        self._rates, self._prefixes = rates, prefixes
        if rates and self._thread is None:
            self._thread = threading.Thread(target=self._write, name="request-log", daemon=True)
            self._thread.start()

    def samples(self, name: str) -> bool:
        """Whether this request of a model is to be logged."""
        rate = self._rates.get(name, 0.0) if self._rates else 0.0
        return rate > 0.0 and random.random() < rate

    @staticmethod
    def _spec(spec: Any, servable: Servable, signature_name: str) -> None:
        spec.name = servable.name
        spec.version.value = servable.version
        spec.signature_name = signature_name or DEFAULT_SIGNATURE

    def predict_arrays(
        self,
        servable: Servable,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Mapping[str, np.ndarray],
    ) -> None:
        """Logs a predict call given by its arrays."""
        entry = prediction_log_pb2.PredictionLog()
        request, response = entry.predict_log.request, entry.predict_log.response
        self._spec(request.model_spec, servable, signature_name)
        self._spec(response.model_spec, servable, signature_name)
        for name, array in inputs.items():
            to_proto(array, request.inputs[name])
        for name, array in outputs.items():
            to_proto(array, response.outputs[name])
        self.put(servable, entry)

    def classify(
        self,
        servable: Servable,
        signature_name: str,
        message: input_pb2.Input,
        result: classification_pb2.ClassificationResult,
    ) -> None:
        """Logs a classify call."""
        entry = prediction_log_pb2.PredictionLog()
        self._fill(entry.classify_log, servable, signature_name, message, result)
        self.put(servable, entry)

    def regress(
        self,
        servable: Servable,
        signature_name: str,
        message: input_pb2.Input,
        result: regression_pb2.RegressionResult,
    ) -> None:
        """Logs a regress call."""
        entry = prediction_log_pb2.PredictionLog()
        self._fill(entry.regress_log, servable, signature_name, message, result)
        self.put(servable, entry)

    def _fill(
        self, slot: Any, servable: Servable, signature_name: str, message: Any, result: Any
    ) -> None:
        self._spec(slot.request.model_spec, servable, signature_name)
        slot.request.input.CopyFrom(message)
        self._spec(slot.response.model_spec, servable, signature_name)
        slot.response.result.CopyFrom(result)

    def put(self, servable: Servable, entry: prediction_log_pb2.PredictionLog) -> None:
        """Queues a finished record; drops it when the queue is full."""
        metadata = entry.log_metadata
        metadata.model_spec.name = servable.name
        metadata.model_spec.version.value = servable.version
        metadata.sampling_config.sampling_rate = self._rates.get(servable.name, 0.0)
        metadata.timestamp_secs = int(time.time())
        try:
            self._queue.put_nowait((servable.name, entry.SerializeToString()))
            monitoring.request_log_count.add(servable.name, "OK")
        except queue.Full:
            monitoring.request_log_count.add(servable.name, "RESOURCE_EXHAUSTED")

    def _write(self) -> None:
        dirty: set[str] = set()
        while True:
            try:
                item = self._queue.get(timeout=_FLUSH_SECONDS)
            except queue.Empty:
                for name in dirty:
                    self._writers[name].flush()
                dirty.clear()
                continue
            if item is None:
                for writer in self._writers.values():
                    writer.close()
                self._writers.clear()
                return
            name, record = item
            try:
                self._writer(name).write(record)
                dirty.add(name)
            except (OSError, tf.errors.OpError, KeyError) as error:
                monitoring.request_log_count.add(name, "INTERNAL")
                log.error("Cannot write the request log of %s: %s", name, error)

    def _writer(self, name: str) -> Any:
        if name not in self._writers:
            prefix = self._prefixes[name]
            directory = os.path.dirname(prefix)
            if directory:
                tf.io.gfile.makedirs(directory)
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            self._writers[name] = tf.io.TFRecordWriter(f"{prefix}-{stamp}-{os.getpid()}.tfrecord")
        return self._writers[name]

    def close(self) -> None:
        """Writes what is queued and closes the files."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=10)
            self._thread = None
