"""What the gRPC server survives, with counts: `python tests/serving/robustness_rpc.py [check ...]`.

frames      malformed and random HTTP/2: no crash, nothing grows, right calls are answered after it
unfinished  2,000 connections that stop at every possible place, while others are answered
floods      SETTINGS, PING, resets, CONTINUATION, HPACK, windows of nothing, a byte at a time
end         SIGTERM with calls on their way: all are answered, GOAWAY, status 0

--quick is a fiftieth of it; --bare attacks the server without models, which starts in a moment.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from floods_rpc import FLOODS
from raw_http2 import PING, PREFACE, Call, Raw, frame, settings
from robustness import Server, free_port, make_base

PREDICT = b"/tensorflow.serving.PredictionService/Predict"
REQUEST = bytes.fromhex("0a030a016d12130a0178120e08011204120208012a040000803f")  # m, x = [1.0]
_PATIENCE = 1.5
TWO = bytes.fromhex("00000040")


class Target:
    """A server under attack.

    Args:
        folder: For models and the log.
        bare: Without models.
    """

    def __init__(self, folder: Path, bare: bool) -> None:
        self.log = folder / "log.txt"
        if bare:
            port = free_port()
            self.call, self.expected = Call(b"/t.S/Echo", b"hello"), b"hello"
            command = [
                sys.executable,
                str(Path(__file__).with_name("bare_rpc.py")),
                str(port),
                str(_PATIENCE),
            ]
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(command, stderr=log)
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)
        else:
            server = Server(make_base(folder), f"--idle_seconds={_PATIENCE}")
            self.process, port = server.process, server.grpc_port
            self.call, self.expected = Call(PREDICT, REQUEST), TWO
        self.address = ("127.0.0.1", port)
        for _ in range(200):  # beyond what only the first calls take
            assert self.right()

    def right(self) -> bool:
        """Whether a right call on a connection of its own is answered rightly."""
        raw = Raw(self.address)
        try:
            return self.expected in raw.ask(self.call)
        finally:
            raw.close()

    def vitals(self) -> dict[str, float]:
        """Resident MiB, open files, threads, CPU seconds."""
        place = Path(f"/proc/{self.process.pid}")
        times = (place / "stat").read_text().rpartition(")")[2].split()
        pages = int((place / "statm").read_text().split()[1])
        return {
            "mib": pages * 4096 / 2**20,
            "files": len(list((place / "fd").iterdir())),
            "threads": len(list((place / "task").iterdir())),
            "cpu_seconds": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
        }

    def since(self, before: dict[str, float]) -> dict[str, float]:
        """What has grown; closed connections get a moment to be forgotten."""
        for _ in range(40):
            grown = {name: round(value - before[name], 1) for name, value in self.vitals().items()}
            if grown["files"] <= 0:
                break
            time.sleep(0.05)
        return grown

    def faults(self) -> int:
        """Tracebacks in the log."""
        return self.log.read_text().count("Traceback")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Beside:
    """A client that asks right calls while others attack; `slowest` in milliseconds."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.wrong, self.asked, self.slowest = 0, 0, 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        raw = Raw(self._target.address)
        while not self._ending.is_set():
            start = time.monotonic()
            answer = raw.ask(self._target.call, 2 * self.asked + 1)
            raw.counts.clear()
            self.slowest = max(self.slowest, (time.monotonic() - start) * 1000)
            self.asked += 1
            self.wrong += self._target.expected not in answer
            self._ending.wait(0.005)
        raw.close()

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()


