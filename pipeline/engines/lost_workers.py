"""A worker that dies fails its job. Beam's in-process runner waits for it for ever instead.

FnApiRunner asks a worker for a bundle and waits for its answer; that the connection broke (a worker
killed by the system for its memory, say) ends a thread and nobody's waiting.
"""

import contextlib
import threading
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers

LOST = (
    "a worker process ended in the middle of its work. If the system killed it for its memory "
    "(`dmesg` says so), run with fewer workers (engine.workers, engine.parallelism) or in more and "
    "smaller files"
)


class Connection(worker_handlers.ControlConnection):
    """The runner's end of a worker's control stream."""

    def __init__(self) -> None:
        super().__init__()
        self._lost = False
        self._asking = threading.Lock()

    def push(self, req: Any) -> Any:
        with self._asking:
            future = super().push(req)
            if future is not None and self._lost:
                self._fail(req.instruction_id)
        return future

    def _read(self) -> None:
        # A broken stream is an error, or just an end where gRPC saw that first: no answer comes after
        # either.
        with contextlib.suppress(grpc.RpcError):
            super()._read()
        with self._asking:
            self._lost = True
            for instruction in list(self._futures_by_id):
                self._fail(instruction)

    def _fail(self, instruction: str) -> None:
        # An answer with an error, not an abort: it also ends the wait for the worker's data.
        answer = beam_fn_api_pb2.InstructionResponse(instruction_id=instruction, error=LOST)
        self._futures_by_id.pop(instruction).set(answer)


def watch() -> None:
    """From now on jobs of FnApiRunner in this process fail when they lose a worker."""
    worker_handlers.ControlConnection = Connection
