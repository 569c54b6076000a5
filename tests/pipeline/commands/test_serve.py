"""pipeline/commands/serve.py: the server on what was pushed last, with a request that works."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipeline import example_request
from pipeline.commands import serve


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_printed_curl_line_works(shop_after_a_run, root: Path, tmp_path: Path) -> None:
    rest, grpc = _free_port(), _free_port()
    command = [sys.executable, "-m", "pipeline", "serve", "shop"]
    command += ["--root", str(shop_after_a_run.folder / "output")]
    command += [f"--rest_api_port={rest}", f"--port={grpc}"]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = ""
        while not line.strip().startswith("curl -d"):
            line = process.stdout.readline()
            assert line, "the server ended without printing a curl line"
        _, _, body, url = shlex.split(line)
        status = re.sub(r":predict$", "", url)
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(status, timeout=5)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        with urllib.request.urlopen(url, data=body.encode(), timeout=30) as answer:
            [prediction] = json.load(answer)["predictions"]
        assert prediction["class"] in ("no", "yes")
        assert 0 <= prediction["score"] <= 1
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()
    assert process.stdout.read() == ""  # one line to try, and not a second one that is made up
    logged = (tmp_path / "log").read_text()
    assert "Serving shop version" in logged
    assert "oneDNN" not in logged and "cuInit" not in logged and "absl::" not in logged


def test_a_folder_outside_is_found(shop_after_a_run, root: Path, tmp_path: Path) -> None:
    shutil.copytree(shop_after_a_run.folder / "output", tmp_path / "output")
    pipeline = tmp_path / "output" / "shop"
    shutil.copytree(pipeline / "serving" / "shop", tmp_path / "elsewhere" / "models")
    shutil.rmtree(pipeline / "serving")
    for file in pipeline.glob("runs/*/summary.json"):
        summary = json.loads(file.read_text())
        summary["pushed"]["path"] = str(tmp_path / "elsewhere" / "models" / "1")
        file.write_text(json.dumps(summary))
    found = serve._newest(tmp_path / "output", None)
    assert found == (tmp_path / "elsewhere" / "models", pipeline)
    assert serve._example(*found)[0].endswith(example_request.FILE_NAME)
    command = [sys.executable, "-m", "pipeline", "serve", "--root", str(tmp_path / "output")]
    # The server refuses its flags before it loads anything: what it was started on is said by then.
    done = subprocess.run(
        [*command, "--no_such_flag=1"], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.startswith(f"serving shop version 1 from {tmp_path}/elsewhere/models;")
    assert done.returncode == 2 and "--no_such_flag" in done.stderr


def test_nothing_pushed_says_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.main(["--root", str(tmp_path)]) == 2
    assert "python run_local.py" in capsys.readouterr().err
