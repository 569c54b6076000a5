"""A port that is taken: one sentence, before anything is loaded. At the end nobody is left out."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import ngh2
import pytest
import uvloop

from serving.listening import cannot_listen, check_free
from serving.rest.http import HttpServer
from serving.rest.message import Response
from serving.rpc.http2_server import Http2Server
from serving.status import Code, ServingError


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port(taken):
    with pytest.raises(ServingError) as caught:
        check_free("127.0.0.1", taken, "--port")
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == (
        f"Cannot listen on 127.0.0.1:{taken}: Address already in use. Stop the server that runs "
        "there, or choose another --port."
    )


def test_a_free_port_stays_free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    check_free("127.0.0.1", port, "--port")
    check_free("localhost", port, "--port")
    check_free("127.0.0.1", 0, "--port")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))


def test_an_address_that_is_not_ours():
    with pytest.raises(
        ServingError, match=r"listen on 192\.0\.2\.1:9: .* with --host and --port\."
    ):
        check_free("192.0.2.1", 9, "--port")
    with pytest.raises(ServingError, match="Cannot listen on no.such.host.invalid:9: "):
        check_free("no.such.host.invalid", 9, "--port")
    assert "a reason" in cannot_listen("a", "--port", OSError("a reason")).message


@pytest.mark.parametrize("flag", ["--port", "--rest_api_port"])
def test_the_server_says_nothing_else(taken, flag, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "serving", f"--model_base_path={tmp_path}", "--port=0",
         f"--grpc_socket_path={tmp_path}/s", f"{flag}={taken}"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(
        rf"Failed to start server\. Error: .*Cannot listen on 127\.0\.0\.1:{taken}: .*{flag}\.",
        line,
    )


def knocking(port, count, data):
    """Connections that nobody has accepted yet, each with a request on it."""
    found = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for connection in found:
        connection.settimeout(20)
        connection.sendall(data)
    return found


def read_all(connection):
    with connection:
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_who_has_connected_before_the_end_is_answered_rest():
    async def handle(_request):
        return Response(200, b"right")

    async def body():
        server = HttpServer(handle)
        waiting = knocking(await server.start("127.0.0.1", 0), 60, b"GET / HTTP/1.1\r\n\r\n")
        await server.drain(10)
        return waiting

    waiting = uvloop.run(body())
    assert [read_all(connection).endswith(b"right") for connection in waiting] == [True] * 60


def test_who_has_connected_before_the_end_is_answered_rpc():
    """An unknown method: what answers is the server itself."""
    headers = {b":method": b"POST", b":scheme": b"http", b":path": b"/no.Such/One"}
    headers |= {b":authority": b"t", b"content-type": b"application/grpc"}

    def client():
        found = ngh2.Connection(ngh2.Role.CLIENT)
        found.initiate_connection()
        found.send_request(list(headers.items()), end_stream=True)
        return found, found.data_to_send()

    async def body():
        server = Http2Server()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        await server.listen("127.0.0.1", port)
        waiting = knocking(port, 60, client()[1])
        await server.stop(10)
        return waiting

    for connection in uvloop.run(body()):
        reader = client()[0]
        reader.receive_data(read_all(connection))
        (answer,) = [event for event in reader.events() if type(event) is ngh2.ResponseReceived]
        assert dict(answer.headers)[b"grpc-status"] == b"12"
