"""What the server survives, with counts: `python tests/serving/robustness.py [check ...] [--quick]`.

json    generated bodies through the JSON layer: a result or a ServingError, nothing else
http    malformed and random requests on raw sockets: no crash, no 5xx but 501
slow    2,000 connections that never finish a request, while others are answered
bodies  huge, deep, cut off, contradictory bodies
swaps   hot swaps under load: no failed and no mixed answer
kill    kill -9 and restart under load: the client's retries succeed
memory  200,000 requests: resident memory before and after
"""

from __future__ import annotations

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from serving.client import Client  # noqa: E402

VALID = b'{"instances": [1.0, 2.0]}'
TARGET = "/v1/models/m:predict"
ALLOWED = {200, 400, 404, 408, 413, 501}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """`python -m serving` on a temporary model whose version v answers 1 with v + 1."""

    def __init__(self, base: Path, *flags: str) -> None:
        self.port, self.grpc_port, self.base, self.flags = free_port(), free_port(), base, flags
        self.start()

    def start(self) -> None:
        command = [
            sys.executable, "-m", "serving", f"--rest_api_port={self.port}",
            f"--port={self.grpc_port}", "--model_name=m", f"--model_base_path={self.base}",
            "--log_level=WARNING", *self.flags,
        ]  # fmt: skip
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
            stderr=(self.base.parent / "log.txt").open("ab"),
        )  # fmt: skip
        while not self.ready():
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.2)

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def alive(self) -> bool:
        return self.process.poll() is None and self.ask() == 2.0

    def ask(self) -> float:
        with Client(f"http://127.0.0.1:{self.port}", retries=0) as client:
            return client.predict("m", [1.0])[0]

    def resident_mib(self) -> float:
        text = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(text.split()[1]) * 4096 / 2**20

    def send(self, data: bytes, seconds: float = 5.0, finish: bool = True) -> int:
        """Sends raw bytes; the status of the answer, 0 for none."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            try:
                connection.sendall(data)
                if finish:
                    connection.shutdown(socket.SHUT_WR)
                head = connection.recv(64)
            except (ConnectionError, TimeoutError):
                return 0
        return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def make_base(folder: Path) -> Path:
    """A base path with version 1, and versions to copy beside it."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    script = (
        "from serving.conformance.models import write_linear\n"
        f"write_linear({str(folder / 'odd')!r}, 1.0, 1.0)\n"
        f"write_linear({str(folder / 'even')!r}, 1.0, 2.0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    base = folder / "m"
    shutil.copytree(folder / "odd", base / "1")
    return base


