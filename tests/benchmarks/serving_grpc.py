"""gRPC load: ours against a bare grpcio server that calls the same session callable.

    make bench-serving-grpc ARGS="--seconds 5"

Both servers run at once and take turns; the client is one process of asyncio, and may be what
limits both at high concurrency. Reported are medians over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BARE = """
import asyncio, sys
sys.path.insert(0, {root!r})
import grpc, numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc as service
from serving.models.saved_model import SessionOptions, load_servable
servable = load_servable("m", 1, {model!r}, SessionOptions())
signature = servable.signatures["serving_default"]
program = servable.program((signature.inputs["x"].name,), (signature.outputs["y"].name,))
class Service(service.PredictionServiceServicer):
    async def Predict(self, request, context):
        (output,) = program([tf.make_ndarray(request.inputs["x"])])
        response = predict_pb2.PredictResponse()
        response.outputs["y"].CopyFrom(tf.make_tensor_proto(output))
        return response
async def main():
    server = grpc.aio.server()
    service.add_PredictionServiceServicer_to_server(Service(), server)
    server.add_insecure_port("127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()
import uvloop
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command: list[str], port: int) -> subprocess.Popen:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while True:
        assert process.poll() is None, "a server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.2)


async def load(port: int, concurrency: int, seconds: float) -> dict[str, float]:
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    tensor = request.inputs["x"]
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=1)
    tensor.float_val.append(1.0)
    times: list[float] = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = await stub.Predict(request)
        assert list(response.outputs["y"].float_val) == [2.5]
        end = time.perf_counter() + seconds

        async def caller() -> None:
            while (begin := time.perf_counter()) < end:
                await stub.Predict(request)
                times.append(time.perf_counter() - begin)

        await asyncio.gather(*(caller() for _ in range(concurrency)))
    times.sort()
    return {
        "rps": len(times) / seconds,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/m/1"
        code = f"from serving.conformance.models import write_linear; write_linear({model!r})"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        ports = {"ours": free_port(), "bare grpcio": free_port()}
        processes = [
            start([sys.executable, "-m", "serving", "--model_name=m",
                   f"--model_base_path={folder}/m", f"--port={ports['ours']}"], ports["ours"]),
            start([sys.executable, "-c", BARE.format(root=str(ROOT), model=model,
                   port=ports["bare grpcio"])], ports["bare grpcio"]),
        ]  # fmt: skip
        try:
            for concurrency in (1, 8, 64):
                line: dict[str, object] = {"concurrent calls": concurrency}
                found: dict[str, list[dict[str, float]]] = {name: [] for name in ports}
                for _ in range(flags.rounds):
                    for name, port in ports.items():
                        found[name].append(asyncio.run(load(port, concurrency, flags.seconds)))
                for name, rounds in found.items():
                    line[name] = {
                        key: round(statistics.median(r[key] for r in rounds), 3)
                        for key in rounds[0]
                    }
                line["ratio"] = round(
                    statistics.median(
                        a["rps"] / b["rps"]
                        for a, b in zip(found["ours"], found["bare grpcio"], strict=True)
                    ),
                    2,
                )
                print(json.dumps(line), flush=True)
        finally:
            for process in processes:
                process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
