"""Real servers for the tests: processes on free ports, and a small HTTP client."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    """A REST answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json()["error"]


class Rest:
    """Calls a REST server by raw targets."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.host, _, port = self.url.removeprefix("http://").partition(":")
        self.port = int(port or 80)

    def call(self, method: str, target: str, body=None, headers=None) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, target: str, **headers) -> Answer:
        return self.call("GET", target, headers=headers)

    def post(self, target: str, body, **headers) -> Answer:
        return self.call("POST", target, body, headers)

    def predict(self, model: str, body) -> Answer:
        return self.post(f"/v1/models/{model}:predict", body)

    def states(self, model: str) -> dict[int, str]:
        answer = self.get(f"/v1/models/{model}")
        if answer.status != 200:
            return {}
        return {
            int(entry["version"]): entry["state"] for entry in answer.json()["model_version_status"]
        }


class ServerProcess:
    """`python -m serving` with these flags, ports chosen here."""

    def __init__(self, log: Path, *flags: str) -> None:
        self.rest_port, self.grpc_port = free_port(), free_port()
        self.log = log
        command = [
            sys.executable, "-m", "serving", f"--rest_api_port={self.rest_port}",
            f"--port={self.grpc_port}", *flags,
        ]  # fmt: skip
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT
            )
        self.rest = Rest(f"http://127.0.0.1:{self.rest_port}")
        self.grpc = f"127.0.0.1:{self.grpc_port}"

    def listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.rest_port)) == 0

    def wait(self, seconds: float = 90) -> "ServerProcess":
        wait_until(lambda: self.listening() or self.process.poll() is not None, seconds)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def resident_kib(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def until():
    return wait_until


@pytest.fixture(scope="session")
def rest_client():
    return Rest


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """Starts servers that are stopped at the end of the session at the latest."""
    started = []

    def start(*flags: str, wait: bool = True) -> ServerProcess:
        log = tmp_path_factory.mktemp("server") / "log.txt"
        server = ServerProcess(log, *flags)
        started.append(server)
        return server.wait() if wait else server

    yield start
    for server in started:
        with contextlib.suppress(Exception):
            server.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def sample_models(tmp_path_factory) -> Path:
    """Directory with half_plus_two/00000123, versions/{1,2}, zoo/1 and models.config."""
    root = tmp_path_factory.mktemp("models")
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(
        [sys.executable, "-m", "serving.conformance", "models", str(root)],
        check=True, cwd=ROOT, env=environment, capture_output=True,
    )  # fmt: skip
    return root
