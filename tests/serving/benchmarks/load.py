"""Load benchmark: ours, ours with batching, FastAPI, BentoML, the model in process. Needs wrk.

    python tests/serving/benchmarks/load.py --fastapi-python VENV/bin/python \\
        --bentoml-python VENV/bin/python [--seconds 10]

All servers run at once, one process each, and take turns under load, several rounds, so that
whatever else the machine does hits all alike. Reported are medians over the rounds, and ratios.
"""

from __future__ import annotations

import argparse
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

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """wrk.method="POST"
wrk.headers["Content-Type"]="application/json"
wrk.body='{"instances": [1.0]}'
"""
IN_PROCESS = """
import sys, time
sys.path.insert(0, {root!r})
import numpy as np
from serving.models.saved_model import SessionOptions, load_servable
servable = load_servable("m", 1, {model!r}, SessionOptions())
signature = servable.signatures["serving_default"]
program = servable.program((signature.inputs["x"].name,), (signature.outputs["y"].name,))
import tensorflow as tf
eager = tf.saved_model.load({model!r}).signatures["serving_default"]
def rate(call):
    for _ in range(200): call()
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < {seconds}:
        for _ in range(50): call()
        n += 50
    return n / (time.perf_counter() - start)
print(rate(lambda: program([np.array([1.0], np.float32)])[0].tolist()))
print(rate(lambda: eager(x=tf.constant([1.0]))["y"].numpy().tolist()))
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


def wrk(
    port: int, connections: int, seconds: float, script: str, path: str = "/v1/models/m:predict"
) -> dict[str, float]:
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


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fastapi-python", default="", help="python with fastapi and tensorflow")
    parser.add_argument("--bentoml-python", default="", help="python with bentoml and tensorflow")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/m/1"
        code = f"from serving.conformance.models import write_linear; write_linear({model!r})"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        script = f"{folder}/post.lua"
        Path(script).write_text(SCRIPT)
        batching = f"{folder}/batching.config"
        Path(batching).write_text(
            "max_batch_size { value: 64 } max_enqueued_batches { value: 1000 }"
        )
        ports = {"ours": free_port(), "ours batched": free_port()}
        base = [sys.executable, "-m", "serving", "--model_name=m", f"--model_base_path={folder}/m"]
        processes = [
            start([*base, f"--rest_api_port={ports['ours']}", f"--port={free_port()}"], ports["ours"]),
            start(
                [*base, f"--rest_api_port={ports['ours batched']}", f"--port={free_port()}",
                 "--enable_batching", f"--batching_parameters_file={batching}"],
                ports["ours batched"],
            ),
        ]  # fmt: skip
        if flags.fastapi_python:
            ports["fastapi"] = port = free_port()
            processes.append(
                start(
                    [flags.fastapi_python, "-m", "uvicorn", "fastapi_app:app", "--port", str(port),
                     "--loop", "uvloop", "--http", "httptools", "--no-access-log",
                     "--app-dir", str(Path(__file__).parent)],
                    port, MODEL=model,
                )
            )  # fmt: skip
        if flags.bentoml_python:
            ports["bentoml"] = port = free_port()
            processes.append(
                start(
                    [flags.bentoml_python, "-m", "bentoml", "serve", "bentoml_app:HalfPlusTwo",
                     "--port", str(port), "--host", "127.0.0.1",
                     "--working-dir", str(Path(__file__).parent)],
                    port, MODEL=model, BENTOML_DO_NOT_TRACK="True",
                )
            )  # fmt: skip
        try:
            measure(ports, flags, model, script)
        finally:
            for process in processes:  # with the workers they have started
                os.killpg(process.pid, signal.SIGKILL)
    return 0


def measure(ports: dict[str, int], flags: argparse.Namespace, model: str, script: str) -> None:
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    paths = {"bentoml": "/predict"}
    for name, port in ports.items():
        for _ in range(30):  # BentoML opens its port before its worker is up
            if wrk(port, 8, 1, script, *filter(None, [paths.get(name)]))["rps"] > 20:
                break
    for _ in range(flags.rounds):
        for connections in (1, 8, 64):
            for name, port in ports.items():
                path = paths.get(name, "/v1/models/m:predict")
                result = wrk(port, connections, flags.seconds, script, path)
                found.setdefault((name, connections), []).append(result)
    code = IN_PROCESS.format(root=str(ROOT), model=model, seconds=flags.seconds)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    in_process, eager = map(float, done.stdout.split()[-2:])
    print(
        json.dumps({"in process": {"session": round(in_process), "eager signature": round(eager)}})
    )
    for connections in (1, 8, 64):
        line: dict[str, object] = {"connections": connections}
        for name in ports:
            rounds = found[name, connections]
            line[name] = {
                key: round(statistics.median(r[key] for r in rounds), 3) for key in rounds[0]
            }
        for rival in ("fastapi", "bentoml"):
            for name in ("ours", "ours batched") if rival in ports else ():
                ratios = [
                    a["rps"] / max(b["rps"], 1.0)
                    for a, b in zip(
                        found[name, connections], found[rival, connections], strict=True
                    )
                ]
                line[f"{name} / {rival}"] = round(statistics.median(ratios), 2)
        print(json.dumps(line))


if __name__ == "__main__":
    sys.exit(main())
