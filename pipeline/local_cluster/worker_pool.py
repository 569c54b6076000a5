"""A pool of Python workers on loopback: a runner asks it for one, it forks a process that is ready.

Beam's own pool listens on all interfaces without authentication, leaves the workers' output in a
pipe that nobody reads, and starts every worker from nothing: ten seconds of imports for each worker
of each job. Here they are imported once, in a server that does nothing but fork.

    python -m pipeline.local_cluster.worker_pool --port 50000 --logs FOLDER
"""

import argparse
import multiprocessing
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

READY = (
    "apache_beam.runners.worker.sdk_worker",
    "tensorflow",
    "tensorflow_transform.beam.impl",
    "tensorflow_data_validation",
    "tensorflow_model_analysis",
    "tfx.components.transform.executor",
)
"""What workers need and takes long to import; none of it starts anything that a fork would break."""

STATE_CACHE = 100 << 20
"""Bytes of side inputs that a worker keeps between bundles."""

PATIENCE = 10.0
"""Seconds between asking a worker to stop and ending it."""


def work(control: str, worker_id: str, log: str) -> None:
    """A worker's life, in a process of its own: it ends when the runner hangs up."""
    with open(log, "ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    from apache_beam.runners.worker.sdk_worker import SdkHarness

    SdkHarness(control, worker_id=worker_id, state_cache_size=STATE_CACHE).run()


class Pool:
    """The service; Beam's name for it is external worker pool."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(READY))
        self._workers: dict[tuple[str, str], ForkServerProcess] = {}
        self._count = 0
        self._lock = threading.Lock()

    def start(self, control: str, worker_id: str, runner: str) -> None:
        """Starts a worker.

        Args:
          control: the runner's endpoint.
          worker_id: the runner's name for it.
          runner: who asks; every task manager of Flink calls its first worker 1-1.
        """
        with self._lock:
            self._count += 1
            log = str(self._logs / f"worker-{self._count:04d}.log")
            process = self._context.Process(target=work, args=(control, worker_id, log))
            process.start()
            self._workers[runner, worker_id] = process
        threading.Thread(
            target=self._watch, args=(process, control, runner, worker_id), daemon=True
        ).start()

    def stop(self, worker_id: str, runner: str) -> None:
        """Stops a worker; nothing happens where that runner has none of that name.

        Nothing has to: a worker ends by itself when its runner hangs up.
        """
        with self._lock:
            process = self._workers.pop((runner, worker_id), None)
        if process is not None:
            self._end([process])

    def _watch(self, process: ForkServerProcess, control: str, runner: str, worker_id: str) -> None:
        """Tells the runner of a worker that ended and was not asked to."""
        wait([process.sentinel])
        with self._lock:
            asked = self._workers.get((runner, worker_id)) is not process
            if not asked:
                del self._workers[runner, worker_id]
        if not asked and process.exitcode:
            report_lost(control, worker_id)

    def close(self) -> None:
        """Stops them all."""
        with self._lock:
            running = list(self._workers.values())
            self._workers.clear()
        self._end(running)

    def _end(self, processes: list[ForkServerProcess]) -> None:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()


def report_lost(control: str, worker_id: str) -> None:
    """Breaks a worker's control stream in its place.

    A runner sees the stream of a worker break, but waits for ever for one that was killed before it
    had opened any. One that had is known by then: the runner refuses a second stream.

    Args:
      control: the runner's endpoint.
      worker_id: the runner's name for the worker.
    """
    import grpc
    from apache_beam.portability.api import beam_fn_api_pb2_grpc

    answers: queue.Queue[Any] = queue.Queue()
    with grpc.insecure_channel(control) as channel:
        stub = beam_fn_api_pb2_grpc.BeamFnControlStub(channel)
        stream = stub.Control(iter(answers.get, None), metadata=(("worker_id", worker_id),))
        try:
            next(stream, None)  # the request that nobody will answer
        except grpc.RpcError:
            pass  # refused, or the runner is gone
        finally:
            stream.cancel()
            answers.put(None)


def serve(pool: Pool, port: int) -> Any:
    """The pool's gRPC server, on loopback; None where the port is taken."""
    # Only here: a process that has used gRPC is not to be forked.
    import grpc
    from apache_beam.portability.api import beam_fn_api_pb2 as messages
    from apache_beam.portability.api import beam_fn_api_pb2_grpc
    from apache_beam.utils import thread_pool_executor

    class Service(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
        def StartWorker(self, request: Any, context: Any) -> Any:
            try:
                pool.start(request.control_endpoint.url, request.worker_id, context.peer())
            except OSError as error:
                return messages.StartWorkerResponse(error=str(error))
            return messages.StartWorkerResponse()

        def StopWorker(self, request: Any, context: Any) -> Any:
            pool.stop(request.worker_id, context.peer())
            return messages.StopWorkerResponse()

    server = grpc.server(thread_pool_executor.shared_unbounded_instance())
    try:
        server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError:
        return None
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(Service(), server)
    server.start()
    return server


def main(argv: list[str]) -> int:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    options = parser.parse_args(argv)
    pool = Pool(options.logs)
    server = serve(pool, options.port)
    if server is None:
        print(f"port {options.port} is taken", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    print(f"workers at 127.0.0.1:{options.port}", flush=True)
    stopped.wait()
    server.stop(0)
    pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