def request(body: bytes, target: str = TARGET, method: str = "POST", *more: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def random_body(rng: random.Random) -> bytes:
    plain = rng.random() < 0.4  # bodies of numbers alone, many of them valid

    def value(depth: int) -> str:
        kind = rng.choice([0, 0, 0, 6]) if plain else rng.randrange(9)
        if plain and (kind < 3 or depth > 4):
            return rng.choice(["1", "-0", "1e5", "2.5", "NaN", "-Infinity", "1e-400", "300"])
        if kind < 3 or depth > 4:
            return rng.choice(["1", "-0", "1e5", "2.5", "NaN", "1e400", "9" * 25, "null", "true"])
        if kind < 5:
            return rng.choice(['"x"', '{"b64": "AA=="}', '"\\ud800"', '{"b64": 1}', '"\\u00e9"'])
        if kind < 7:
            return "[" + ",".join(value(depth + 1) for _ in range(rng.randrange(4))) + "]"
        keys = ("x", "b64", "instances", "inputs", "examples", "signature_name", "a\\u0000b")
        pairs = (f'"{rng.choice(keys)}": {value(depth + 1)}' for _ in range(rng.randrange(3)))
        return "{" + ",".join(pairs) + "}"

    key = rng.choice(["instances", "inputs", "examples", "context", "x"])
    body = bytearray(f'{{"{key}": {value(0)}, "signature_name": {value(3)}}}'.encode())
    if rng.random() < 0.7:
        filled = f"[{value(1)}, {value(1)}]" if rng.random() < 0.8 else value(0)
        body = bytearray(f'{{"{key}": {filled}}}'.encode())
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return bytes(body[: rng.randrange(len(body))] if rng.random() < 0.1 else body)


def check_json(_folder: Path, quick: bool) -> dict:
    from serving.rest.examples import parse_examples
    from serving.rest.json_dialect import parse_document
    from serving.rest.request import decode_predict, signature_name_of
    from serving.status import ServingError

    rng, counts = random.Random(1), collections.Counter()
    for _ in range(5_000 if quick else 100_000):
        body = random_body(rng)
        try:
            doc = parse_document(body)
            name = signature_name_of(doc)
            dtype = rng.choice([1, 2, 3, 4, 7, 9, 10, 19, 23])
            decode_predict(doc, name, {"x": dtype} if rng.random() < 0.8 else {"x": dtype, "a": 1})
            counts["read"] += 1
        except ServingError as error:
            counts[error.code.name] += 1
        try:
            parse_examples(body)
            counts["examples read"] += 1
        except ServingError as error:
            counts[f"examples {error.code.name}"] += 1
    return dict(counts)


def check_http(folder: Path, quick: bool) -> dict:
    server = Server(make_base(folder))
    rng, counts = random.Random(2), collections.Counter()
    targets = [
        TARGET, "/v1/models/m", "/v1/models/../../etc/passwd", "/v1/models/%2e%2e%2fm:predict",
        "/v1/models/m/versions/99999999999999999999", "/v1/models/m%00:predict", "*", "/", "//",
        "/v1/models/m/labels/%ff:predict", "http://x/v1/models/m", "/v1/" + "a" * 5000,
    ]  # fmt: skip
    methods = ["POST", "GET", "PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", ""]
    before = server.resident_mib()
    for _ in range(500 if quick else 20_000):
        data = request(random_body(rng), rng.choice(targets), rng.choice(methods))
        kind = rng.randrange(6)
        if kind == 0:
            data = rng.randbytes(rng.randrange(1, 300))
        elif kind == 1:
            mutated = bytearray(data)
            for _ in range(rng.randrange(1, 6)):
                mutated[rng.randrange(len(mutated))] = rng.randrange(256)
            data = bytes(mutated)
        elif kind == 2:
            data = data[: rng.randrange(1, len(data))]
        elif kind == 3:
            data = data.replace(b"Host: x", b"Transfer-Encoding: chunked", 1)
        counts[server.send(data)] += 1
    grown = server.resident_mib() - before
    alive = server.alive()
    server.stop()
    bad = {status: n for status, n in counts.items() if status and status not in ALLOWED}
    return {"statuses": dict(counts), "bad": bad, "alive": alive, "grown_mib": round(grown, 1)}


def check_bodies(folder: Path, quick: bool) -> dict:
    server = Server(make_base(folder), "--max_request_bytes=20000000")
    depth = 100_000 if quick else 500_000
    found = {
        "deep lists": server.send(request(b'{"instances":' + b"[" * depth + b"]" * depth + b"}"), 60),
        "deep objects": server.send(request(b'{"a":' * depth + b"1" + b"}" * depth), 60),
        "huge": server.send(request(b'{"instances":[' + b"1," * 9_000_000 + b"1]}"), 60),
        "announced huge": server.send(request(b"", TARGET, "POST", "Content-Length: 1")[:-2]
                                      + b"Content-Length: 99999999999\r\n\r\n"),
        "too long a head": server.send(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50_000),
        "two lengths": server.send(request(VALID, TARGET, "POST", "Content-Length: 5")),
        "length and chunks": server.send(
            request(VALID, TARGET, "POST", "Transfer-Encoding: chunked")
        ),
        "bad chunk": server.send(
            f"POST {TARGET} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode()
        ),
        "valid": server.send(request(VALID)),
    }  # fmt: skip
    found["alive"] = server.alive()
    server.stop()
    return found


def check_slow(folder: Path, quick: bool) -> dict:
    server = Server(make_base(folder), "--idle_seconds=8")
    opened = []
    for index in range(200 if quick else 2_000):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(request(VALID)[: 20 + index % 60])
        opened.append(connection)
    start = time.monotonic()
    answers = [server.ask() for _ in range(50)]
    slowest = time.monotonic() - start
    time.sleep(12)
    closed = 0
    for connection in opened:
        connection.settimeout(0.05)
        try:
            while data := connection.recv(4096):
                del data
            closed += 1
        except TimeoutError:
            pass
        except ConnectionError:
            closed += 1
        connection.close()
    alive = server.alive()
    server.stop()
    return {
        "connections": len(opened), "closed by the server": closed, "alive": alive,
        "right answers beside them": answers.count(2.0), "seconds for 50": round(slowest, 2),
    }  # fmt: skip


class Load:
    """Threads that ask for predictions until told to stop."""

    def __init__(self, port: int, threads: int, rows: int = 1, **options) -> None:
        self.counts: collections.Counter = collections.Counter()
        self.stopping = False
        self._arguments = port, rows, options
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        port, rows, options = self._arguments
        with Client(f"http://127.0.0.1:{port}", **options) as client:
            while not self.stopping:
                try:
                    values = set(client.predict("m", [1.0] * rows))
                    self.counts["mixed" if len(values) > 1 else str(values.pop())] += 1
                except Exception as error:
                    self.counts[f"failed: {error}"[:100]] += 1

    def stop(self) -> dict:
        self.stopping = True
        for thread in self._threads:
            thread.join()
        return dict(self.counts)


def check_swaps(folder: Path, quick: bool) -> dict:
    base = make_base(folder)
    server = Server(base)
    load = Load(server.port, 4, rows=5, retries=0)
    swaps = 3 if quick else 50
    for version in range(2, swaps + 2):
        staged = folder / f"staged-{version}"
        shutil.copytree(folder / ("odd" if version % 2 else "even"), staged)
        staged.rename(base / str(version))
        wanted = 2.0 if version % 2 else 3.0
        while server.ask() != wanted:
            time.sleep(0.05)
        if version > 3:
            shutil.rmtree(base / str(version - 2))
    counts = load.stop()
    rss = server.resident_mib()
    server.stop()
    return {"swaps": swaps, "answers": counts, "resident_mib": round(rss)}


def check_kill(folder: Path, quick: bool) -> dict:
    server = Server(make_base(folder))
    load = Load(server.port, 4, retries=40, backoff=0.2)
    kills = 1 if quick else 5
    for _ in range(kills):
        time.sleep(2)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.start()
    time.sleep(1)
    counts = load.stop()
    server.stop()
    return {"kills": kills, "answers": counts}


def check_memory(folder: Path, quick: bool) -> dict:
    server = Server(make_base(folder))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def ask(count: int) -> None:
        for index in range(count):
            body = VALID if index % 10 else b'{"instances": [nope'
            connection.request("POST", TARGET, body)
            connection.getresponse().read()

    ask(2_000 if quick else 20_000)
    readings = [server.resident_mib()]
    for _ in range(4):
        ask(1_000 if quick else 50_000)
        readings.append(server.resident_mib())
    server.stop()
    return {
        "requests": 4_000 if quick else 200_000,
        "resident_mib": [round(r, 1) for r in readings],
    }


def main() -> int:
    checks = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(checks))
    parser.add_argument("--quick", action="store_true", help="a hundredth of it")
    flags = parser.parse_args()
    if unknown := set(flags.checks) - set(checks):
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(checks)}")
    for name in flags.checks or checks:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            result = checks[name](Path(folder), flags.quick)
        seconds = round(time.monotonic() - start, 1)
        print(json.dumps({"check": name, "seconds": seconds, **result}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
