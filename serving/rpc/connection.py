"""One gRPC connection: an asyncio protocol on libnghttp2, made for short calls.

grpcio's server hands every call through its own threads three times, which costs a tiny model's
call 200 microseconds; here a call is read, answered and written in one pass of the event loop, and
the answers of all calls that came together leave in one write.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import grpc
import ngh2

from serving.rpc import framing
from serving.rpc.call import Call, CallEnded

if TYPE_CHECKING:
    from serving.rpc.http2_server import Http2Server

log = logging.getLogger(__name__)

_SETTINGS = {
    ngh2.Setting.MAX_CONCURRENT_STREAMS: 10_000,
    ngh2.Setting.INITIAL_WINDOW_SIZE: 4 << 20,
    ngh2.Setting.MAX_FRAME_SIZE: 1 << 20,
    ngh2.Setting.MAX_HEADER_LIST_SIZE: 16 << 10,
}
_WINDOW_BYTES = 16 << 20
# Clients whose deadlines are short cancel many calls; that is no attack.
_CONFIGURATION = ngh2.Configuration(
    stream_reset_rate_limit=(100_000, 10_000), max_inbound_header_list_size=16 << 10
)
_WRITE_BYTES = 1 << 18
_HANDSHAKE_SECONDS = 120.0

_UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]
_INTERNAL = grpc.StatusCode.INTERNAL.value[0]
_UNKNOWN = grpc.StatusCode.UNKNOWN.value[0]
_DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
_RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


class _Stream:
    """A call: first its message arrives (`parts`), then `task` answers it."""

    __slots__ = ("deadline", "encoding", "handler", "open", "parts", "size", "started", "task")

    def __init__(self, handler: Any, deadline: float | None, encoding: bytes) -> None:
        self.handler = handler
        self.deadline = deadline
        self.encoding = encoding
        self.parts: list[bytes] = []
        self.size = 0
        self.started = False
        self.open = False  # whether the headers of the answer are out
        self.task: asyncio.Task[None] | None = None


class RpcConnection(asyncio.Protocol):
    """Answers the calls of one client."""

    def __init__(self, server: Http2Server) -> None:
        self._server = server
        self._http = ngh2.Connection(ngh2.Role.SERVER, _CONFIGURATION)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._streams: dict[int, _Stream] = {}
        self._since = time.monotonic()
        self._greeted = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._flush_scheduled = False

    # -- connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if not self._server.admits(self):
            transport.close()
            return
        self._http.initiate_connection(_SETTINGS)
        self._http.set_local_window_size(_WINDOW_BYTES)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._may_write.set()
        for stream in list(self._streams.values()):
            if stream.task is not None:
                stream.task.cancel()
        self._streams.clear()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()
        self._flush()

    @property
    def busy(self) -> bool:
        """Whether calls are being answered, or answers wait to be written."""
        return bool(self._streams or self._http.queued_body_size() or not self._may_write.is_set())

    def sweep(self, now: float) -> None:
        """Ends calls that did not arrive in time, and a connection that never spoke HTTP/2."""
        if not self._greeted and now - self._since > _HANDSHAKE_SECONDS:
            self._transport.close()
        for number, stream in list(self._streams.items()):
            if stream.deadline is not None and now > stream.deadline:
                self._expire(number)

    def announce_end(self) -> None:
        """Asks the client for no more calls; those on their way are still answered."""
        self._control(self._http.send_shutdown_notice)

    def refuse_new(self) -> None:
        """Calls that have not begun are the client's to send elsewhere."""
        self._control(self._http.send_goaway)

    def _control(self, say: Any) -> None:
        if not self._transport.is_closing():
            try:
                say()
            except ngh2.NGH2Error as error:
                log.debug("Connection could not be told of the end: %s", error)
            self._flush()

    def close(self) -> None:
        """Ends the connection, writing what is there to be written."""
        self._flush()
        self._transport.close()

    # -- reading ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        http = self._http
        try:
            http.receive_data(data)
            for event in http.events():
                kind = type(event)
                if kind is ngh2.DataReceived:
                    self._on_data(event)
                elif kind is ngh2.RequestReceived:
                    self._on_request(event)
                elif kind is ngh2.StreamClosed:
                    self._on_closed(event.stream_id)
                elif kind is ngh2.SettingsReceived:
                    self._greeted = True
        except ngh2.ConnectionStateError:
            self._transport.close()
        except ngh2.ProtocolError as error:
            log.debug("Connection closed: %s", error)
            self._transport.close()
        else:
            self._flush()

    def _on_request(self, event: Any) -> None:
        headers = dict(event.headers)
        number = event.stream_id
        if not headers.get(b"content-type", b"").startswith(b"application/grpc"):
            self._http.send_response(number, [(b":status", b"415")], end_stream=True)
            return
        handler = self._server.handler(headers.get(b":path", b""))
        encoding = headers.get(b"grpc-encoding", b"identity")
        timeout = headers.get(b"grpc-timeout")
        seconds = None if timeout is None else framing.timeout_seconds(timeout)
        stream = _Stream(handler, None if seconds is None else time.monotonic() + seconds, encoding)
        self._streams[number] = stream
        if handler is None:
            self._end(number, _UNIMPLEMENTED, "Method not found!")
        elif encoding not in framing.ENCODINGS:
            self._end(number, _UNIMPLEMENTED, f"Compression {encoding!r} is not supported")
        elif event.end_stream:
            self._end(number, _INTERNAL, "The call carries no message")

    def _on_data(self, event: Any) -> None:
        number = event.stream_id
        stream = self._streams.get(number)
        if stream is None or stream.started:
            return
        data: bytes = event.data
        stream.size += len(data)
        stream.parts.append(data)
        if stream.size >= framing.PREFIX_BYTES:
            if len(stream.parts[0]) < framing.PREFIX_BYTES:
                stream.parts = [b"".join(stream.parts)]
            length = int.from_bytes(stream.parts[0][1:5], "big")
            if length > framing.MAX_MESSAGE_BYTES:
                self._end(number, _RESOURCE_EXHAUSTED, "Received message larger than max")
                return
            if stream.size >= framing.PREFIX_BYTES + length:
                self._start(number, stream, length)
                return
        if event.end_stream:
            self._end(number, _INTERNAL, "The call ended before its message was complete")

    def _on_closed(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None and stream.task is not None:
            stream.task.cancel()

    # -- answering ----------------------------------------------------------------------------

    def _start(self, number: int, stream: _Stream, length: int) -> None:
        parts, stream.parts, stream.started = stream.parts, [], True
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        message = data[framing.PREFIX_BYTES : framing.PREFIX_BYTES + length]
        handler = stream.handler
        try:
            if data[0]:
                message = framing.inflated(message, stream.encoding)
            request = handler.request_deserializer(message)
        except Exception as error:
            log.debug("A request cannot be read: %s", error)
            self._end(number, _INTERNAL, "Exception deserializing request!")
            return
        call = Call(self, number, handler.response_serializer, stream.deadline)
        loop = self._server.loop
        stream.task = loop.create_task(self._answer(number, handler, request, call))
        if stream.deadline is not None:
            timer = loop.call_later(
                max(stream.deadline - time.monotonic(), 0), self._expire, number
            )
            stream.task.add_done_callback(lambda _: timer.cancel())

    async def _answer(self, number: int, handler: Any, request: Any, call: Call) -> None:
        try:
            if handler.response_streaming:
                await handler.unary_stream(request, call)
                self._end(number, 0, "")
            else:
                answer = handler.response_serializer(await handler.unary_unary(request, call))
                self._send(number, answer)
                self._end(number, 0, "")
        except CallEnded as end:
            self._end(number, end.code, end.message)
        except Exception as error:
            log.error("Unexpected failure while answering a call", exc_info=error)
            self._end(number, _UNKNOWN, f"Unexpected {type(error)}: {error}")

    def _expire(self, number: int) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            self._end(number, _DEADLINE_EXCEEDED, "Deadline Exceeded")
            if stream.task is not None:
                stream.task.cancel()

    async def send(self, stream: int, message: bytes) -> None:
        """Sends a message of a streaming answer, once what is before it is written."""
        await self._may_write.wait()
        self._send(stream, message)

    def _send(self, number: int, message: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:  # the client has cancelled the call
            return
        if not stream.open:
            stream.open = True
            self._http.send_response(number, framing.ANSWER_HEADERS)
        self._http.send_data(number, framing.framed(message))
        self._flush_soon()

    def _end(self, number: int, code: int, message: str) -> None:
        stream = self._streams.pop(number, None)
        if stream is None:
            return
        if stream.open:
            trailers = framing.status_headers(code, message) if code else framing.OK_TRAILERS
            self._http.send_trailers(number, trailers)
        else:
            headers = [*framing.ANSWER_HEADERS, *framing.status_headers(code, message)]
            self._http.send_response(number, headers, end_stream=True)
        self._flush_soon()

    # -- writing ------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        """Writes at the end of this pass of the loop: one write for all answers of the pass."""
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._server.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        if self._transport.is_closing():
            return
        try:
            while self._may_write.is_set() and (data := self._http.data_to_send(_WRITE_BYTES)):
                self._transport.write(data)
        except ngh2.ConnectionStateError:
            self._transport.close()
            return
        if not (self._http.want_read or self._http.want_write):
            self._transport.close()
