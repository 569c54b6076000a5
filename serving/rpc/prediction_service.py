"""tensorflow.serving.PredictionService: Predict, Classify, Regress, MultiInference, metadata."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.engine import Engine
from serving.inference.classify import classify_job
from serving.inference.multi_inference import multi_inference_job
from serving.inference.regress import regress_job
from serving.models.core import ServerCore
from serving.models.saved_model import Servable
from serving.request_log import RequestLog
from serving.rest.metadata import signature_map
from serving.rpc.answered import count_failure, count_success, fill_spec
from serving.rpc.errors import abort
from serving.rpc.predict import RpcPredict
from serving.status import invalid_argument

_METADATA_FIELD = "signature_def"
R = TypeVar("R")


def _deadline(context: Any) -> float | None:
    remaining = context.time_remaining()
    return None if remaining is None else time.monotonic() + remaining


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers calls with the models of a core.

    Args:
        core: The models.
        engine: Runs them.
        request_log: Receives sampled calls.
        check_method: Enforce method names of signatures.
        as_content: Answer predict with `tensor_content` instead of typed values.
    """

    def __init__(
        self,
        core: ServerCore,
        engine: Engine,
        request_log: RequestLog,
        *,
        check_method: bool = False,
        as_content: bool = False,
    ) -> None:
        self._core = core
        self._engine = engine
        self._request_log = request_log
        self._check_method = check_method
        self.direct = RpcPredict(core, engine, request_log, check_method, as_content)

    async def _measured(
        self, api: str, request: Any, context: Any, answer: Callable[[], Awaitable[R]]
    ) -> R:
        start = time.perf_counter()
        name = request.model_spec.name
        try:
            response = await answer()
        except Exception as error:
            count_failure(name, error)
            await abort(context, error)
        count_success(name, api, start)
        return response

    async def Predict(
        self, request: predict_pb2.PredictRequest, context: Any
    ) -> predict_pb2.PredictResponse:
        try:
            answer = self.direct.answer(request, _deadline(context))
            return answer if isinstance(answer, predict_pb2.PredictResponse) else await answer
        except Exception as error:
            await abort(context, error)

    async def Classify(
        self, request: classification_pb2.ClassificationRequest, context: Any
    ) -> classification_pb2.ClassificationResponse:
        async def answer() -> classification_pb2.ClassificationResponse:
            servable = self._held(request)
            try:
                name = request.model_spec.signature_name
                job = classify_job(servable, name, request.input, self._check_method)
                result = await job.run(self._engine, _deadline(context))
                if self._request_log.samples(servable.name):
                    self._request_log.classify(servable, name, request.input, result)
                response = classification_pb2.ClassificationResponse(result=result)
                fill_spec(response.model_spec, servable, name)
                return response
            finally:
                servable.release()

        return await self._measured("Classify", request, context, answer)

    async def Regress(
        self, request: regression_pb2.RegressionRequest, context: Any
    ) -> regression_pb2.RegressionResponse:
        async def answer() -> regression_pb2.RegressionResponse:
            servable = self._held(request)
            try:
                name = request.model_spec.signature_name
                job = regress_job(servable, name, request.input, self._check_method)
                result = await job.run(self._engine, _deadline(context))
                if self._request_log.samples(servable.name):
                    self._request_log.regress(servable, name, request.input, result)
                response = regression_pb2.RegressionResponse(result=result)
                fill_spec(response.model_spec, servable, name)
                return response
            finally:
                servable.release()

        return await self._measured("Regress", request, context, answer)

    def _held(self, request: Any) -> Servable:
        if not request.HasField("model_spec"):
            raise invalid_argument("Missing ModelSpec")
        return self._core.servable_of(request.model_spec)

    async def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest, context: Any
    ) -> inference_pb2.MultiInferenceResponse:
        try:
            spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
            servable = self._core.servable_of(spec)
            try:
                job = multi_inference_job(servable, request, self._check_method)
                response = await job.run(self._engine, _deadline(context))
                if self._request_log.samples(servable.name):
                    entry = prediction_log_pb2.PredictionLog()
                    entry.multi_inference_log.request.CopyFrom(request)
                    entry.multi_inference_log.response.CopyFrom(response)
                    self._request_log.put(servable, entry)
                return response
            finally:
                servable.release()
        except Exception as error:
            await abort(context, error)

    async def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: Any
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        try:
            if not request.HasField("model_spec"):
                raise invalid_argument("Missing ModelSpec")
            if not request.metadata_field:
                raise invalid_argument(
                    "GetModelMetadataRequest must specify at least one metadata_field"
                )
            for field in request.metadata_field:
                if field != _METADATA_FIELD:
                    raise invalid_argument(f"Metadata field {field} is not supported")
            servable = self._core.servable_of(request.model_spec)
            try:
                response = get_model_metadata_pb2.GetModelMetadataResponse()
                response.model_spec.name = servable.name
                response.model_spec.version.value = servable.version
                response.metadata[_METADATA_FIELD].Pack(signature_map(servable))
                return response
            finally:
                servable.release()
        except Exception as error:
            await abort(context, error)
