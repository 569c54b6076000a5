"""One call on its HTTP/2 stream: what answers it, and its message as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import grpc

from serving.rpc import framing
from serving.rpc.call import CallEnded

_INTERNAL = grpc.StatusCode.INTERNAL.value[0]

Direct = Callable[[Any, float | None], Any]


class Method(NamedTuple):
    """How the calls of one path are answered."""

    parse: Callable[[bytes], Any]
    serialize: Callable[[Any], bytes]
    behaviour: Callable[[Any, Any], Coroutine[Any, Any, Any]]
    streams: bool  # whether the behaviour writes its messages itself
    direct: Direct | None


class Stream:
    """A call: first its message arrives, then `task` answers it, unless that took no waiting.

    Args:
        method: Answers it.
        deadline: `time.monotonic` value, None for none.
        encoding: How its message may be compressed, one of `framing.ENCODINGS`.
        max_bytes: The largest message.
        heard: When something of it came last, by `time.monotonic`.
    """

    __slots__ = (
        "_buffer", "_max_bytes", "complete", "compressed", "deadline", "encoding", "heard",
        "method", "open", "task",
    )  # fmt: skip

    def __init__(
        self,
        method: Method,
        deadline: float | None,
        encoding: bytes,
        max_bytes: int = framing.MAX_MESSAGE_BYTES,
        heard: float = 0.0,
    ) -> None:
        self.method = method
        self.deadline = deadline
        self.encoding = encoding
        self.heard = heard
        self.complete = False  # whether the message is there; what comes after it is ignored
        self.compressed = False
        self.open = False  # whether the headers of the answer are out
        self.task: asyncio.Task[None] | None = None
        self._max_bytes = max_bytes
        self._buffer: bytearray | None = None  # pieces, where the message comes in more than one

    def receive(self, data: bytes) -> bytes | None:
        """Takes in some bytes; the message, as it was sent, once it is complete.

        Raises:
            CallEnded: it is too large, or not what it says it is.
        """
        whole: bytes | bytearray = data
        if self._buffer is not None:
            self._buffer += data
            whole = self._buffer
        elif len(data) < framing.PREFIX_BYTES:
            self._buffer = bytearray(data)
        if len(whole) < framing.PREFIX_BYTES:
            return None
        if whole[0] > 1:
            raise CallEnded(_INTERNAL, f"The message begins with {whole[0]}, expected 0 or 1")
        end = framing.PREFIX_BYTES + int.from_bytes(whole[1 : framing.PREFIX_BYTES], "big")
        if end - framing.PREFIX_BYTES > self._max_bytes:
            raise framing.larger_than(end - framing.PREFIX_BYTES, self._max_bytes)
        if len(whole) < end:
            if self._buffer is None:
                self._buffer = bytearray(data)
            return None
        self.complete = True
        self.compressed = whole[0] == 1
        self._buffer = None
        return bytes(memoryview(whole)[framing.PREFIX_BYTES : end])
