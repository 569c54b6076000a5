"""The gRPC server, in the event loop that also answers REST: ours, or grpcio's where TLS is asked for.

Ours (`http2_server.py`) answers 2.5 to 6 times as many calls. grpcio's has TLS and the channel
arguments of `--grpc_channel_arguments`, so it takes over where one of the two is given.
"""

from __future__ import annotations

from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.engine import Engine
from serving.listening import cannot_listen, check_free
from serving.models.core import ServerCore
from serving.models.text_protos import read_declared
from serving.request_log import RequestLog
from serving.rpc.framing import MAX_MESSAGE_BYTES
from serving.rpc.http2_server import Http2Server
from serving.rpc.model_service import ModelService
from serving.rpc.prediction_service import PredictionService
from serving.status import invalid_argument

_HEALTH_NAMES = ("", "ModelService", "PredictionService")


def _channel_arguments(text: str) -> list[tuple[str, Any]]:
    """`key=value,...` as gRPC options; digits become integers."""
    options: list[tuple[str, Any]] = []
    for argument in filter(None, text.split(",")):
        key, _, value = argument.partition("=")
        options.append((key, int(value) if value.lstrip("-").isdigit() else value))
    return options


def _credentials(path: str) -> Any:
    config = read_declared(path, "SSLConfig")
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


class RpcServer:
    """Serves PredictionService, ModelService and, if wanted, grpc.health.v1.

    Args:
        core: The models.
        engine: Runs them.
        request_log: Receives sampled calls.
        check_method: Enforce method names of signatures.
        as_content: Answer predict with `tensor_content`.
        health: Serve grpc.health.v1.
        max_message_bytes: The largest request.
        idle_seconds: Time a client may leave a greeting or a call half said, or answers unread.
    """

    def __init__(
        self,
        core: ServerCore,
        engine: Engine,
        request_log: RequestLog,
        *,
        check_method: bool = False,
        as_content: bool = False,
        health: bool = False,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        idle_seconds: float = 120.0,
    ) -> None:
        self._prediction = PredictionService(
            core, engine, request_log, check_method=check_method, as_content=as_content
        )
        self._models = ModelService(core)
        self._with_health = health
        self._max_message_bytes = min(max_message_bytes, MAX_MESSAGE_BYTES)
        self._idle_seconds = idle_seconds
        self._health: Any = None
        self._server: Any = None

    async def start(
        self, host: str, port: int, socket_path: str, ssl_config_file: str, channel_arguments: str
    ) -> None:
        """Opens the port (unless 0) and the UNIX socket (unless empty).

        Raises:
            ServingError: INVALID_ARGUMENT when an address cannot be bound.
        """
        plain = not (ssl_config_file or channel_arguments)
        direct = {"/tensorflow.serving.PredictionService/Predict": self._prediction.direct.answer}
        server: Any
        if plain:
            server = Http2Server(direct, self._max_message_bytes, self._idle_seconds)
        else:
            server = _grpcio_server(channel_arguments, self._max_message_bytes)
        self._server = server
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            self._prediction, server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self._models, server)
        if self._with_health:
            self._health = health.aio.HealthServicer()
            health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
            for name in _HEALTH_NAMES:
                await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        if plain:
            await _listen(server, host, port, socket_path)
        else:
            _bind(server, host, port, socket_path, ssl_config_file)
            await server.start()

    async def stop(self, seconds: float) -> None:
        """Refuses new calls and lets running ones finish for at most this long."""
        if self._health is not None:
            await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(seconds)


async def _listen(server: Http2Server, host: str, port: int, socket_path: str) -> None:
    try:
        if port:
            await server.listen(host, port)
    except OSError as error:
        raise cannot_listen(f"{host}:{port}", "--port", error) from None
    try:
        if socket_path:
            await server.listen_unix(socket_path)
    except OSError as error:
        raise cannot_listen(socket_path, "--grpc_socket_path", error) from None


def _grpcio_server(channel_arguments: str, max_message_bytes: int) -> Any:
    options = [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.so_reuseport", 0),
        *_channel_arguments(channel_arguments),
    ]
    return grpc.aio.server(options=options)


def _bind(server: Any, host: str, port: int, socket_path: str, ssl_config_file: str) -> None:
    if port:
        check_free(host, port, "--port")
    try:
        if port:
            address = f"{host}:{port}"
            if ssl_config_file:
                server.add_secure_port(address, _credentials(ssl_config_file))
            else:
                server.add_insecure_port(address)
        if socket_path:
            server.add_insecure_port(f"unix:{socket_path}")
    except RuntimeError as error:
        raise invalid_argument(f"Failed to BuildAndStart gRPC server: {error}") from None
