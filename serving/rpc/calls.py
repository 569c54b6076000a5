"""The calls of one gRPC connection, from their first byte to their status."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import grpc

from serving.rpc import framing
from serving.rpc.call import Call, CallEnded
from serving.rpc.errors import status_of
from serving.rpc.outgoing import Outgoing
from serving.rpc.stream import Stream

if TYPE_CHECKING:
    from serving.rpc.stream import Method

log = logging.getLogger(__name__)

_UNREAD_BYTES = 64 << 20  # answers that wait for the client, before calls wait for them
_QUICKLY_INFLATED_BYTES = 4 << 10

_INTERNAL = grpc.StatusCode.INTERNAL.value[0]
_DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
_UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]


class Calls:
    """Takes in messages, has them answered, and sends the answers.

    Args:
        loop: Answers.
        pool: For what takes long.
        out: The connection's other direction.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor, out: Outgoing
    ) -> None:
        self.streams: dict[int, Stream] = {}
        self._loop = loop
        self._pool = pool
        self._out = out
        self._held: deque[tuple[int, Stream, bytes]] = deque()

    @property
    def running(self) -> bool:
        """Whether calls come to an end by themselves; a health watch never does."""
        return any(not stream.method.streams for stream in self.streams.values())

    def receive(self, number: int, data: bytes, last: bool) -> None:
        """Takes in a piece of a call's message, and answers the call when it is complete."""
        stream = self.streams.get(number)
        if stream is None or stream.complete:
            return
        try:
            message = stream.receive(data)
            if message is None:
                stream.heard = time.monotonic()
                if last:
                    raise CallEnded(_INTERNAL, "The call ended before its message was complete")
            elif not stream.compressed:
                self._start(number, stream, message)
            elif len(message) <= _QUICKLY_INFLATED_BYTES:
                self._start(number, stream, framing.inflated(message, stream.encoding))
            else:
                answer = self._inflate(number, stream, message)
                stream.task = self._loop.create_task(answer)
        except CallEnded as end:
            self._end(number, end.code, end.message, cut=not last)

    def closed(self, number: int) -> None:
        """The client has ended a call, or taken it back."""
        stream = self.streams.pop(number, None)
        if stream is not None:
            self._cancel(stream)

    def release(self) -> None:
        """The connection is gone: stops the work on its calls."""
        for stream in self.streams.values():
            self._cancel(stream)
        self.streams.clear()
        self._held.clear()

    def end_all(self) -> None:
        """Ends what would go on: the server ends."""
        for number, stream in list(self.streams.items()):
            self._end(number, _UNAVAILABLE, "The server ends")
            self._cancel(stream)

    def sweep(self, now: float, patience: float) -> None:
        """Ends calls past their deadline, and those whose message has not come for long.

        Args:
            now: `time.monotonic` value.
            patience: Seconds.
        """
        self.go_on()
        for number, stream in list(self.streams.items()):
            if stream.deadline is not None and now > stream.deadline:
                self._expire(number)
            elif not stream.complete and now - stream.heard > patience:
                text = f"The call's message did not come within {patience:g} s"
                self._end(number, _DEADLINE_EXCEEDED, text, cut=True)

    def go_on(self) -> None:
        """Answers calls that waited for the client to read, as far as it has."""
        while self._held and not self._too_much_unread():
            number, stream, message = self._held.popleft()
            if self.streams.get(number) is stream:
                self._answer_now(number, stream, message)

    # -- answering ----------------------------------------------------------------------------

    async def _inflate(self, number: int, stream: Stream, message: bytes) -> None:
        try:
            whole = await self._loop.run_in_executor(
                self._pool, framing.inflated, message, stream.encoding
            )
        except CallEnded as end:
            self._end(number, end.code, end.message)
        else:
            stream.task = None
            self._start(number, stream, whole)

    def _start(self, number: int, stream: Stream, message: bytes) -> None:
        if self._held or self._too_much_unread():
            self._held.append((number, stream, message))
        else:
            self._answer_now(number, stream, message)

    def _too_much_unread(self) -> bool:
        if self._out.unread > _UNREAD_BYTES:
            self._out.flush()
        return self._out.unread > _UNREAD_BYTES

    def _answer_now(self, number: int, stream: Stream, message: bytes) -> None:
        method = stream.method
        if stream.deadline is not None and time.monotonic() >= stream.deadline:
            self._expire(number)
            return
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
        stream.task = self._loop.create_task(self._answer(number, method, answer))
        if stream.deadline is not None:
            timer = self._loop.call_later(
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

    async def send(self, stream: int, message: bytes) -> None:
        """Sends a message of a streaming answer, once what is before it is written."""
        await self._out.wait()
        self._send(stream, message)

    def _send(self, number: int, message: bytes) -> None:
        stream = self.streams.get(number)
        if stream is not None:  # the client has not cancelled the call
            self._out.message(number, message, not stream.open)
            stream.open = True

    def _end(self, number: int, code: int, text: str, cut: bool = False) -> None:
        stream = self.streams.pop(number, None)
        if stream is not None:
            self._out.status(number, code, text, not stream.open, cut)

    def _expire(self, number: int) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            self._end(number, _DEADLINE_EXCEEDED, "Deadline Exceeded", cut=not stream.complete)
            self._cancel(stream)

    def _cancel(self, stream: Stream) -> None:
        """Stops the work on a call.

        Not before its first step, which is scheduled by now: a coroutine that is cancelled before
        it begins would never give back the model it holds.
        """
        if stream.task is not None:
            self._loop.call_soon(stream.task.cancel)
