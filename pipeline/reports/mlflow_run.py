"""Starts the logging of a run to MLflow in a Python that has it: MLflow's own, beside ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

BESIDE = Path(sys.prefix).parent / ".venv-mlflow" / "bin" / "python"
"""What `make mlflow` makes."""
PYTHON = "MLFLOW_PYTHON"
"""Environment variable that names another one."""


def log(folder: Path, address: str) -> int:
    """Logs the run with its pushed model; returns the exit code.

    Args:
      folder: the run's, with its report.
      address: MLflow's tracking URI, such as `sqlite:///mlflow.db` or `http://localhost:5000`.

    Raises:
      ValueError: there is no Python with MLflow.
    """
    python = Path(os.environ.get(PYTHON, BESIDE))
    if not python.is_file():
        raise ValueError(
            f"no Python with MLflow at {python}. `make mlflow` installs one there; or name yours "
            f"in {PYTHON}"
        )
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    pushed = (summary.get("pushed") or {}).get("path", "")
    program = Path(__file__).with_name("mlflow_log.py")
    command = [str(python), str(program), str(folder), address]
    return subprocess.run(
        [*command, *([pushed] if pushed and Path(pushed).is_dir() else [])]
    ).returncode
