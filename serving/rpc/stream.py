"""One call on its HTTP/2 stream: what answers it, and its message as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import grpc

from serving.rpc import framing
from serving.rpc.call import CallEnded

_INTERNAL = grpc.StatusCode.INTERNAL.value[0]
_RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]

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
    """

    __slots__ = ("_parts", "_size", "complete", "deadline", "encoding", "method", "open", "task")

    def __init__(self, method: Method, deadline: float | None, encoding: bytes) -> None:
        self.method = method
        self.deadline = deadline
        self.encoding = encoding
        self.complete = False  # whether the message is there; what comes after it is ignored
        self.open = False  # whether the headers of the answer are out
        self.task: asyncio.Task[None] | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def receive(self, data: bytes) -> bytes | None:
        """Takes in some bytes; the message, decompressed, once it is complete.

        Raises:
            CallEnded: it is too large, or not what it says it is.
        """
        parts = self._parts
        parts.append(data)
        self._size += len(data)
        if self._size < framing.PREFIX_BYTES:
            return None
        if len(parts[0]) < framing.PREFIX_BYTES:
            parts[:] = [b"".join(parts)]
        length = int.from_bytes(parts[0][1 : framing.PREFIX_BYTES], "big")
        if length > framing.MAX_MESSAGE_BYTES:
            raise CallEnded(
                _RESOURCE_EXHAUSTED,
                f"Received message larger than max ({length} vs. {framing.MAX_MESSAGE_BYTES})",
            )
        if self._size < framing.PREFIX_BYTES + length:
            return None
        self.complete = True
        self._parts = []
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        message = whole[framing.PREFIX_BYTES : framing.PREFIX_BYTES + length]
        return self._inflated(message) if whole[0] else message

    def _inflated(self, message: bytes) -> bytes:
        try:
            return framing.inflated(message, self.encoding)
        except ValueError as error:
            raise CallEnded(_INTERNAL, f"The message cannot be decompressed: {error}") from None
