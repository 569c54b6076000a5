"""`python -m pipeline serve`: the embedded model server on what the last run pushed."""

import argparse
import os
import sys
from pathlib import Path

from components.pusher.versions import manifests, served
from pipeline import example_request
from pipeline.earlier import pushed_to


def main(argv: list[str]) -> int:
    """Replaces this process by `python -m serving`; unknown flags are passed on to it."""
    parser = argparse.ArgumentParser(prog="python -m pipeline serve", description=__doc__)
    parser.add_argument("name", nargs="?", help="pipeline name (default: the one pushed last)")
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument("--rest_api_port", type=int, default=8501)
    parser.add_argument("--port", type=int, default=8500, help="gRPC")
    options, passed_on = parser.parse_known_args(argv)
    newest = _newest(Path(options.root), options.name)
    if newest is None:
        print(
            f"error: nothing pushed under {options.root}. Run `python run_local.py` first.",
            file=sys.stderr,
        )
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
        f"--model_name={name}",
        f"--model_base_path={found.resolve()}",
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


def _example(directory: Path, root: Path) -> list[str]:
    """The flag that names a request of the model's own test data; none where there is none."""
    manifest = manifests(directory).get(served(directory)[-1], {})
    file = root / "runs" / manifest.get("run", "?") / example_request.FILE_NAME
    return [f"--example_request_file={file.resolve()}"] if file.is_file() else []
