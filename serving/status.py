"""Canonical error codes, the exception that carries them, and their HTTP status."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """Canonical status codes, numbered as in gRPC and absl."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


_HTTP_STATUS: dict[Code, int] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


class ServingError(Exception):
    """A failure that has a canonical code and a message meant for the client.

    Args:
        code: Canonical code; decides the HTTP and the gRPC status.
        message: Text sent to the client, unchanged over REST.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Text in the form of absl's Status::ToString, e.g. `INVALID_ARGUMENT: no`."""
        return f"{self.code.name}: {self.message}"


def http_status(code: Code) -> int:
    """HTTP status code for a canonical code (TF Serving's own mapping)."""
    return _HTTP_STATUS[code]


def invalid_argument(message: str) -> ServingError:
    """Shorthand for the most frequent error."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def to_code(value: int) -> Code:
    """Code of a number; anything outside the canonical range is UNKNOWN."""
    try:
        return Code(value)
    except ValueError:
        return Code.UNKNOWN
