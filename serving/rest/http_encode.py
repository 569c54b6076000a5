"""Answers as bytes on the wire."""

from __future__ import annotations

import time
from email.utils import formatdate

from serving.rest.message import Response, reason


class _Date:
    """The Date header, formatted once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._text = b""

    def header(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._text = b"Date: " + formatdate(second, usegmt=True).encode() + b"\r\n"
        return self._text


_DATE = _Date()


def encode(response: Response, keep: bool, head: bool) -> bytes:
    """An answer as bytes on the wire; `head` leaves the body out."""
    body = b"" if head else response.body
    parts = [
        b"HTTP/1.1 %d %s\r\n" % (response.status, reason(response.status).encode()),
        b"Content-Type: ",
        response.content_type,
        b"\r\n",
        _DATE.header(),
        b"Content-Length: %d\r\n" % len(body),
    ]
    for name, value in response.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n" if keep else b"Connection: close\r\n\r\n")
    parts.append(body)
    return b"".join(parts)
