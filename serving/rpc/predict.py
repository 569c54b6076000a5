"""Predict over gRPC: reads a call in TF Serving's order of checks, runs it, writes the answer."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from typing import Any

import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.engine import Engine
from serving.inference import predict as predicting
from serving.models.core import ServerCore
from serving.models.saved_model import Servable
from serving.request_log import RequestLog
from serving.rpc.answered import count_failure, count_success, fill_spec
from serving.status import invalid_argument
from serving.tensors import to_array, to_proto


class RpcPredict:
    """Answers Predict calls.

    Args:
        core: The models.
        engine: Runs them.
        request_log: Receives sampled calls.
        check_method: Enforce method names of signatures.
        as_content: Answer with `tensor_content` instead of typed values.
    """

    def __init__(
        self,
        core: ServerCore,
        engine: Engine,
        request_log: RequestLog,
        check_method: bool,
        as_content: bool,
    ) -> None:
        self._core = core
        self._engine = engine
        self._request_log = request_log
        self._check_method = check_method
        self._as_content = as_content

    def answer(
        self, request: predict_pb2.PredictRequest, deadline: float | None
    ) -> predict_pb2.PredictResponse | Coroutine[Any, Any, predict_pb2.PredictResponse]:
        """Answers at once where the engine can, else returns what to wait for.

        Args:
            request: The call's message.
            deadline: `time.monotonic` value, None for none.

        Raises:
            ServingError: here or when awaited, whatever is wrong with the request.
        """
        start = time.perf_counter()
        name = request.model_spec.name
        held: Servable | None = None
        try:
            held, prepared = self._read(request)
            outputs = predicting.predict_now(self._engine, prepared)
            if outputs is None:
                servable, held = held, None
                return self._predict_later(request, servable, prepared, deadline, start)
            response = self._response(request, held, outputs)
        except Exception as error:
            count_failure(name, error)
            raise
        finally:
            if held is not None:
                held.release()
        count_success(name, "Predict", start)
        return response

    async def _predict_later(
        self,
        request: predict_pb2.PredictRequest,
        servable: Servable,
        prepared: predicting.Prepared,
        deadline: float | None,
        start: float,
    ) -> predict_pb2.PredictResponse:
        name = request.model_spec.name
        try:
            outputs = await predicting.predict(self._engine, prepared, deadline)
            response = self._response(request, servable, outputs)
        except Exception as error:
            count_failure(name, error)
            raise
        finally:
            servable.release()
        count_success(name, "Predict", start)
        return response

    def _read(self, request: predict_pb2.PredictRequest) -> tuple[Servable, predicting.Prepared]:
        """Checks a request in TF Serving's order; the caller must release the servable."""
        spec = request.model_spec
        if not request.HasField("model_spec"):
            raise invalid_argument("Missing ModelSpec")
        servable = self._core.servable_of(spec)
        try:
            plan = predicting.required_plan(servable, spec.signature_name)
            inputs = request.inputs
            predicting.check_names(plan, inputs)
            arrays = {name: to_array(inputs[name], name) for name in inputs}
            return servable, predicting.prepare(
                servable, plan, arrays, tuple(request.output_filter), self._check_method
            )
        except BaseException:
            servable.release()
            raise

    def _response(
        self,
        request: predict_pb2.PredictRequest,
        servable: Servable,
        outputs: dict[str, np.ndarray],
    ) -> predict_pb2.PredictResponse:
        spec = request.model_spec
        response = predict_pb2.PredictResponse()
        fill_spec(response.model_spec, servable, spec.signature_name)
        for name, array in outputs.items():
            to_proto(array, response.outputs[name], self._as_content)
        if self._request_log.samples(spec.name):
            entry = prediction_log_pb2.PredictionLog()
            entry.predict_log.request.CopyFrom(request)
            entry.predict_log.response.CopyFrom(response)
            self._request_log.put(servable, entry)
        return response
