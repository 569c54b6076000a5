"""The gRPC server's addresses: TCP, UNIX socket, TLS, channel arguments; no model is needed."""

import asyncio
import shutil
import socket
import subprocess

import grpc
import pytest

pytest.importorskip("tensorflow")
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    prediction_service_pb2_grpc,
)

from serving.rpc.http2_server import Http2Server
from serving.rpc.server import RpcServer
from serving.status import ServingError


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def answers(channel):
    """Asks for the metadata of no model, which needs none to be refused."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetModelMetadata(get_model_metadata_pb2.GetModelMetadataRequest(), timeout=20)
    assert caught.value.details() == "Missing ModelSpec"


def run(test, *, host="127.0.0.1", port=0, socket_path="", ssl="", arguments=""):
    async def body():
        server = RpcServer(None, None, None, health=True)
        await server.start(host, port, socket_path, ssl, arguments)
        try:
            await test(server)
        finally:
            await server.stop(1)

    asyncio.run(body())


def test_tcp_and_unix_socket(tmp_path):
    port = free_port()

    async def test(server):
        assert isinstance(server._server, Http2Server)
        for address in (f"localhost:{port}", f"unix:{tmp_path}/s"):
            async with grpc.aio.insecure_channel(address) as channel:
                await answers(channel)

    run(test, port=port, socket_path=f"{tmp_path}/s")
    run(test, port=port, socket_path=f"{tmp_path}/s")  # what the first one left is no hindrance


@pytest.mark.parametrize("arguments", ["", "grpc.max_concurrent_streams=5"])
def test_health_is_watched_to_the_end(arguments):
    port = free_port()

    async def test(server):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.Check(health_pb2.HealthCheckRequest(service="none"), timeout=20)
            assert caught.value.code() == grpc.StatusCode.NOT_FOUND
            watching = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
            assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
            stopping = asyncio.create_task(server.stop(0.5))
            assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            await stopping

    run(test, port=port, arguments=arguments)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_tls(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-days", "2",
         "-keyout", f"{tmp_path}/key", "-out", f"{tmp_path}/certificate"],
        check=True, capture_output=True,
    )  # fmt: skip
    key, certificate = ((tmp_path / name).read_text() for name in ("key", "certificate"))
    config = tmp_path / "ssl.config"
    texts = (text.replace("\n", "\\n") for text in (key, certificate))
    config.write_text('server_key: "{}" server_cert: "{}" client_verify: false'.format(*texts))
    port = free_port()

    async def test(_server):
        trusted = grpc.ssl_channel_credentials(certificate.encode())
        async with grpc.aio.secure_channel(f"localhost:{port}", trusted) as channel:
            await answers(channel)

    run(test, port=port, ssl=str(config))


@pytest.mark.parametrize("arguments", ["", "grpc.max_concurrent_streams=5"])
def test_a_taken_address_is_said_once(tmp_path, arguments, capfd):
    async def never(_server):
        raise AssertionError("the server has started")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(ServingError, match=f"Cannot listen on 127.0.0.1:{port}: Address alre"):
            run(never, port=port, arguments=arguments)
    assert capfd.readouterr().err == ""
    if not arguments:
        with pytest.raises(ServingError, match="Cannot listen on .*/no/s: No such file"):
            run(never, socket_path=f"{tmp_path}/no/s")
