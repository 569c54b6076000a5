"""A server of our own as a separate process: what it tells, and that it never outlives its use."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from components.infra_validator import embedded
from components.infra_validator.config import InfraValidateSection
from components.infra_validator.refusal import NoServerError, NotServableError

Models = Callable[[str], Path]
ROW = {"age": 3.0, "city": "Bern"}


def servers() -> list[psutil.Process]:
    """Model servers that this process has started and that still run."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if any("--model_name=candidate-" in part for part in child.cmdline())
    ]


def test_a_model_that_hangs_and_a_server_that_dies(models: Models) -> None:
    section = InfraValidateSection(answer_seconds=2)
    with embedded.serve(models("hang"), section) as served:
        assert 0 < served.load_seconds < section.start_seconds
        with pytest.raises(NotServableError, match="asked for 1 row: .*within 2 seconds"):
            served.ask([ROW])
        [server] = servers()
        connections = server.net_connections("tcp")
        assert {connection.laddr.ip for connection in connections} == {"127.0.0.1"}
        os.kill(server.pid, signal.SIGSEGV)
        with pytest.raises(NotServableError, match=r"asked for 2 rows: the server died of SIGSEGV"):
            served.ask([ROW, ROW])
    assert servers() == []


def test_a_model_that_is_not_loaded_in_time(models: Models) -> None:
    section = InfraValidateSection(start_seconds=0.2)
    with (
        pytest.raises(NotServableError, match=r"not loaded within 0\.2 s .*start_seconds"),
        embedded.serve(models("good"), section),
    ):
        pass
    assert servers() == []


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x0a\xff\xff")
    with (
        pytest.raises(NotServableError, match="the server could not load it: Failed to start"),
        embedded.serve(tmp_path, InfraValidateSection()),
    ):
        pass
    assert servers() == []


@pytest.mark.slow
def test_a_port_that_somebody_takes(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], embedded.free_port()]
        monkeypatch.setattr(embedded, "free_port", lambda: ports.pop(0))
        with embedded.serve(models("good"), InfraValidateSection()) as served:
            assert served.ask([ROW])[0]["class"] == "no"
        monkeypatch.setattr(embedded, "free_port", lambda: taken.getsockname()[1])
        monkeypatch.setattr(embedded, "_ATTEMPTS", 1)
        with (
            pytest.raises(NoServerError, match="no port to serve on"),
            embedded.serve(models("good"), InfraValidateSection()),
        ):
            pass
    assert servers() == []


def test_no_server_of_ours_survives_a_killed_pipeline(models: Models, root: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from components.infra_validator import embedded\n"
        "from components.infra_validator.config import InfraValidateSection\n"
        "with embedded.serve(Path(sys.argv[1]), InfraValidateSection()): pass\n"
    )
    command = [sys.executable, "-c", program, str(models("good"))]
    pipeline = subprocess.Popen(command, cwd=root)
    deadline = time.monotonic() + 60
    while not (children := psutil.Process(pipeline.pid).children()):
        assert pipeline.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(pipeline.pid, signal.SIGKILL)
    pipeline.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
