"""The gRPC server without models, for `robustness_rpc.py --bare`: starts in a moment.

    python tests/serving/bare_rpc.py PORT IDLE_SECONDS

`/t.S/Echo` answers what it was asked, `/t.S/Slow` after a second, `/t.S/Grow` a megabyte.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import grpc
import uvloop

from serving.rpc.http2_server import Http2Server

running = [0]


async def echo(request: bytes, _context: Any) -> bytes:
    return b"%d" % running[0] if request == b"running" else request


async def slow(request: bytes, _context: Any) -> bytes:
    running[0] += 1
    try:
        await asyncio.sleep(1)
    finally:
        running[0] -= 1
    return request


async def grow(_request: bytes, _context: Any) -> bytes:
    return bytes(1 << 20)


async def main() -> None:
    server = Http2Server(max_message_bytes=256 << 20, patience=float(sys.argv[2]))
    same = {"request_deserializer": bytes, "response_serializer": bytes}
    methods = {
        name: grpc.unary_unary_rpc_method_handler(method, **same)
        for name, method in {"Echo": echo, "Slow": slow, "Grow": grow}.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.S", methods),))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await server.listen("127.0.0.1", int(sys.argv[1]))
    await ended.wait()
    await server.stop(10)


logging.basicConfig(level="WARNING")
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
