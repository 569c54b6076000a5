"""Serving errors as gRPC statuses."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import grpc

from serving.status import Code, ServingError

log = logging.getLogger(__name__)

_LIMIT = 1024
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def truncated(message: str) -> str:
    """The message as TF Serving sends it: cut after 1024 bytes."""
    data = message.encode("utf-8", "surrogateescape")
    if len(data) <= _LIMIT:
        return data.decode("utf-8", "replace")
    return data[:_LIMIT].decode("utf-8", "replace") + "...TRUNCATED"


def status_of(error: Exception) -> tuple[int, str]:
    """gRPC's code and message for an error; anything unexpected is logged and INTERNAL."""
    if not isinstance(error, ServingError):
        log.error("Unexpected failure while answering a call", exc_info=error)
        error = ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}")
    return int(error.code), truncated(error.message)


async def abort(context: Any, error: Exception) -> NoReturn:
    """Ends a call with the status of an error."""
    code, message = status_of(error)
    await context.abort(_CODES[code], message)
    raise AssertionError("abort raises")
