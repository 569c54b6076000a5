"""A port that is taken: one sentence, before anything is loaded."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from serving.listening import cannot_listen, check_free
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
