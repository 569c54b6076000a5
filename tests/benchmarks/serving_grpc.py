"""gRPC load: ours against bare grpcio servers that call the same session callable. Needs h2load.

    make bench-serving-grpc ARGS="--seconds 5"
    make bench-serving-grpc ARGS="--pushed output/taxi/serving/taxi"

h2load (of nghttp2, `apt install nghttp2-client`) sends one recorded Predict request again and again:
it costs a tenth of what a Python client would, so the servers are what is measured. All servers run
at once, one process each, and take turns, several rounds, so that whatever else the machine does
hits all alike. Reported are medians over the rounds, and medians of each round's ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREDICT = "/tensorflow.serving.PredictionService/Predict"
LOADS = {"1 call": (1, 1), "8 calls": (1, 8), "64 calls": (1, 64), "64 connections": (64, 1)}
BARE = """
import asyncio, sys
sys.path.insert(0, {root!r})
import grpc, numpy as np
from concurrent.futures import ThreadPoolExecutor
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc as service
from serving.models.saved_model import SessionOptions, load_servable
servable = load_servable("m", 1, {model!r}, SessionOptions())
signature = servable.signatures["serving_default"]
names = list(signature.inputs), list(signature.outputs)
program = servable.program(
    tuple(signature.inputs[n].name for n in names[0]), tuple(signature.outputs[n].name for n in names[1]))
def tiny(request):
    (output,) = program([np.array(request.inputs["x"].float_val, np.float32)])
    response = predict_pb2.PredictResponse()
    tensor = response.outputs["y"]
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=len(output))
    tensor.float_val.extend(output.tolist())
    return response
def any_model(request):
    import tensorflow as tf
    outputs = program([tf.make_ndarray(request.inputs[name]) for name in names[0]])
    response = predict_pb2.PredictResponse()
    for name, output in zip(names[1], outputs):
        response.outputs[name].CopyFrom(tf.make_tensor_proto(output))
    return response
predict = tiny if names == (["x"], ["y"]) else any_model
class Asynchronous(service.PredictionServiceServicer):
    async def Predict(self, request, context):
        return predict(request)
class Threaded(service.PredictionServiceServicer):
    def Predict(self, request, context):
        return predict(request)