def check_frames(target: Target, quick: bool) -> dict[str, Any]:
    rng, counts, sequences = random.Random(3), collections.Counter(), 400 if quick else 20_000
    before = target.vitals()
    for number in range(sequences):
        raw = Raw(target.address, target.call.sequence(rng))
        raw.send(frame(PING, 0, 0, bytes(8)))
        raw.read(0.02, until="PING")
        with contextlib.suppress(OSError):
            raw.socket.shutdown(socket.SHUT_WR)
        raw.read()
        raw.close()
        answered = {name for name in raw.counts if name.startswith(("GOAWAY ", "RST "))}
        counts.update(answered | ({"answered"} if raw.counts["END"] else set()) or {"nothing"})
        counts["never closed"] += not raw.closed
        if number % 1000 == 999:
            counts["right calls between"] += target.right()
        if number == sequences // 10:
            before = target.vitals()
    return {"sequences": sequences, "answers": dict(sorted(counts.items())),
            "grown": target.since(before)}  # fmt: skip


def check_unfinished(target: Target, quick: bool) -> dict[str, Any]:
    whole = PREFACE + settings() + b"".join(target.call.frames(1))
    places = [number % (len(whole) - 1) for number in range(200 if quick else 2_000)]
    for _ in range(4):  # so many have been there when the counting begins
        for raw in [Raw(target.address, whole[:place]) for place in places]:
            raw.close()
    target.right()
    before = target.vitals()
    opened = [Raw(target.address, whole[:place]) for place in places]
    start = time.monotonic()
    right = sum(target.right() for _ in range(50))
    seconds = time.monotonic() - start
    time.sleep(_PATIENCE + 2.5)  # the server looks every 2 seconds
    counts: collections.Counter[str] = collections.Counter()
    for raw in opened:
        raw.read(0.001)
        counts["closed by the server" if raw.closed else "kept"] += 1
        counts["ended call"] += bool(raw.counts["END"] or raw.counts["RST"])
        raw.close()
    return {"connections": len(opened), "right answers beside them": right,
            "seconds for 50": round(seconds, 2), **counts, "grown": target.since(before)}  # fmt: skip


def check_floods(target: Target, quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flood in FLOODS:
        before = target.vitals()
        with Beside(target) as beside:
            raw = Raw(target.address)
            start = time.monotonic()
            flood(raw, target.call, 2_000 if quick else 100_000)
            seconds = time.monotonic() - start
            raw.read(0.1 if quick else 1.0)
            grown = target.vitals()["mib"] - before["mib"]
        answers = dict(raw.counts)
        closed = raw.closed
        raw.close()
        found[flood.__name__] = {
            "closed": closed, "answers": answers, "seconds": round(seconds, 2),
            "grown_mib": round(grown, 1), "after": target.since(before),
            "beside": beside.asked, "wrong": beside.wrong, "slowest_ms": round(beside.slowest),
        }  # fmt: skip
    return found


def check_end(target: Target, quick: bool) -> dict[str, Any]:
    """Calls are on their way when the server is told to end."""
    raws = [Raw(target.address) for _ in range(5 if quick else 50)]
    for raw in raws:
        raw.send(b"".join(b"".join(target.call.frames(stream)) for stream in range(1, 41, 2)))
    target.process.send_signal(signal.SIGTERM)
    counts: collections.Counter[str] = collections.Counter()
    for raw in raws:
        raw.read()
        counts.update({name: raw.counts[name] for name in ("END", "GOAWAY 0")})
        counts["closed"] += raw.closed
        raw.close()
    return {"calls": 20 * len(raws), **counts, "status": target.process.wait(40)}


def main() -> int:
    checks = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(checks))
    parser.add_argument("--quick", action="store_true", help="a fiftieth of it")
    parser.add_argument("--bare", action="store_true", help="a server without models")
    flags = parser.parse_args()
    if unknown := set(flags.checks) - set(checks):
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(checks)}")
    for name in flags.checks or checks:
        with tempfile.TemporaryDirectory() as folder:
            target = Target(Path(folder), flags.bare)
            start = time.monotonic()
            try:
                result = checks[name](target, flags.quick)
                if name != "end":
                    result["alive"] = target.process.poll() is None and target.right()
                result["faults"] = target.faults()
            finally:
                target.stop()
        seconds = round(time.monotonic() - start, 1)
        print(json.dumps({"check": name, "seconds": seconds, **result}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
