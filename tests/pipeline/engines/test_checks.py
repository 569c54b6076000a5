"""pipeline/engines/checks.py: against real sockets, a real HTTP server, and programs in Java's place."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines import checks


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[str]:
    """A server on loopback with a JSON answer per path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path in answers
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path)).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("address", ["", "8099", "localhost", "localhost:", ":8099", "a:b"])
def test_an_address_that_is_none(address: str) -> None:
    [line] = checks.endpoint(address, "the job server", "start it")
    assert "expected host:port" in line and repr(address) in line


def test_an_address_where_nobody_listens() -> None:
    [line] = checks.endpoint("127.0.0.1:9", "the job server", "start it")
    assert line.startswith("the job server does not answer at 127.0.0.1:9 (Connection refused)")
    assert line.endswith(": start it")


def test_a_healthy_flink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # a cluster is never asked through one
    answers = {"/config": {"flink-version": "1.20.5"}, "/overview": {"slots-total": 2}}
    with answering(answers) as url:
        assert checks.flink_master(url, 2, "") == []


def test_flink_of_another_version_with_too_few_slots() -> None:
    answers = {"/config": {"flink-version": "2.1.0"}, "/overview": {"slots-total": 1}}
    with answering(answers) as url:
        version, slots = checks.flink_master(url, 4, "")
    assert "Flink 2.1.0" in version and "1.19 and 1.20" in version
    assert "1 task slots" in slots and "--set engine.parallelism=1" in slots


def test_something_else_than_flink() -> None:
    with answering({}) as url:
        [line] = checks.flink_master(url, 1, "start it")
    assert line.startswith("no Flink JobManager answers at") and line.endswith("start it")
    [line] = checks.flink_master("localhost:8081", 1, "")
    assert "expected http://host:port" in line


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('openjdk version "17.0.15" 2025-04-15', ""),
        ('openjdk version "11.0.2" 2019-01-15', ""),
        ('java version "1.8.0_402"', "Java 1;"),
        ('openjdk version "21.0.1" 2023-10-17', "Java 21;"),
        ("command not understood", "unknown version"),
    ],
)
def test_java_by_what_it_says(tmp_path: Path, said: str, wrong: str) -> None:
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    found = checks.java(str(program))
    assert (wrong in found[0] and "openjdk-17" in found[0]) if wrong else found == []


def test_no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no `java` on PATH" in checks.java()[0]


def test_a_jar_of_another_beam(tmp_path: Path) -> None:
    kind = "beam-runners-flink-1.20-job-server"
    [missing] = checks.job_server_jar(tmp_path / "x.jar", kind, "2.77.0")
    assert "mvn dependency:copy" in missing and f"{kind}:2.77.0" in missing
    (tmp_path / f"{kind}-2.60.0.jar").touch()
    [other] = checks.job_server_jar(tmp_path / f"{kind}-2.60.0.jar", kind, "2.77.0")
    assert f"needs {kind}-2.77.0.jar" in other
    (tmp_path / f"{kind}-2.77.0.jar").touch()
    assert checks.job_server_jar(tmp_path / f"{kind}-2.77.0.jar", kind, "2.77.0") == []


def test_a_shared_folder(tmp_path: Path) -> None:
    assert checks.folder(str(tmp_path), "engine.staging") == []
    assert not list(tmp_path.iterdir())
    assert "is not set" in checks.folder("", "engine.staging")[0]
    assert "no folder" in checks.folder(str(tmp_path / "x"), "engine.staging")[0]
    # A file in the place of a folder, and a folder that nobody may write to (root may).
    assert "no folder" in checks.folder(__file__, "engine.staging")[0]
    assert "cannot be written" in checks.folder("/proc", "engine.staging")[0]
