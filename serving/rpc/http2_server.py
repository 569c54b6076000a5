"""The gRPC server for plain connections: knows the methods, listens, keeps connections, drains."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from serving.listening import let_in
from serving.rpc.connection import RpcConnection
from serving.rpc.framing import MAX_MESSAGE_BYTES
from serving.rpc.stream import Direct, Method

_SWEEP_SECONDS = 2.0
_MAX_CONNECTIONS = 16384
_NOTICE_SECONDS = 0.1
_READ_BYTES = 1 << 16


class _Details(NamedTuple):
    """A method as grpc's generic handlers are asked for it."""

    method: str
    invocation_metadata: tuple[()] = ()


class Http2Server:
    """Serves grpcio's generated services, as `grpc.aio.server` does: unary requests, no TLS.

    Args:
        direct: By path, what answers instead of the service, and at once where it can: takes a
            request and its deadline, returns a message or a coroutine, raises ServingError.
        max_message_bytes: The largest request.
        patience: Seconds a client may leave a greeting or a call half said, or answers unread.
    """

    def __init__(
        self,
        direct: Mapping[str, Direct] | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        patience: float = 120.0,
    ) -> None:
        self._direct = direct or {}
        self.max_message_bytes = max_message_bytes
        self._patience = patience
        self.buffer = memoryview(bytearray(_READ_BYTES))
        """What all connections read into."""
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="inflate")
        self.connections: set[RpcConnection] = set()
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        self._services: list[Any] = []
        self._methods: dict[bytes, Method] = {}  # by path, as they are asked for
        self._listening: list[asyncio.AbstractServer] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._ending = False
        self._met = 0

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Adds a service; called by the generated `add_…Servicer_to_server`."""
        self._services.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """What newer generated code calls besides; the generic handlers are enough here."""

    def method(self, path: bytes) -> Method | None:
        """What answers a path like `/package.Service/Method`; None when nothing does."""
        if path in self._methods:
            return self._methods[path]
        name = path.decode("utf-8", "replace")
        found = (service.service(_Details(name)) for service in self._services)
        handler = next(filter(None, found), None)
        method = None
        if handler is not None and not handler.request_streaming:
            method = Method(
                handler.request_deserializer,
                handler.response_serializer,
                handler.unary_stream if handler.response_streaming else handler.unary_unary,
                handler.response_streaming,
                self._direct.get(name),
            )
            self._methods[path] = method
        return method

    async def listen(self, host: str, port: int) -> None:
        """Opens a TCP port.

        Raises:
            OSError: the address is in use or not ours.
        """
        loop = self._begin()
        self._listening.append(
            await loop.create_server(lambda: RpcConnection(self), host, port, backlog=4096)
        )

    async def listen_unix(self, path: str) -> None:
        """Opens a UNIX socket; a socket that a dead server left behind is replaced.

        Raises:
            OSError: the path cannot be bound.
        """
        loop = self._begin()
        self._listening.append(await loop.create_unix_server(lambda: RpcConnection(self), path))

    def _begin(self) -> asyncio.AbstractEventLoop:
        if self._sweeper is None:
            self.loop = asyncio.get_running_loop()
            self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)
        return self.loop

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in list(self.connections):
            connection.sweep(now, self._patience)
        self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)

    def admits(self, connection: RpcConnection) -> bool:
        """Takes a connection in, unless the server ends, or has too many and none that is idle."""
        self._met += 1
        if self._ending:
            return False
        if len(self.connections) >= _MAX_CONNECTIONS:
            idle = (other for other in self.connections if other.idle)
            longest = min(idle, key=lambda other: other.heard, default=None)
            if longest is None:
                return False
            self.connections.discard(longest)
            longest.out.refuse_new()
            longest.close()
        self.connections.add(connection)
        return True

    async def stop(self, seconds: float) -> None:
        """Stops listening, lets running calls finish for at most this long, closes all."""
        await let_in(lambda: self._met, seconds)
        self._ending = True
        for listening in self._listening:
            listening.close()
        deadline = time.monotonic() + seconds
        for connection in list(self.connections):
            connection.out.announce_end()
        if self.connections:  # calls may be on their way to us
            await asyncio.sleep(min(_NOTICE_SECONDS, seconds))
            await let_in(lambda: self._met, seconds)
        for connection in list(self.connections):
            connection.out.refuse_new()
        while time.monotonic() < deadline and any(c.busy for c in self.connections):
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.pool.shutdown(wait=False, cancel_futures=True)
