"""From flags and the files they name to the objects the server is built of."""

from __future__ import annotations

import argparse
import sys

from google.protobuf import text_format
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.models.saved_model import SessionOptions
from serving.models.text_protos import read_declared, read_text_proto
from serving.rest.http_protocol import AccessLog
from serving.rest.message import Request, Response

_DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics"


def first_config(flags: argparse.Namespace) -> model_server_config_pb2.ModelServerConfig:
    """The configuration to start with: the file, or the single model of the flags."""
    config = model_server_config_pb2.ModelServerConfig()
    if flags.model_config_file:
        return read_text_proto(flags.model_config_file, config)
    config.model_config_list.config.add(
        name=flags.model_name, base_path=flags.model_base_path, model_platform="tensorflow"
    )
    return config


def session_options(flags: argparse.Namespace) -> SessionOptions:
    """Loading and threading options of the flags."""
    config = config_pb2.ConfigProto()
    if flags.tensorflow_session_config_file:
        with open(flags.tensorflow_session_config_file, encoding="utf-8") as file:
            text_format.Parse(file.read(), config)
    both = flags.tensorflow_session_parallelism
    return SessionOptions(
        tags=tuple(flags.saved_model_tags.split(",")),
        intra_op=both or flags.tensorflow_intra_op_parallelism,
        inter_op=both or flags.tensorflow_inter_op_parallelism,
        config=config.SerializeToString(),
    )


def metrics_path(flags: argparse.Namespace) -> str | None:
    """Path of the Prometheus page, None when the monitoring file does not enable it."""
    if not flags.monitoring_config_file:
        return None
    prometheus = read_declared(flags.monitoring_config_file, "MonitoringConfig").prometheus_config
    return (prometheus.path or _DEFAULT_METRICS_PATH) if prometheus.enable else None


def access_log(target: str) -> AccessLog | None:
    """A function that writes one line per request to a file, `-` for stderr; None for ""."""
    if not target:
        return None
    stream = sys.stderr if target == "-" else open(target, "a", buffering=1, encoding="utf-8")  # noqa: SIM115

    def write(peer: str, request: Request, response: Response, seconds: float) -> None:
        path = request.target.encode("utf-8", "backslashreplace").decode()
        stream.write(
            f'{peer} "{request.method} {path}" {response.status} {len(response.body)} '
            f"{seconds * 1000:.3f}ms\n"
        )

    return write
