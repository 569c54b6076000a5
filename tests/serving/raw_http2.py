"""HTTP/2 frame by frame for `robustness_rpc.py`: right ones, wrong ones, and what comes back."""

from __future__ import annotations

import collections
import random
import socket
import struct

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
NAMES = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST",
    "SETTINGS",
    "PUSH",
    "PING",
    "GOAWAY",
    "WINDOW",
    "CONTINUATION",
]
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Header = tuple[bytes, bytes]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def integer(value: int, bits: int, first: int) -> bytes:
    """HPACK's integer."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([first | value])
    value, rest = value - limit, bytearray([first | limit])
    while value >= 128:
        rest.append(value % 128 + 128)
        value //= 128
    return bytes([*rest, value])


def literal(headers: list[Header], first: int = 0x00) -> bytes:
    """Headers in HPACK, not compressed; `first` = 0x40 also puts them into the table."""
    return b"".join(
        bytes([first]) + integer(len(name), 7, 0) + name + integer(len(value), 7, 0) + value
        for name, value in headers
    )


def call_headers(path: bytes, *more: Header) -> list[Header]:
    return [
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"t"),
        (b"te", b"trailers"), (b"content-type", b"application/grpc"), *more,
    ]  # fmt: skip


def message(data: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(data).to_bytes(4, "big") + data


class Call:
    """One call's frames: where it goes, and what it says."""

    def __init__(self, path: bytes, body: bytes) -> None:
        self.path, self.body = path, body

    def frames(self, stream: int, *more: Header) -> list[bytes]:
        block = literal(call_headers(self.path, *more))
        return [
            frame(HEADERS, END_HEADERS, stream, block),
            frame(DATA, END_STREAM, stream, message(self.body)),
        ]

    def sequence(self, rng: random.Random) -> bytes:
        """A connection's worth of frames: some calls, and what is wrong with them."""
        frames = [settings()]
        for stream in range(1, 2 * rng.randrange(1, 5), 2):
            frames += self.frames(stream)
            if rng.random() < 0.4:
                frames.insert(rng.randrange(1, len(frames)), self._odd(rng, stream))
        for _ in range(rng.choice([0, 0, 1, 2])):
            place, kind = rng.randrange(len(frames)), rng.randrange(6)
            if kind == 0:
                frames.append(frames.pop(place))
            elif kind == 1:
                frames.insert(place, frames[place])
            elif kind == 2:
                frames[place] = self._odd(rng, rng.randrange(12))
            elif kind == 3:
                frames[place] = frames[place][: rng.randrange(len(frames[place])) + 1]
            else:
                mutated = bytearray(frames[place])
                for _ in range(rng.randrange(1, 5)):
                    mutated[rng.randrange(len(mutated))] = rng.randrange(256)
                frames[place] = bytes(mutated)
        sent = PREFACE + b"".join(frames)
        if rng.random() < 0.02:
            sent = rng.randbytes(rng.randrange(1, 200))
        return sent[: rng.randrange(24, len(sent))] if rng.random() < 0.1 < len(sent) - 25 else sent

    def _odd(self, rng: random.Random, stream: int) -> bytes:
        """A frame that need not make sense."""
        kind = rng.randrange(9)
        odd = [
            (b"grpc-timeout", rng.choice([b"0n", b"1n", b"99999999H", b"-1S", b"\xff", b""])),
            (b"grpc-encoding", rng.choice([b"gzip", b"deflate", b"identity", b"br", b"\xe9" * 50])),
            (b"content-type", rng.choice([b"text/html", b"application/grpc+json", b""])),
            (b"k-bin", rng.randbytes(rng.randrange(20))), (b"Upper", b"x"), (b":late", b""),
            (b":path", rng.choice([b"", b"/", b"*", b"/a/b/c", b"\xff\xfe"])), (b"", b""),
            (b":method", rng.choice([b"GET", b"CONNECT", b""])), (b"connection", b"close"),
            (b"content-length", rng.choice([b"3", b"x", b"99999999999999999999"])),
        ]  # fmt: skip
        if kind < 3:
            block = literal(call_headers(self.path, *rng.sample(odd, rng.randrange(1, 4))))
            return frame(HEADERS, rng.choice([4, 5, 0, 0x24, 0x0C]), stream, block)
        if kind == 3:
            flag, size = rng.choice([0, 1, 2, 255]), rng.choice([0, 3, 2**31, 2**32 - 1])
            data = bytes([flag]) + size.to_bytes(4, "big") + rng.randbytes(rng.randrange(30))
            return frame(DATA, rng.choice([0, 1, 8, 9]), stream, data)
        if kind == 4:
            return frame(HEADERS, 5, stream, rng.randbytes(rng.randrange(1, 60)))
        if kind == 5:
            return settings((rng.randrange(10), rng.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1])))
        if kind == 6:
            return frame(WINDOW, 0, stream, struct.pack(">I", rng.choice([0, 1, 2**31 - 1, 2**31])))
        payload = rng.randbytes(rng.choice([0, 1, 4, 5, 6, 8, 17, 300]))
        return frame(rng.choice([*range(13), 255]), rng.randrange(256), stream, payload)


class Raw:
    """A connection that says what it is told to."""

    def __init__(
        self,
        address: tuple[str, int],
        first: bytes = PREFACE + settings() + frame(SETTINGS, ACK, 0),
    ) -> None:
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.counts: collections.Counter[str] = collections.Counter()
        self.closed = False
        self.send(first)

    def send(self, data: bytes) -> bool:
        """False when the server has closed the connection."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            self.closed = True
        return not self.closed

    def read(self, seconds: float = 10, until: str = "") -> list[tuple[int, int, int, bytes]]:
        """Frames, till the server closes, `until` was counted, or nothing comes for so long."""
        frames: list[tuple[int, int, int, bytes]] = []
        self.socket.settimeout(seconds)
        while not (until and self.counts[until]):
            try:
                data = self.socket.recv(1 << 18)
            except TimeoutError:
                break
            except ConnectionError:
                data = b""
            if not data:
                self.closed = True
                break
            self._rest += data
            while len(self._rest) >= 9:
                size = int.from_bytes(self._rest[:3], "big")
                if len(self._rest) < 9 + size:
                    break
                kind, flags, stream = struct.unpack(">BBI", self._rest[3:9])
                payload, self._rest = self._rest[9 : 9 + size], self._rest[9 + size :]
                frames.append((kind, flags, stream, payload))
                self._count(kind, flags, payload)
        return frames

    def _count(self, kind: int, flags: int, payload: bytes) -> None:
        name = NAMES[kind] if kind < len(NAMES) else str(kind)
        if kind in (RST, GOAWAY):
            code = int.from_bytes(payload[-4:] if kind == RST else payload[4:8], "big")
            self.counts[f"{name} {code}"] += 1
        elif kind == HEADERS and flags & END_STREAM:
            name = "END"
        self.counts[name] += 1

    def ask(self, call: Call, stream: int = 1) -> bytes:
        """What one right call is answered with: the message, without its prefix."""
        self.send(b"".join(call.frames(stream)))
        frames = self.read(until="END")
        return b"".join(
            body for kind, _, number, body in frames if (kind, number) == (DATA, stream)
        )[5:]

    def close(self) -> None:
        self.socket.close()
