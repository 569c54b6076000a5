"""`make lock`: resolves install/*.in into the pinned files that `make setup` installs.

One resolution serves every supported system and Python ("universal"). The files hold names,
versions and sha256 only: where packages come from is the installing machine's business.

    python -m install.lock [--upgrade | --upgrade-package NAME]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from install import index

FOLDER = Path(__file__).parent
# Each lock with what it must agree with, in order.
LOCKS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("requirements.in", "requirements.txt", ("--override", "overrides.in")),
    ("requirements-dev.in", "requirements-dev.txt", ("--constraint", "requirements.txt")),
    ("uv.in", "uv.txt", ("--constraint", "requirements-dev.txt")),
    ("build.in", "build.txt", ("--constraint", "requirements.txt")),
    # Environments of their own: none agrees with TFX's dependencies, nor needs to.
    ("mlflow.in", "mlflow.txt", ()),
    ("kubeflow-loader.in", "kubeflow-loader.txt", ()),
    ("airflow-loader.in", "airflow-loader.txt", ()),
    ("hadolint.in", "hadolint.txt", ()),
)
FLAGS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def main(argv: list[str]) -> int:
    uv = Path(sys.executable).with_name("uv")
    environment = index.uv_environment(index.pip_settings(sys.executable), os.environ)
    for source, result, relation in LOCKS:
        command = [str(uv), "pip", "compile", source, "-o", result, *relation, *FLAGS, *argv]
        if subprocess.run(command, cwd=FOLDER, env=environment).returncode:
            print(f"lock: {source} could not be resolved; {result} is as it was", file=sys.stderr)
            return 1
        print(f"lock: {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
