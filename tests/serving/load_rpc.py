"""The gRPC server under load, with counts: `python tests/serving/load_rpc.py [check ...] [--quick]`.

swaps   hot swaps under load by grpcio's client: no failed and no mixed answer
end     SIGTERM under load by grpcio's client: what was begun is answered
memory  200,000 calls, one in ten wrong: resident memory before and after
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import grpc
from raw_http2 import RST, Call, Raw, frame
from robustness import Server, make_base
from robustness_rpc import PREDICT, REQUEST, TWO

ROWS = 5
ASKED = bytes.fromhex("0a030a016d") + bytes.fromhex("12230a0178121e") + (
    bytes.fromhex("08011204120208052a14") + bytes.fromhex("0000803f") * ROWS
)  # fmt: skip
ANSWERS = {bytes.fromhex(one) * ROWS: name for one, name in (("00000040", "2"), ("00004040", "3"))}


def read(answer: bytes) -> str:
    """`2` or `3`, whichever all rows are; else `mixed`."""
    return next((name for rows, name in ANSWERS.items() if rows in answer), "mixed")


class Load:
    """Callers on one channel, until told to stop; counts answers and failures."""

    def __init__(self, port: int, callers: int) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.stopping = False
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        self._ask = self._channel.unary_unary(PREDICT.decode())
        self._callers = [asyncio.create_task(self._call()) for _ in range(callers)]

    async def _call(self) -> None:
        while not self.stopping:
            try:
                self.counts[read(await self._ask(ASKED, timeout=30))] += 1
            except grpc.aio.AioRpcError as error:
                self.counts[f"{error.code().name}: {error.details()}"[:90]] += 1
                if error.code() == grpc.StatusCode.UNAVAILABLE:
                    return

    async def stop(self) -> dict[str, int]:
        self.stopping = True
        await asyncio.gather(*self._callers)
        await self._channel.close()
        return dict(self.counts)


async def check_swaps(folder: Path, quick: bool) -> dict[str, Any]:
    base = make_base(folder)
    server = Server(base, "--file_system_poll_wait_seconds=1")
    load, swaps = Load(server.grpc_port, 16), 3 if quick else 50
    for version in range(2, swaps + 2):
        staged = folder / f"staged-{version}"
        shutil.copytree(folder / ("odd" if version % 2 else "even"), staged)
        staged.rename(base / str(version))
        wanted = "2" if version % 2 else "3"
        while read(await load._ask(ASKED, timeout=30)) != wanted:
            await asyncio.sleep(0.05)
        if version > 3:
            shutil.rmtree(base / str(version - 2))
    counts = await load.stop()
    server.stop()
    return {"swaps": swaps, "answers": counts}


async def check_end(folder: Path, quick: bool) -> dict[str, Any]:
    """Callers go on until they are refused: a call ends well, or was never begun."""
    found: collections.Counter[str] = collections.Counter()
    statuses = []
    base = make_base(folder)
    for _ in range(1 if quick else 5):
        server = Server(base)
        load = Load(server.grpc_port, 64)
        await asyncio.sleep(1.5)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        found.update(await load.stop())
        statuses.append(await asyncio.to_thread(server.process.wait, 40))
    return {"ends": len(statuses), "answers": dict(found), "statuses": statuses}


async def check_memory(folder: Path, quick: bool) -> dict[str, Any]:
    server = Server(make_base(folder))
    counts: collections.Counter[str] = collections.Counter()
    rng = random.Random(5)

    def wrong(stream: int) -> list[bytes]:
        kind = rng.randrange(4)
        if kind == 0:  # a model that is not there, another one each time
            name = b"%010d" % rng.randrange(10**10)
            return Call(PREDICT, b"\x0a\x0c\x0a\x0a" + name + REQUEST[5:]).frames(stream)
        if kind == 1:
            return Call(b"/no.Such/Method%d" % rng.randrange(10**9), REQUEST).frames(stream)
        if kind == 2:
            return Call(PREDICT, rng.randbytes(40)).frames(stream)
        return [*right.frames(stream), frame(RST, 0, stream, b"\0\0\0\x08")]

    right = Call(PREDICT, REQUEST)

    def ask(count: int) -> None:
        for first in range(0, count, 1000):  # a connection for each thousand
            raw = Raw(("127.0.0.1", server.grpc_port))
            for start in range(first, first + 1000, 50):
                pieces, ended = [], 0
                for index in range(start, start + 50):
                    stream = 2 * (index - first) + 1
                    pieces += wrong(stream) if index % 10 == 0 else right.frames(stream)
                raw.send(b"".join(pieces))
                while ended < 45 and not raw.closed:
                    raw.counts.clear()
                    answers = raw.read(until="DATA")
                    good = sum(kind == 0 and TWO in body for kind, _, _, body in answers)
                    ended += good
                    counts["right"] += good
            raw.close()
            counts["asked"] += 1000

    ask(2_000 if quick else 40_000)
    readings = [server.resident_mib()]
    for _ in range(4):
        ask(1_000 if quick else 50_000)
        readings.append(server.resident_mib())
    server.stop()
    return {"calls": dict(counts), "resident_mib": [round(r, 1) for r in readings]}


def main() -> int:
    checks = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(checks))
    parser.add_argument("--quick", action="store_true", help="a fiftieth of it")
    flags = parser.parse_args()
    if unknown := set(flags.checks) - set(checks):
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(checks)}")
    for name in flags.checks or checks:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            result = asyncio.run(checks[name](Path(folder), flags.quick))
        seconds = round(time.monotonic() - start, 1)
        print(json.dumps({"check": name, "seconds": seconds, **result}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
