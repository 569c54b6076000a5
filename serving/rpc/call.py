"""One call as its handler sees it: what handlers of ours and of grpcio-health-checking use."""

from __future__ import annotations

import time
from typing import Any, NoReturn, Protocol

import grpc


class CallEnded(Exception):
    """Raised by `Call.abort`: the call ends with this status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Answering(Protocol):
    """Where messages of a streaming answer go."""

    async def send(self, stream: int, message: bytes) -> None: ...


class Call:
    """The part of `grpc.aio.ServicerContext` that handlers here need.

    Args:
        connection: That the call came on.
        stream: Its HTTP/2 stream.
        serialize: Turns a message of the answer into bytes.
        deadline: `time.monotonic` value, None for none.
    """

    __slots__ = ("_connection", "_serialize", "_stream", "deadline")

    def __init__(
        self, connection: Answering, stream: int, serialize: Any, deadline: float | None
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._serialize = serialize
        self.deadline = deadline

    def time_remaining(self) -> float | None:
        """Seconds until the caller gives up; None when it never does."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    async def abort(self, code: grpc.StatusCode, details: str = "") -> NoReturn:
        """Ends the call with a status other than OK."""
        raise CallEnded(code.value[0], details)

    async def write(self, message: Any) -> None:
        """Sends one message of a streaming answer."""
        await self._connection.send(self._stream, self._serialize(message))
