"""Addresses the server listens on: a taken one is said in one sentence, and at the end nobody is left out."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable

from serving.status import ServingError, invalid_argument

_LET_IN_SECONDS = 1.0
_QUIET_PASSES = 10


def check_free(host: str, port: int, flag: str) -> None:
    """Refuses a TCP port that cannot be opened; nothing listens there meanwhile.

    Asked before a model is loaded, which may take minutes, and before grpcio is, whose C++ writes
    lines of its own about a port that is taken.

    Args:
        host: Name or address.
        port: Its port; 0 is always free.
        flag: The flag that names the port, for the error.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    try:
        for family, kind, number, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, number) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except OSError as error:
        raise cannot_listen(f"{host}:{port}", flag, error) from None


def cannot_listen(address: str, flag: str, error: OSError) -> ServingError:
    """The error of an address that cannot be opened."""
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    if error.errno == errno.EADDRINUSE:
        cure = f"Stop the server that runs there, or choose another {flag}."
    else:
        cure = f"Choose an address of this machine with --host and {flag}."
    return invalid_argument(f"Cannot listen on {address}: {reason}. {cure}")


async def let_in(met: Callable[[], int], seconds: float) -> None:
    """Waits for those who have connected to be accepted and read, before a server stops listening.

    uvloop accepts one connection in a pass of its loop; the others wait in the kernel, and would be
    refused. On a busy machine any time to sleep may be over before the first pass, so passes count.

    Args:
        met: The number of connections so far.
        seconds: The longest to wait.
    """
    deadline = time.monotonic() + min(seconds, _LET_IN_SECONDS)
    quiet = 0
    while quiet < _QUIET_PASSES and time.monotonic() < deadline:
        before = met()
        await asyncio.sleep(0)
        quiet = quiet + 1 if met() == before else 0
