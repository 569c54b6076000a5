"""tensorflow.serving.ModelService: status of versions, and replacing the list of models."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from serving import monitoring
from serving.models.core import ServerCore
from serving.rest.metadata import status_message
from serving.rpc.errors import abort
from serving.status import ServingError, invalid_argument

log = logging.getLogger(__name__)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Answers for the models of a core."""

    def __init__(self, core: ServerCore) -> None:
        self._core = core

    async def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: Any
    ) -> get_model_status_pb2.GetModelStatusResponse:
        try:
            if not request.HasField("model_spec"):
                raise invalid_argument("Missing ModelSpec")
            spec = request.model_spec
            version = spec.version.value if spec.HasField("version") else None
            return status_message(self._core.states(spec.name, version))
        except Exception as error:
            await abort(context, error)

    async def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context: Any
    ) -> model_management_pb2.ReloadConfigResponse:
        before = {name: _metric(name) for name in request.metric_names}
        try:
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid_argument(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                    "ModelConfigList is currently supported"
                )
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._core.reload, request.config)
        except ServingError as error:
            log.error("ReloadConfig failed: %s", error.message)
            await abort(context, error)
        except Exception as error:
            await abort(context, error)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        for name, value in before.items():
            response.metric.add(name=name, int64_value_increase=_metric(name) - value)
        return response


def _metric(name: str) -> int:
    metric = monitoring.REGISTRY.get(name)
    return metric.total() if metric is not None else 0
