"""What goes out on a gRPC connection: answers, statuses, the end; as fast as the client reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import ngh2

from serving.rpc import framing

log = logging.getLogger(__name__)

_WRITE_BYTES = 1 << 18


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

    def message(self, stream: int, message: bytes, first: bool) -> None:
        """One message of an answer; before the first one go its headers."""
        try:
            if first:
                self._http.send_response(stream, framing.ANSWER_HEADERS)
            self._http.send_data(stream, framing.framed(message))
        except ngh2.NGH2Error as error:
            log.debug("Nobody waits for this answer: %s", error)
        self.flush_soon()

    def status(self, stream: int, code: int, text: str, alone: bool) -> None:
        """The status that ends a call; `alone` when no message went before."""
        try:
            if alone:
                headers = [*framing.ANSWER_HEADERS, *framing.status_headers(code, text)]
                self._http.send_response(stream, headers, end_stream=True)
            else:
                trailers = framing.status_headers(code, text) if code else framing.OK_TRAILERS
                self._http.send_trailers(stream, trailers)
        except ngh2.NGH2Error as error:
            log.debug("Nobody waits for this status: %s", error)
        self.flush_soon()

    def not_grpc(self, stream: int) -> None:
        """The answer to a request that is none of gRPC's."""
        self._say(self._http.send_response, stream, [(b":status", b"415")], end_stream=True)

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
            while self._writable.is_set() and (data := self._http.data_to_send(_WRITE_BYTES)):
                self._transport.write(data)
            ended = not (self._http.want_read or self._http.want_write)
        except ngh2.NGH2Error as error:
            log.debug("Connection closed: %s", error)
            ended = True
        if ended:
            self._transport.close()
