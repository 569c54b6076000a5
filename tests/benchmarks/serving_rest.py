"""REST load: ours, ours with batching, FastAPI, BentoML, KServe, the model in process. Needs wrk.

    make bench-serving-rest ARGS="--fastapi-python VENV/bin/python \\
        --bentoml-python VENV/bin/python --kserve-python VENV/bin/python --seconds 10"
    make bench-serving-rest ARGS="--pushed output/taxi/serving/taxi ..."

Without --pushed, the model is half-plus-two. All servers run at once, one process each, and take
turns under load, several rounds, so that whatever else the machine does hits all alike. Reported
are medians over the rounds, and medians of each round's ratios. One row per request, keep-alive.

The rivals' Pythons have fastapi, uvicorn, httptools, uvloop and orjson; bentoml; kserve; each with
tensorflow, in an environment of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RIVALS = Path(__file__).resolve().parent / "rivals"
CONNECTIONS = (1, 8, 64)
SCRIPT = """wrk.method="POST"
wrk.headers["Content-Type"]="application/json"
wrk.body={body}
"""
IN_PROCESS = """
import json, sys, time
sys.path[:0] = [{here!r}]
from rival_model import load
import numpy as np, tensorflow as tf
rows = json.loads({body!r})["instances"]
session = load({model!r})
signature = tf.saved_model.load({model!r}).signatures["serving_default"]
specs = signature.structured_input_signature[1]
def eager():
    named = [row if isinstance(row, dict) else dict.fromkeys(specs, row) for row in rows]
    found = signature(**{{n: tf.constant([row[n] for row in named], s.dtype) for n, s in specs.items()}})
    return {{name: value.numpy().tolist() for name, value in found.items()}}
def rate(call):
    for _ in range(200): call()
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < {seconds}:
        for _ in range(50): call()
        n += 50
    return n / (time.perf_counter() - start)
print(rate(lambda: session(rows)), rate(eager))
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command: list[str], port: int, **variables: str) -> subprocess.Popen:
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **variables,
    }
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while True:
        assert process.poll() is None, f"{command} ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.2)


def wrk(port: int, connections: int, seconds: float, script: str, path: str) -> dict[str, float]:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s", "--latency", "-s", script,
         f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Non-2xx" not in done.stdout, done.stdout

    def milliseconds(percent: str) -> float:
        value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
        return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]

    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return {"rps": rate, "p50_ms": milliseconds("50"), "p99_ms": milliseconds("99")}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pushed", default="", help="a pushed model's folder, with its versions")
    parser.add_argument("--body", default="", help="request for it; default: the run's own example")
    for rival in ("fastapi", "bentoml", "kserve"):
        parser.add_argument(f"--{rival}-python", default="", help=f"python with {rival}")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def model_and_body(flags: argparse.Namespace, folder: str) -> tuple[str, str]:
    """The version directory, and a request of one row."""
    if not flags.pushed:
        model = f"{folder}/m/1"
        code = f"from serving.conformance.models import write_linear; write_linear({model!r})"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        return model, '{"instances": [1.0]}'
    base = Path(flags.pushed).resolve()
    version = max((p for p in base.iterdir() if p.name.isdecimal()), key=lambda p: int(p.name))
    manifest = json.loads((base / "manifests" / f"{version.name}.json").read_text())
    example = base.parents[1] / "runs" / manifest["run"] / "example_request.json"
    body = Path(flags.body or example).read_text()
    return str(version), body.replace("NaN", "0.0")  # the rivals' parsers take no NaN


def main() -> int:
    flags = parse()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        model, body = model_and_body(flags, folder)
        script = f"{folder}/post.lua"
        Path(script).write_text(SCRIPT.format(body=json.dumps(body)))
        batching = f"{folder}/batching.config"
        Path(batching).write_text(
            "max_batch_size { value: 64 } max_enqueued_batches { value: 1000 }"
        )
        ours = [sys.executable, "-m", "serving", "--model_name=m"]
        ours += [f"--model_base_path={Path(model).parent}"]
        batched = ["--enable_batching", f"--batching_parameters_file={batching}"]
        uvicorn = ["-m", "uvicorn", "fastapi_app:app", "--loop", "uvloop", "--http", "httptools"]
        uvicorn += ["--no-access-log", "--app-dir", str(RIVALS)]
        bento = ["-m", "bentoml", "serve", "bentoml_app:Predictor", "--host", "127.0.0.1"]
        bento += ["--working-dir", str(RIVALS)]
        servers = {
            "ours": lambda port: [*ours, f"--rest_api_port={port}", f"--port={free_port()}"],
            "ours batched": lambda port: [
                *ours, f"--rest_api_port={port}", f"--port={free_port()}", *batched,
            ],
        }  # fmt: skip
        if flags.fastapi_python:
            servers["fastapi"] = lambda port: [flags.fastapi_python, *uvicorn, "--port", str(port)]
        if flags.bentoml_python:
            servers["bentoml"] = lambda port: [flags.bentoml_python, *bento, "--port", str(port)]
        if flags.kserve_python:
            servers["kserve"] = lambda port: [flags.kserve_python, str(RIVALS / "kserve_app.py")]
        ports = {}
        for name, command in servers.items():
            ports[name] = port = free_port()
            process = start(
                command(port), port, MODEL=model, PORT=str(port), BENTOML_DO_NOT_TRACK="True"
            )
            # With the workers it has started.
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
        measure(ports, flags, model, script, body)
    return 0


def measure(
    ports: dict[str, int], flags: argparse.Namespace, model: str, script: str, body: str
) -> None:
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    paths = {"bentoml": "/predict"}

    def load(name: str, connections: int, seconds: float) -> dict[str, float]:
        path = paths.get(name, "/v1/models/m:predict")
        return wrk(ports[name], connections, seconds, script, path)

    for name in ports:
        for _ in range(60):  # a port may be open before the worker behind it is up
            with contextlib.suppress(AssertionError):
                if load(name, 8, 1)["rps"] > 20:
                    break
    in_process: list[list[float]] = []
    code = IN_PROCESS.format(here=str(RIVALS), model=model, seconds=flags.seconds, body=body)
    for _ in range(flags.rounds):
        for connections in CONNECTIONS:
            for name in ports:
                result = load(name, connections, flags.seconds)
                found.setdefault((name, connections), []).append(result)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        in_process.append([float(word) for word in done.stdout.split()[-2:]])
    report(ports, found, in_process)


def report(
    names: dict[str, int],
    found: dict[tuple[str, int], list[dict[str, float]]],
    in_process: list[list[float]],
) -> None:
    session, eager = ([round_[kind] for round_ in in_process] for kind in (0, 1))
    print(json.dumps({"in process, one row at a time": {
        "session callable": round(statistics.median(session)),
        "eager signature": round(statistics.median(eager)),
    }}))  # fmt: skip
    for connections in CONNECTIONS:
        print(f"{connections} connections")
        rates = {name: [r["rps"] for r in found[name, connections]] for name in names}
        for name in names:
            rounds = found[name, connections]
            middle = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
            ratios = {
                rival: round(ratio(rates[name], rates[rival]), 2)
                for rival in names
                if name.startswith("ours") and not rival.startswith("ours")
            }
            if name.startswith("ours"):
                ratios["in process, session"] = round(ratio(rates[name], session), 2)
                ratios["in process, eager"] = round(ratio(rates[name], eager), 2)
            shown = {key: round(value, 2) for key, value in middle.items()}
            print(f"  {name:13}", json.dumps(shown), json.dumps(ratios) if ratios else "")


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / max(b, 1.0) for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    sys.exit(main())
