"""Flags: TF Serving's names, defaults and forms."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.flags import parse_flags

BASE = ["--model_base_path=/models/m"]


def test_defaults():
    flags = parse_flags(BASE)
    assert (flags.port, flags.rest_api_port, flags.model_name) == (8500, 0, "default")
    assert flags.rest_api_timeout_in_ms == 30000
    assert flags.max_num_load_retries == 5
    assert flags.load_retry_interval_micros == 60_000_000
    assert flags.file_system_poll_wait_seconds == 1
    assert flags.enable_model_warmup is True
    assert flags.enable_batching is False
    assert flags.host == "127.0.0.1"


def test_both_forms():
    flags = parse_flags(
        ["--model_base_path", "/m", "--rest_api_port", "8501", "--enable_batching",
         "--enable_model_warmup=false", "--port=0", "--grpc_socket_path=/tmp/s"]
    )  # fmt: skip
    assert flags.rest_api_port == 8501
    assert flags.enable_batching is True
    assert flags.enable_model_warmup is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Both --model_base_path and --model_config_file are empty!"),
        ([*BASE, "--port=0"], "At least one of --port or --grpc_socket_path must be set."),
        ([*BASE, "--rest_api_port=8500"], "cannot be the same as --port"),
        ([*BASE, "--batching_parameters_file=x"], "without --enable_batching"),
        (["--model_base_path=models"], "must be absolute or a URI. Received: models"),
        ([*BASE, "--unknown_flag=1"], "unrecognized arguments: --unknown_flag=1"),
        ([*BASE, "--enable_batching=maybe"], "expected true or false, got 'maybe'"),
    ],
)
def test_refusals(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_flags(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_help_needs_no_tensorflow():
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "serving", "--help"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0
    assert "tensorflow" not in done.stderr
    assert "--rest_api_port" in done.stdout
    assert time.monotonic() - start < 10
