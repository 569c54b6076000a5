"""What gRPC adds to HTTP/2: length-prefixed messages, deadlines and statuses as header texts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import grpc

from serving.rpc.call import CallEnded

Header = tuple[bytes, bytes]

_INTERNAL = grpc.StatusCode.INTERNAL.value[0]
_RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]

PREFIX_BYTES = 5
MAX_MESSAGE_BYTES = 2**31 - 1
MAX_INFLATED_BYTES = 100 << 20
"""What a compressed message may grow to: as in REST."""

_UNITS = {
    ord("H"): 3600.0,
    ord("M"): 60.0,
    ord("S"): 1.0,
    ord("m"): 1e-3,
    ord("u"): 1e-6,
    ord("n"): 1e-9,
}
_WINDOW_BITS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
ENCODINGS = (b"identity", *_WINDOW_BITS)

ANSWER_HEADERS: Sequence[Header] = (
    (b":status", b"200"),
    (b"content-type", b"application/grpc"),
    (b"grpc-accept-encoding", b"identity,deflate,gzip"),
)
OK_TRAILERS: Sequence[Header] = ((b"grpc-status", b"0"),)


def framed(message: bytes) -> bytes:
    """A message as it is sent: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def timeout_seconds(text: bytes) -> float | None:
    """A `grpc-timeout` header, up to 8 digits and a unit; None when it is not one."""
    if not 2 <= len(text) <= 9 or not text[:-1].isdigit() or text[-1] not in _UNITS:
        return None
    return int(text[:-1]) * _UNITS[text[-1]]


def larger_than(size: int | str, limit: int) -> CallEnded:
    """What ends a call whose message is too large; sizes in bytes."""
    text = f"Received message larger than max ({size} vs. {limit})"
    return CallEnded(_RESOURCE_EXHAUSTED, text)


def inflated(data: bytes, encoding: bytes) -> bytes:
    """A message a client compressed.

    Raises:
        CallEnded: it is broken, larger than `MAX_INFLATED_BYTES`, or the encoding is `identity`.
    """
    if encoding not in _WINDOW_BITS:
        raise _cannot_inflate("no grpc-encoding was given")
    stream = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        message = stream.decompress(data, MAX_INFLATED_BYTES)
        if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
            raise larger_than("decompressed", MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise _cannot_inflate(str(error)) from None
    if not stream.eof:
        raise _cannot_inflate("it is cut off")
    return message


def _cannot_inflate(why: str) -> CallEnded:
    return CallEnded(_INTERNAL, f"The message cannot be decompressed: {why}")


def status_headers(code: int, message: str) -> list[Header]:
    """`grpc-status` and `grpc-message`; the text in UTF-8, percent-encoded as gRPC wants it."""
    headers = [(b"grpc-status", b"%d" % code)]
    if message:
        text = b"".join(
            b"%c" % byte if 0x20 <= byte <= 0x7E and byte != 0x25 else b"%%%02X" % byte
            for byte in message.encode("utf-8", "replace")
        )
        headers.append((b"grpc-message", text))
    return headers
