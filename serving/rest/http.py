"""The HTTP server: listens, keeps track of connections, drains."""

from __future__ import annotations

import asyncio
import time

from serving.listening import let_in
from serving.rest.http_protocol import AccessLog, Handle, HttpLimits, HttpProtocol

_SWEEP_SECONDS = 2.0


class HttpServer:
    """Listens, keeps track of connections, drains.

    Args:
        handle: Answers requests.
        limits: What a connection may cost.
        access_log: Called after each answer, None for no log.
    """

    def __init__(
        self, handle: Handle, limits: HttpLimits | None = None, access_log: AccessLog | None = None
    ) -> None:
        self.handle = handle
        self.limits = limits or HttpLimits()
        self.access_log = access_log
        self.connections: set[HttpProtocol] = set()
        self.draining = False
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        self._server: asyncio.AbstractServer | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Opens the port (0 for a free one) and returns its number.

        Raises:
            OSError: the address is in use or not ours.
        """
        self.loop = asyncio.get_running_loop()
        self._server = await self.loop.create_server(
            lambda: HttpProtocol(self), host, port, backlog=4096
        )
        self._sweep()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in list(self.connections):
            connection.expire(now)
        self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)

    async def drain(self, seconds: float) -> None:
        """Stops listening, lets running requests finish for at most this long, closes all."""
        if self._server is not None:
            await let_in(lambda: len(self.connections), seconds)
        self.draining = True
        if self._server is not None:
            self._server.close()
        deadline = time.monotonic() + seconds
        for connection in list(self.connections):
            connection.drain()
        while self.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