async def main():
    server = grpc.aio.server()
    service.add_PredictionServiceServicer_to_server(Asynchronous(), server)
    server.add_insecure_port("127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()
if {threaded}:
    server = grpc.server(ThreadPoolExecutor(8))
    service.add_PredictionServiceServicer_to_server(Threaded(), server)
    server.add_insecure_port("127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()
asyncio.run(main())
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


def recorded(file: Path, ports: list[int], body: str) -> None:
    """Writes the request as it goes over the wire; grpcio's client asks every server for the same."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    stubs = [
        prediction_service_pb2_grpc.PredictionServiceStub(
            grpc.insecure_channel(f"127.0.0.1:{port}")
        )
        for port in ports
    ]
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name = "m"
    found = get_model_metadata_pb2.SignatureDefMap()
    stubs[0].GetModelMetadata(asked).metadata["signature_def"].Unpack(found)
    (row,) = json.loads(body)["instances"]
    for name, info in found.signature_def["serving_default"].inputs.items():
        value = row[name] if isinstance(row, dict) else row
        dtype = tf.dtypes.as_dtype(info.dtype)
        request.inputs[name].CopyFrom(tf.make_tensor_proto([value], dtype=dtype))
        if dtype == tf.float32:  # as clients write it that know no NumPy
            request.inputs[name].ClearField("tensor_content")
            request.inputs[name].float_val[:] = [value]
    data = request.SerializeToString()
    file.write_bytes(b"\0" + len(data).to_bytes(4, "big") + data)
    answers = [[stub.Predict(request) for _ in range(200)][-1].outputs for stub in stubs]
    for answer in answers:
        for name, output in answer.items():
            expected = tf.make_ndarray(answers[0][name]).tolist()
            assert tf.make_ndarray(output).tolist() == expected, (name, output)


def pushed(base: Path) -> tuple[str, str]:
    """The newest version's directory, and the example request of the run that pushed it."""
    version = max((p for p in base.iterdir() if p.name.isdecimal()), key=lambda p: int(p.name))
    manifest = json.loads((base / "manifests" / f"{version.name}.json").read_text())
    example = base.resolve().parents[1] / "runs" / manifest["run"] / "example_request.json"
    return str(version.resolve()), example.read_text()


def h2load(port: int, connections: int, calls: int, seconds: float, file: Path) -> dict[str, float]:
    log = file.with_suffix(".log")
    log.unlink(missing_ok=True)
    done = subprocess.run(
        ["h2load", "-t1", f"-c{connections}", f"-m{calls}", f"-D{round(seconds)}", f"-d{file}",
         "-Hcontent-type: application/grpc", "-Hte: trailers", f"--log-file={log}",
         f"http://127.0.0.1:{port}{PREDICT}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line.split() for line in log.read_text().splitlines()]
    assert lines and all(status == "200" for _, status, _ in lines), done.stdout
    # An error of gRPC is a 200 without a message: every answer must have brought its bytes.
    answered = int(re.search(r"(\d+) succeeded", done.stdout)[1])
    data = int(re.search(r"\((\d+)\) data", done.stdout)[1])
    assert 20 * answered < data, done.stdout
    times = sorted(int(microseconds) for _, _, microseconds in lines)
    return {
        "rps": len(times) / seconds,
        "p50_ms": times[len(times) // 2] / 1000,
        "p99_ms": times[int(len(times) * 0.99)] / 1000,
    }


def cpu(process: subprocess.Popen) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pushed", default="", help="a pushed model's folder, with its versions")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args()
    if shutil.which("h2load") is None:
        print("error: no h2load; `apt install nghttp2-client` brings it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        base, file = flags.pushed or f"{folder}/m", Path(folder) / "request"
        model, body = f"{base}/1", '{"instances": [1.0]}'
        if flags.pushed:
            model, body = pushed(Path(flags.pushed))
        else:
            code = f"from serving.conformance.models import write_linear; write_linear({model!r})"
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        names = ("ours", "grpcio, asyncio", "grpcio, threads")
        ports = {name: free_port() for name in names}
        processes: dict[str, subprocess.Popen] = {}
        for name, port in ports.items():
            source = BARE.format(root=str(ROOT), model=model, port=port, threaded="threads" in name)
            command = [sys.executable, "-c", source]
            if name == "ours":
                command = [sys.executable, "-m", "serving", "--model_name=m",
                           f"--model_base_path={Path(base).resolve()}", f"--port={port}"]  # fmt: skip
            processes[name] = start(command, port)
            stack.callback(processes[name].send_signal, signal.SIGKILL)
        recorded(file, list(ports.values()), body)
        for load, (connections, calls) in LOADS.items():
            found: dict[str, list[dict[str, float]]] = {name: [] for name in ports}
            for _ in range(flags.rounds):
                for name, port in ports.items():
                    before = cpu(processes[name])
                    result = h2load(port, connections, calls, flags.seconds, file)
                    used = cpu(processes[name]) - before
                    result["cpu_us"] = used / (result["rps"] * flags.seconds) * 1e6
                    found[name].append(result)
            line: dict[str, object] = {"load": load}
            for name, rounds in found.items():
                line[name] = {
                    key: round(statistics.median(one[key] for one in rounds), 2)
                    for key in rounds[0]
                }
            for name in names[1:]:
                pairs = zip(found["ours"], found[name], strict=True)
                ratios = [ours["rps"] / theirs["rps"] for ours, theirs in pairs]
                line[f"ours / {name}"] = round(statistics.median(ratios), 2)
            print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
