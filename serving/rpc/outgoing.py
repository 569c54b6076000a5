"""What goes out on a gRPC connection: answers, statuses, the end; as fast as the client reads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import ngh2

from serving.rpc import framing

log = logging.getLogger(__name__)

_WRITE_BYTES = 1 << 18
_NO_ERROR = 0
# A GOAWAY frame of 8 bytes, before its error code: no call is surely untouched.
_GOAWAY = b"\0\0\x08\x07\0\0\0\0\0" + b"\x7f\xff\xff\xff"


class Outgoing:
    """Writes what the HTTP/2 side of a connection has to say.

    A stream that the client has reset takes nothing more: that is no fault, and is passed over.

    Args:
        http: The connection's HTTP/2 state.
        transport: Where bytes go.
        loop: The event loop.
    """

    def __init__(
        self, http: ngh2.Connection, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._http = http
        self._transport = transport
        self._loop = loop
        self._writable = asyncio.Event()
        self._writable.set()
        self._scheduled = False
        self._cut: list[int] = []  # streams to be reset when their status is written
        self._said = 0  # bytes of answers, written or not
        self._progress = (0, time.monotonic())  # of them written, when that was seen first

    def message(self, stream: int, message: bytes, first: bool) -> None:
        """One message of an answer; before the first one go its headers."""
        try:
            if first:
                self._http.send_response(stream, framing.ANSWER_HEADERS)
            framed = framing.framed(message)
            self._http.send_data(stream, framed)
            self._said += len(framed)
        except ngh2.NGH2Error as error:
            log.debug("Nobody waits for this answer: %s", error)
        self.flush_soon()

    def status(self, stream: int, code: int, text: str, alone: bool, cut: bool = False) -> None:
        """The status that ends a call.

        Args:
            stream: Of the call.
            code: gRPC's.
            text: The message beside it.
            alone: Whether no message went before.
            cut: Whether the client is to stop sending; only where the status is alone.
        """
        try:
            if alone:
                headers = [*framing.ANSWER_HEADERS, *framing.status_headers(code, text)]
                self._http.send_response(stream, headers, end_stream=True)
                if cut:
                    self._cut.append(stream)
            else:
                trailers = framing.status_headers(code, text) if code else framing.OK_TRAILERS
                self._http.send_trailers(stream, trailers)
        except ngh2.NGH2Error as error:
            log.debug("Nobody waits for this status: %s", error)
        self.flush_soon()

    def refuse(self, stream: int, status: bytes) -> None:
        """The answer to a request that is none of gRPC's: an HTTP status."""
        self._say(self._http.send_response, stream, [(b":status", status)], end_stream=True)
        self._cut.append(stream)

    def fail(self, too_much: bool) -> None:
        """The client has broken HTTP/2, or asks for too much: says so, and closes."""
        code = ngh2.ErrorCode.ENHANCE_YOUR_CALM if too_much else ngh2.ErrorCode.PROTOCOL_ERROR
        if not self._transport.is_closing():
            self._transport.write(_GOAWAY + int(code).to_bytes(4, "big"))
            self._transport.close()

    def announce_end(self) -> None:
        """Asks the client for no more calls; those on their way are still answered."""
        self._say(self._http.send_shutdown_notice)

    def refuse_new(self) -> None:
        """Calls that have not come yet are the client's to send elsewhere."""
        self._say(self._http.send_goaway)

    def _say(self, send: Callable[..., None], *arguments: Any, **options: Any) -> None:
        try:
            send(*arguments, **options)
        except ngh2.NGH2Error as error:
            log.debug("Could not be said: %s", error)
        self.flush_soon()

    @property
    def unread(self) -> int:
        """Bytes of answers that wait for the client."""
        return self._http.queued_body_size()

    def stalled(self, now: float, patience: float) -> bool:
        """Whether the client has read nothing of what waits for it, for so long.

        Args:
            now: `time.monotonic` value.
            patience: Seconds.
        """
        written = self._said - self.unread
        if written != self._progress[0] or not self.pending:
            self._progress = (written, now)
        return now - self._progress[1] > patience

    @property
    def pending(self) -> bool:
        """Whether the client has yet to read something."""
        return bool(self._http.queued_body_size()) or not self._writable.is_set()

    def pause(self) -> None:
        """The client does not read as fast as it is written to."""
        self._writable.clear()

    def resume(self) -> None:
        """The client has caught up."""
        self._writable.set()
        self.flush()

    async def wait(self) -> None:
        """Until the client has caught up."""
        await self._writable.wait()

    def release(self) -> None:
        """The connection is gone: nobody need wait for it."""
        self._writable.set()

    def hold(self) -> None:
        """Leaves writing to the `flush` that follows."""
        self._scheduled = True

    def flush_soon(self) -> None:
        """Writes at the end of this pass of the loop: one write for all answers of the pass."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Writes what there is, as far as the client reads; closes what has come to its end."""
        self._scheduled = False
        if self._transport.is_closing():
            return
        try:
            self._write()
            if self._cut and self._writable.is_set():
                self._reset()
                self._write()
            ended = not (self._http.want_read or self._http.want_write)
        except ngh2.NGH2Error as error:
            log.debug("Connection closed: %s", error)
            ended = True
        if ended:
            self._transport.close()

    def _write(self) -> None:
        while self._writable.is_set() and (data := self._http.data_to_send(_WRITE_BYTES)):
            self._transport.write(data)

    def _reset(self) -> None:
        for stream in self._cut:
            try:
                self._http.reset_stream(stream, _NO_ERROR)
            except ngh2.NGH2Error as error:
                log.debug("The stream is gone: %s", error)
        self._cut.clear()
