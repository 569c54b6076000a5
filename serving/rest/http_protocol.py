"""One HTTP connection: an asyncio protocol on httptools, made for short requests on kept connections.

Starlette on uvicorn decodes paths, knows its own methods and costs about 60 microseconds a
request; TF Serving dispatches on the raw target and answers unknown methods with libevent's page.
So the protocol is written out here: parse, hand over, write, in one pass through the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import httptools

from serving.rest.handler import Pending
from serving.rest.http_encode import encode
from serving.rest.message import JSON, Request, Response, html_page

Handle = Callable[[Request], Response | Pending]
AccessLog = Callable[[str, Request, Response, float], None]
_MAX_HEAD_BYTES = 64 << 10
_MAX_PIPELINED = 32


class HttpLimits:
    """What a connection may cost.

    Args:
        body_bytes: Largest request body; more is answered 413.
        idle_seconds: Time a connection may stay silent between or within requests.
        request_seconds: Time a request may take to arrive completely.
        connections: Connections held at once; further ones are closed.
    """

    def __init__(
        self,
        body_bytes: int = 256 << 20,
        idle_seconds: float = 120.0,
        request_seconds: float = 300.0,
        connections: int = 16384,
    ) -> None:
        self.body_bytes = body_bytes
        self.idle_seconds = idle_seconds
        self.request_seconds = request_seconds
        self.connections = connections


class Listener(Protocol):
    """What a connection needs of the server that accepted it."""

    handle: Handle
    limits: HttpLimits
    access_log: AccessLog | None
    connections: set[HttpProtocol]
    draining: bool
    loop: asyncio.AbstractEventLoop


def _target_text(url: bytes) -> str:
    target = url.decode("utf-8", "surrogateescape")
    if not target.startswith("/") and "://" in target:  # absolute form, as proxies send it
        parts = urlsplit(target)
        target = target.partition("://")[2].partition(parts.netloc)[2] or "/"
    return target


class HttpProtocol(asyncio.Protocol):
    """One connection. Requests are answered in the order of their arrival, one at a time."""

    def __init__(self, server: Listener) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._arriving_since: float | None = None
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._paused = False
        self._closing = False
        self.last_active = 0.0

    # -- connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.last_active = time.monotonic()
        connections = self._server.connections
        if len(connections) >= self._server.limits.connections or self._server.draining:
            transport.close()
            return
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._closing = True
        self._waiting.clear()

    def eof_received(self) -> bool:
        """The client has closed its side: what it has asked for is still answered."""
        self._closing = True
        return self.busy

    def pause_writing(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if len(self._waiting) < _MAX_PIPELINED:
            self._transport.resume_reading()

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._task is not None or bool(self._waiting)

    def expire(self, now: float) -> None:
        """Closes the connection if it has been silent, or a request arriving, for too long."""
        limits = self._server.limits
        started = self._arriving_since
        if started is not None and now - started > limits.request_seconds:
            self._refuse(408)
        elif not self.busy and now - self.last_active > limits.idle_seconds:
            self._refuse(408) if started is not None else self._close()

    def drain(self) -> None:
        """Closes the connection as soon as it is idle."""
        self._closing = True
        if not self.busy:
            self._close()

    def _close(self) -> None:
        self._closing = True
        if not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """Closes the connection at once."""
        self._transport.abort()

    # -- parsing ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self.last_active = time.monotonic()
        if self._closing:
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserInvalidMethodError:
            self._refuse(501)
        except httptools.HttpParserUpgrade:
            self._refuse(501 if self._parser.get_method() == b"CONNECT" else 400)
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            if self._arriving_since is None:
                self._head_bytes = 0
            elif not self._body_bytes and self._head_bytes > _MAX_HEAD_BYTES and not self._in_body:
                self._refuse(400)

    _in_body = False

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = []
        self._body_bytes = 0
        self._in_body = False
        self._arriving_since = self.last_active

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._in_body = True
        length = self._headers.get(b"content-length")
        if length is not None and int(length) > self._server.limits.body_bytes:
            self._refuse(413)
        elif self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._closing:
            return
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > self._server.limits.body_bytes:
            self._body = []
            self._refuse(413)

    def on_message_complete(self) -> None:
        self._arriving_since = None
        self._in_body = False
        if self._closing and not self._server.draining:
            return
        parts = self._body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._body = []
        method = self._parser.get_method().decode("ascii")
        request = Request(method, _target_text(self._url), self._headers, body)
        keep = self._parser.should_keep_alive()
        if self._task is None and not self._waiting:
            self._answer(request, keep)
            return
        self._waiting.append((request, keep))
        if len(self._waiting) >= _MAX_PIPELINED:
            self._transport.pause_reading()

    # -- answering ----------------------------------------------------------------------------

    def _answer(self, request: Request, keep: bool) -> None:
        start = time.perf_counter()
        answer = self._server.handle(request)
        if isinstance(answer, Response):
            self._write(request, answer, keep, start)
        else:
            self._task = self._server.loop.create_task(
                self._answer_later(request, answer, keep, start)
            )

    async def _answer_later(
        self, request: Request, answer: Pending, keep: bool, start: float
    ) -> None:
        self._write(request, await answer, keep, start)
        self._task = None
        while self._waiting and self._task is None and not self._transport.is_closing():
            self._answer(*self._waiting.popleft())
        if len(self._waiting) < _MAX_PIPELINED and not self._paused:
            self._transport.resume_reading()

    def _write(self, request: Request, response: Response, keep: bool, start: float) -> None:
        keep = keep and not self._closing and not self._server.draining
        if not self._transport.is_closing():
            self._transport.write(encode(response, keep, request.method == "HEAD"))
            self.last_active = time.monotonic()
            if not keep and not self._waiting:
                self._close()
        if self._server.access_log is not None:
            peer = self._transport.get_extra_info("peername")
            self._server.access_log(
                str(peer[0]) if peer else "-", request, response, time.perf_counter() - start
            )

    def _refuse(self, status: int) -> None:
        """Answers a request that cannot be read, and closes."""
        if not self._transport.is_closing() and not self.busy:
            if status == 413:
                text = b'{\n    "error": "Request body is larger than this server accepts"\n}'
                response = Response(413, text, JSON)
            else:
                response = html_page(status)
            self._transport.write(encode(response, False, False))
        self._close()
