"""One gRPC connection: an asyncio protocol on libnghttp2, made for short calls.

grpcio's server hands every call through its own threads three times, which costs a tiny model's
call 200 microseconds; here a call is read, answered and written in one pass of the event loop, and
the answers of all calls that came together leave in one write.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import grpc
import ngh2

from serving.rpc import framing
from serving.rpc.calls import Calls
from serving.rpc.outgoing import Outgoing
from serving.rpc.stream import Method, Stream

log = logging.getLogger(__name__)

_SETTINGS = {
    ngh2.Setting.MAX_CONCURRENT_STREAMS: 1_000,
    ngh2.Setting.INITIAL_WINDOW_SIZE: 4 << 20,
    ngh2.Setting.MAX_FRAME_SIZE: 1 << 20,
    ngh2.Setting.MAX_HEADER_LIST_SIZE: 16 << 10,
}
_WINDOW_BYTES = 16 << 20
# Clients whose deadlines are short cancel many calls; that is no attack. Larger headers than are
# announced end the connection, with every call on it, so that limit is a wider one.
_CONFIGURATION = ngh2.Configuration(
    stream_reset_rate_limit=(20_000, 2_000), max_inbound_header_list_size=64 << 10
)
_LONG_READ_BYTES = 16 << 10
_LONGEST_QUOTE = 100

_UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]
_INTERNAL = grpc.StatusCode.INTERNAL.value[0]


class Listener(Protocol):
    """What a connection needs of the server that accepted it."""

    loop: asyncio.AbstractEventLoop
    pool: ThreadPoolExecutor
    buffer: memoryview
    max_message_bytes: int
    connections: set[RpcConnection]

    def admits(self, connection: RpcConnection) -> bool:
        """Takes a connection in, or does not."""

    def method(self, path: bytes) -> Method | None:
        """What answers a path; None when nothing does."""


class RpcConnection(asyncio.BufferedProtocol):
    """Answers the calls of one client."""

    def __init__(self, server: Listener) -> None:
        self._server = server
        self._http = ngh2.Connection(ngh2.Role.SERVER, _CONFIGURATION)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self.out: Outgoing = None  # type: ignore[assignment]
        self.calls: Calls = None  # type: ignore[assignment]
        self.heard = time.monotonic()
        """When something came last, by `time.monotonic`."""
        self._greeted = False

    # -- connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.out = Outgoing(self._http, self._transport, self._server.loop)
        self.calls = Calls(self._server.loop, self._server.pool, self.out)
        if not self._server.admits(self):
            transport.close()
            return
        self._http.initiate_connection(_SETTINGS)
        self._http.set_local_window_size(_WINDOW_BYTES)
        self.out.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self.out.release()
        self.calls.release()

    def pause_writing(self) -> None:
        self.out.pause()

    def resume_writing(self) -> None:
        self.out.resume()
        self.calls.go_on()

    @property
    def busy(self) -> bool:
        """Whether calls are being answered, or answers wait to be written."""
        return self.calls.running or self.out.pending

    @property
    def idle(self) -> bool:
        """Whether nothing is asked and nothing waits to be written."""
        return not self.calls.streams and not self.out.pending

    def sweep(self, now: float, patience: float) -> None:
        """Ends what has come to no end: calls, a greeting, answers that nobody reads.

        Args:
            now: `time.monotonic` value.
            patience: Seconds.
        """
        silent = not self._greeted and now - self.heard > patience
        if silent or self.out.stalled(now, patience):
            self._transport.abort()
        else:
            self.calls.sweep(now, patience)

    def close(self) -> None:
        """Ends the connection, writing what is there to be written."""
        self.calls.end_all()
        self.out.flush()
        self._transport.close()

    # -- reading ------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.buffer  # every read is taken in before the next one begins

    def buffer_updated(self, nbytes: int) -> None:
        self.heard = time.monotonic()
        if nbytes > _LONG_READ_BYTES:  # there will be more: others come first
            self._transport.pause_reading()
            self._server.loop.call_soon(self._read_on)
        http = self._http
        self.out.hold()
        try:
            http.receive_data(self._server.buffer[:nbytes])
            event: Any
            for event in http.events():
                kind = type(event)
                if kind is ngh2.DataReceived:
                    self.calls.receive(event.stream_id, event.data, event.end_stream)
                elif kind is ngh2.RequestReceived:
                    self._on_request(event)
                elif isinstance(event, ngh2.StreamClosed):
                    self.calls.closed(event.stream_id)
                elif kind is ngh2.SettingsReceived:
                    self._greeted = True
        except ngh2.NGH2Error as error:
            log.debug("Connection closed: %s", error)
            self.out.fail(isinstance(error, ngh2.DenialOfServiceError))
        self.out.flush()
        self.calls.go_on()

    def _read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _on_request(self, event: Any) -> None:
        headers = dict(event.headers)
        number = event.stream_id
        if headers.get(b":method") != b"POST":
            self.out.refuse(number, b"405")
            return
        if not headers.get(b"content-type", b"").startswith(b"application/grpc"):
            self.out.refuse(number, b"415")
            return
        method = self._server.method(headers.get(b":path", b""))
        encoding = headers.get(b"grpc-encoding", b"identity")
        if method is None:
            self._decline(event, _UNIMPLEMENTED, "Method not found!")
        elif encoding not in framing.ENCODINGS:
            quoted = encoding[:_LONGEST_QUOTE].decode("ascii", "replace")
            self._decline(event, _UNIMPLEMENTED, f"Compression {quoted} is not supported")
        elif event.end_stream:
            self._decline(event, _INTERNAL, "The call carries no message")
        else:
            seconds = framing.timeout_seconds(headers.get(b"grpc-timeout", b""))
            deadline = None if seconds is None else self.heard + seconds
            self.calls.streams[number] = Stream(
                method, deadline, encoding, self._server.max_message_bytes, self.heard
            )

    def _decline(self, event: Any, code: int, text: str) -> None:
        self.out.status(event.stream_id, code, text, True, cut=not event.end_stream)
