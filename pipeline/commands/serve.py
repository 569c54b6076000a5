"""`python -m pipeline serve`: the embedded model server on what the last run pushed."""

import argparse
import json
import os
import sys
from pathlib import Path

from components.pusher.versions import manifests, served
from pipeline import example_request
from pipeline.earlier import pushed_to
from pipeline.earlier.request_logs import FOLDER

_LOGGED = """model_config_list {{ config {{
  name: {name} base_path: {directory} model_platform: "tensorflow"
  logging_config {{
    log_collector_config {{ type: "tfrecord" filename_prefix: {prefix} }}
    sampling_config {{ sampling_rate: {share} }}
  }}
}} }}
"""


def main(argv: list[str]) -> int:
    """Replaces this process by `python -m serving`; unknown flags are passed on to it."""
    parser = argparse.ArgumentParser(prog="python -m pipeline serve", description=__doc__)
    parser.add_argument("name", nargs="?", help="pipeline name (default: the one pushed last)")
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument("--rest_api_port", type=int, default=8501)
    parser.add_argument("--port", type=int, default=8500, help="gRPC")
    parser.add_argument(
        "--log_requests",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="write this share of the requests, 0 to 1, where `python -m pipeline monitor` looks",
    )
    options, passed_on = parser.parse_known_args(argv)
    newest = _newest(Path(options.root), options.name)
    if newest is None:
        print(
            f"error: nothing pushed under {options.root}. Run `python run_local.py` first.",
            file=sys.stderr,
        )
        return 2
    if not 0 <= options.log_requests <= 1:
        print(f"error: --log_requests: 0 to 1. Received: {options.log_requests}", file=sys.stderr)
        return 2
    found, root = newest
    name = root.name
    print(
        f"serving {name} version {served(found)[-1]} from {found}; a line to try when it is up",
        flush=True,
    )
    command = [
        sys.executable,
        "-m",
        "serving",
        *_model(name, found, root, options.log_requests),
        f"--rest_api_port={options.rest_api_port}",
        f"--port={options.port}",
        *_example(found, root),
        *passed_on,
    ]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its own lines, not the libraries'
    os.execv(sys.executable, command)


def _newest(output: Path, name: str | None) -> tuple[Path, Path] | None:
    """The folder of the model pushed last, and that of its pipeline."""
    found = [
        (folder / str(served(folder)[-1]), root)
        for root in sorted(output.glob(name or "*"))
        for folder in pushed_to.folders(root)
        if served(folder)
    ]
    if not found:
        return None
    version, root = max(found, key=lambda item: item[0].stat().st_mtime)
    return version.parent, root


def _model(name: str, directory: Path, root: Path, share: float) -> list[str]:
    """The flags that say what is served; with a log of requests that is a file."""
    if not share:
        return [f"--model_name={name}", f"--model_base_path={directory.resolve()}"]
    folder = (root / FOLDER).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "models.config"
    file.write_text(
        _LOGGED.format(
            name=json.dumps(name),
            directory=json.dumps(str(directory.resolve())),
            prefix=json.dumps(str(folder / name)),
            share=share,
        ),
        encoding="utf-8",
    )
    return [f"--model_config_file={file}"]


def _example(directory: Path, root: Path) -> list[str]:
    """The flag that names a request of the model's own test data; none where there is none."""
    manifest = manifests(directory).get(served(directory)[-1], {})
    file = root / "runs" / manifest.get("run", "?") / example_request.FILE_NAME
    return [f"--example_request_file={file.resolve()}"] if file.is_file() else []
