"""The pool tells the runner of a worker that was killed, also of one that had not spoken yet."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from pipeline.local_cluster import worker_pool


@pytest.mark.parametrize("connected", [False, True])
def test_a_killed_worker_is_reported(
    connected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
    from apache_beam.runners.portability.fn_api_runner import worker_handlers

    from pipeline.engines import lost_workers

    monkeypatch.setattr(worker_handlers, "ControlConnection", lost_workers.Connection)
    monkeypatch.setattr(worker_pool, "READY", ("apache_beam.runners.worker.sdk_worker",))
    server = grpc.server(ThreadPoolExecutor(4))
    port = server.add_insecure_port("127.0.0.1:0")
    servicer = worker_handlers.BeamFnControlServicer(None)
    beam_fn_api_pb2_grpc.add_BeamFnControlServicer_to_server(servicer, server)
    server.start()
    pool = worker_pool.Pool(tmp_path)
    try:
        connection = servicer.get_conn_by_worker_id("w")
        pool.start(f"localhost:{port}", "w", "runner")
        deadline = time.monotonic() + 60
        while connected and connection._input is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        pool._workers["runner", "w"].kill()
        asked = connection.push(beam_fn_api_pb2.InstructionRequest(instruction_id="1"))
        assert asked.get(timeout=60).error == lost_workers.LOST
    finally:
        pool.close()
        server.stop(0)


def test_task_managers_that_share_a_pool_stop_their_own_workers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task manager of Flink calls its first worker 1-1."""
    monkeypatch.setattr(worker_pool, "READY", ("apache_beam.runners.worker.sdk_worker",))
    pool = worker_pool.Pool(tmp_path)
    try:
        for runner in ("one", "other"):
            pool.start("localhost:9", "1-1", runner)  # waits for its runner, which never comes
        one, other = pool._workers["one", "1-1"], pool._workers["other", "1-1"]
        pool.stop("1-1", "somebody else")
        assert one.is_alive() and other.is_alive()
        pool.stop("1-1", "one")
        assert not one.is_alive() and other.is_alive()
    finally:
        pool.close()
    assert not other.is_alive()
