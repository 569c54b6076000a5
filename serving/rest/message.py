"""An HTTP request and its answer, as the handlers see them."""

from __future__ import annotations

from dataclasses import dataclass, field

JSON = b"application/json"
HTML = b"text/html"
TEXT = b"text/plain"
HTML_DEFAULT = b"text/html; charset=ISO-8859-1"

_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 409: "Conflict", 413: "Payload Too Large", 429: "Too Many Requests",
    499: "Client Closed Request", 500: "Internal Server Error", 501: "Not Implemented",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


@dataclass
class Request:
    """One request. `target` is the raw path with query; header names are lower case."""

    method: str
    target: str
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Response:
    """One answer. `headers` come on top of Content-Type, Content-Length and Date."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def reason(status: int) -> str:
    """Reason phrase of a status."""
    return _REASONS.get(status, "Unknown")


def html_page(status: int) -> Response:
    """The page libevent answers with when no handler is responsible."""
    text = reason(status)
    body = (
        f"<HTML><HEAD>\n<TITLE>{status} {text}</TITLE>\n</HEAD><BODY>\n"
        f"<H1>{text}</H1>\n</BODY></HTML>\n"
    )
    return Response(status, body.encode(), HTML)
