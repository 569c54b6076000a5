"""One gRPC connection: an asyncio protocol on libnghttp2, made for short calls.

grpcio's server hands every call through its own threads three times, which costs a tiny model's
call 200 microseconds; here a call is read, answered and written in one pass of the event loop, and
the answers of all calls that came together leave in one write.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import grpc
import ngh2

from serving.rpc import framing
from serving.rpc.call import Call, CallEnded
from serving.rpc.errors import status_of
from serving.rpc.outgoing import Outgoing
from serving.rpc.stream import Stream

if TYPE_CHECKING:
    from serving.rpc.http2_server import Http2Server
    from serving.rpc.stream import Method

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
_HANDSHAKE_SECONDS = 120.0

_UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]
_INTERNAL = grpc.StatusCode.INTERNAL.value[0]
_DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


class RpcConnection(asyncio.Protocol):
    """Answers the calls of one client."""

    def __init__(self, server: Http2Server) -> None:
        self._server = server
        self._http = ngh2.Connection(ngh2.Role.SERVER, _CONFIGURATION)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self.out: Outgoing = None  # type: ignore[assignment]
        self._streams: dict[int, Stream] = {}
        self._since = time.monotonic()
        self._greeted = False

    # -- connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.out = Outgoing(self._http, self._transport, self._server.loop)
        if not self._server.admits(self):
            transport.close()
            return
        self._http.initiate_connection(_SETTINGS)
        self._http.set_local_window_size(_WINDOW_BYTES)
        self.out.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self.out.release()
        for stream in self._streams.values():
            self._cancel(stream)
        self._streams.clear()

    def pause_writing(self) -> None:
        self.out.pause()

    def resume_writing(self) -> None:
        self.out.resume()

    @property
    def busy(self) -> bool:
        """Whether calls are being answered, or answers wait to be written."""
        return bool(self._streams) or self.out.pending

    def sweep(self, now: float) -> None:
        """Ends calls that did not arrive in time, and a connection that never spoke HTTP/2."""
        if not self._greeted and now - self._since > _HANDSHAKE_SECONDS:
            self._transport.close()
        for number, stream in list(self._streams.items()):
            if stream.deadline is not None and now > stream.deadline:
                self._expire(number)

    def close(self) -> None:
        """Ends the connection, writing what is there to be written."""
        self.out.flush()
        self._transport.close()

    # -- reading ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        http = self._http
        self.out.hold()
        try:
            http.receive_data(data)
            for event in http.events():
                kind = type(event)
                if kind is ngh2.DataReceived:
                    self._on_data(event)
                elif kind is ngh2.RequestReceived:
                    self._on_request(event)
                elif isinstance(event, ngh2.StreamClosed):
                    self._on_closed(event.stream_id)
                elif kind is ngh2.SettingsReceived:
                    self._greeted = True
        except ngh2.NGH2Error as error:
            log.debug("Connection closed: %s", error)
            self._transport.close()
        self.out.flush()

    def _on_request(self, event: Any) -> None:
        headers = dict(event.headers)
        number = event.stream_id
        if not headers.get(b"content-type", b"").startswith(b"application/grpc"):
            self.out.not_grpc(number)
            return
        method = self._server.method(headers.get(b":path", b""))
        encoding = headers.get(b"grpc-encoding", b"identity")
        if method is None:
            self.out.status(number, _UNIMPLEMENTED, "Method not found!", True)
        elif encoding not in framing.ENCODINGS:
            text = f"Compression {encoding.decode('ascii', 'replace')} is not supported"
            self.out.status(number, _UNIMPLEMENTED, text, True)
        elif event.end_stream:
            self.out.status(number, _INTERNAL, "The call carries no message", True)
        else:
            seconds = framing.timeout_seconds(headers.get(b"grpc-timeout", b""))
            deadline = None if seconds is None else time.monotonic() + seconds
            self._streams[number] = Stream(method, deadline, encoding)

    def _on_data(self, event: Any) -> None:
        number = event.stream_id
        stream = self._streams.get(number)
        if stream is None or stream.complete:
            return
        try:
            message = stream.receive(event.data)
            if message is not None:
                self._start(number, stream, message)
            elif event.end_stream:
                self._end(number, _INTERNAL, "The call ended before its message was complete")
        except CallEnded as end:
            self._end(number, end.code, end.message)

    def _on_closed(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._cancel(stream)

    def _cancel(self, stream: Stream) -> None:
        """Stops the work on a call.

        Not before its first step, which is scheduled by now: a coroutine that is cancelled before
        it begins would never give back the model it holds.
        """
        if stream.task is not None:
            self._server.loop.call_soon(stream.task.cancel)

    # -- answering ----------------------------------------------------------------------------

    def _start(self, number: int, stream: Stream, message: bytes) -> None:
        method = stream.method
        try:
            request = method.parse(message)
        except Exception as error:
            log.debug("A request cannot be read: %s", error)
            self._end(number, _INTERNAL, "Exception deserializing request!")
            return
        answer: Coroutine[Any, Any, Any]
        if method.direct is None:
            call = Call(self, number, method.serialize, stream.deadline)
            answer = method.behaviour(request, call)
        else:
            try:
                response = method.direct(request, stream.deadline)
            except Exception as error:
                self._end(number, *status_of(error))
                return
            if type(response) is not CoroutineType:
                self._send(number, method.serialize(response))
                self._end(number, 0, "")
                return
            answer = response
        loop = self._server.loop
        stream.task = loop.create_task(self._answer(number, method, answer))
        if stream.deadline is not None:
            timer = loop.call_later(
                max(stream.deadline - time.monotonic(), 0), self._expire, number
            )
            stream.task.add_done_callback(lambda _: timer.cancel())

    async def _answer(self, number: int, method: Method, answer: Coroutine[Any, Any, Any]) -> None:
        try:
            response = await answer
            if not method.streams:
                self._send(number, method.serialize(response))
            self._end(number, 0, "")
        except CallEnded as end:
            self._end(number, end.code, end.message)
        except Exception as error:
            self._end(number, *status_of(error))

    def _expire(self, number: int) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            self._end(number, _DEADLINE_EXCEEDED, "Deadline Exceeded")
            self._cancel(stream)

    async def send(self, stream: int, message: bytes) -> None:
        """Sends a message of a streaming answer, once what is before it is written."""
        await self.out.wait()
        self._send(stream, message)

    def _send(self, number: int, message: bytes) -> None:
        stream = self._streams.get(number)
        if stream is not None:  # the client has not cancelled the call
            self.out.message(number, message, not stream.open)
            stream.open = True

    def _end(self, number: int, code: int, text: str) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            self.out.status(number, code, text, not stream.open)
