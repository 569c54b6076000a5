"""Command-line flags: TF Serving's own names and defaults, and a few of ours after them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

_CPUS = os.cpu_count() or 1


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "t", "yes"):
        return True
    if text.lower() in ("false", "0", "f", "no"):
        return False
    raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")


def _add_bool(group: argparse._ArgumentGroup, name: str, default: bool, text: str) -> None:
    group.add_argument(
        f"--{name}", type=_boolean, nargs="?", const=True, default=default, metavar="BOOL",
        help=f"{text} (default {str(default).lower()})",
    )  # fmt: skip


def _add(group: argparse._ArgumentGroup, name: str, default: int | float | str, text: str) -> None:
    shown = f" (default {default})" if default != "" else ""
    group.add_argument(f"--{name}", type=type(default), default=default, help=text + shown)


def parser() -> argparse.ArgumentParser:
    """The argument parser of `python -m serving`; needs no TensorFlow."""
    top = argparse.ArgumentParser(
        prog="python -m serving",
        description="Serves SavedModels over REST and gRPC as TensorFlow Serving does.",
        allow_abbrev=False,
    )
    group = top.add_argument_group("addresses")
    _add(group, "port", 8500, "gRPC port; 0 for none")
    _add(group, "grpc_socket_path", "", "UNIX socket for gRPC")
    _add(group, "rest_api_port", 0, "REST port; 0 for no REST")
    _add(group, "host", "127.0.0.1", "address to listen on; 0.0.0.0 for all interfaces")
    group = top.add_argument_group("models")
    _add(group, "model_name", "default", "name of the single model")
    _add(group, "model_base_path", "", "absolute path with a directory per version")
    _add(group, "model_config_file", "", "ModelServerConfig in text form, for several models")
    _add(group, "model_config_file_poll_wait_seconds", 0, "time between reads of it; 0 for never")
    _add_bool(
        group, "allow_version_labels_for_unavailable_models", False,
        "let new labels point at versions not yet available",
    )  # fmt: skip
    _add(group, "saved_model_tags", "serve", "comma-separated tags")
    _add_bool(
        group, "enable_signature_method_name_check", False,
        "require matching method names for classify and regress",
    )  # fmt: skip
    group = top.add_argument_group("loading")
    _add(group, "num_load_threads", 0, "threads that load; 0 for the manager's own")
    _add(group, "num_unload_threads", 0, "threads that unload; 0 for the manager's own")
    _add(group, "max_num_load_retries", 5, "attempts after a failed load")
    _add(group, "load_retry_interval_micros", 60_000_000, "time between attempts")
    _add(group, "file_system_poll_wait_seconds", 1, "time between looks; 0 once, negative never")
    _add_bool(group, "enable_model_warmup", True, "replay assets.extra/tf_serving_warmup_requests")
    _add(group, "num_request_iterations_for_warmup", 0, "times each record is replayed; 0 is 1")
    group = top.add_argument_group("running")
    _add_bool(group, "enable_batching", False, "batch across requests")
    _add(group, "batching_parameters_file", "", "BatchingParameters in text form")
    _add_bool(
        group, "enable_per_model_batching_parameters", False,
        "read batching_params.pbtxt from the version directory",
    )  # fmt: skip
    _add(group, "tensorflow_session_parallelism", 0, "threads per session; sets the next two")
    _add(group, "tensorflow_intra_op_parallelism", 0, "threads within an operation")
    _add(
        group, "tensorflow_inter_op_parallelism", 0,
        "threads across operations; 0 runs a request in the thread that handles it",
    )  # fmt: skip
    _add(group, "tensorflow_session_config_file", "", "ConfigProto in text form")
    group = top.add_argument_group("REST")
    _add(group, "rest_api_num_threads", 4 * _CPUS, "threads that run models")
    _add(group, "rest_api_timeout_in_ms", 30_000, "limit for a request; 0 for none")
    _add_bool(group, "rest_api_enable_cors_support", False, "answer with CORS headers")
    _add(group, "monitoring_config_file", "", "MonitoringConfig in text form")
    group = top.add_argument_group("gRPC")
    _add(group, "grpc_channel_arguments", "", "comma-separated key=value")
    _add(group, "grpc_max_threads", 4 * _CPUS, "requests handled at once, beyond it they queue")
    _add(group, "ssl_config_file", "", "SSLConfig in text form")
    _add_bool(group, "enable_grpc_healthcheck_service", False, "serve grpc.health.v1")
    _add_bool(group, "enable_serialization_as_tensor_content", False, "answer with tensor_content")
    group = top.add_argument_group("ours")
    _add(group, "drain_seconds", 30.0, "time running requests get after SIGTERM")
    _add(group, "max_request_bytes", 256 << 20, "largest REST body (else 413) or gRPC message")
    _add(group, "idle_seconds", 120.0, "time a REST connection or gRPC call may stay silent")
    _add(group, "access_log", "", "file for one line per REST request; - for stderr")
    _add(group, "log_level", "INFO", "DEBUG, INFO, WARNING or ERROR")
    _add(group, "example_request_file", "", "body of the curl line that is printed at the start")
    group = top.add_argument_group("accepted and without effect")
    for name, value in (
        ("flush_filesystem_caches", True), ("enable_profiler", True),
        ("remove_unused_fields_from_bundle_metagraph", True), ("use_alts_credentials", False),
        ("prefer_tflite_model", False), ("skip_initialize_tpu", False),
    ):  # fmt: skip
        _add_bool(group, name, value, "TF Serving's flag of this name")
    for name in ("platform_config_file", "mixed_precision", "thread_pool_factory_config_file"):
        _add(group, name, "", "TF Serving's flag of this name")
    _add(group, "per_process_gpu_memory_fraction", 0.0, "TF Serving's flag of this name")
    _add_bool(top.add_argument_group("other"), "version", False, "print the version and leave")
    return top


def parse_flags(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses and checks flags, in the forms `--name=value` and `--name value`.

    Args:
        arguments: Without the program's name; default: this process's.

    Returns:
        One attribute per flag.

    Raises:
        SystemExit: 2 with a message for unknown flags, bad values or bad combinations.
    """
    top = parser()
    flags = top.parse_args(arguments)
    if flags.version:
        return flags
    problem = _problem(flags)
    if problem:
        top.error(problem)
    return flags


def _problem(flags: argparse.Namespace) -> str:
    if not flags.port and not flags.grpc_socket_path:
        return "At least one of --port or --grpc_socket_path must be set."
    if not flags.model_base_path and not flags.model_config_file:
        return "Both --model_base_path and --model_config_file are empty!"
    if flags.rest_api_port and flags.rest_api_port == flags.port:
        return "--rest_api_port cannot be the same as --port."
    if flags.batching_parameters_file and not flags.enable_batching:
        return "--batching_parameters_file is set without --enable_batching."
    if flags.model_base_path and not (
        os.path.isabs(flags.model_base_path) or "://" in flags.model_base_path
    ):
        return f"--model_base_path must be absolute or a URI. Received: {flags.model_base_path}"
    return ""
