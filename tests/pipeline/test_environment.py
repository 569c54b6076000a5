"""pipeline/environment.py: commands of a Python without dependencies go on in `.venv`, or say what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {"run": ["run_local.py", "--help"], "commands": ["-m", "pipeline", "status", "--help"]}


def _bare() -> str:
    """The Python that the environment was made of, which has none of its packages."""
    python = f"{sys.base_prefix}/bin/python3"
    found = subprocess.run(
        [python, "-c", "import importlib.util; print(importlib.util.find_spec('tfx'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    if found.stdout.strip() != "None":
        pytest.skip("TFX is installed in the Python below this environment")
    return python


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """The files a command needs before it meets its dependencies, without an environment."""
    shutil.copy(root / "run_local.py", tmp_path)
    (tmp_path / "pipeline").mkdir()
    for file in ("__init__.py", "__main__.py", "environment.py"):
        shutil.copy(root / "pipeline" / file, tmp_path / "pipeline")
    return tmp_path


def _call(python: str, arguments: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [python, *arguments], cwd=folder, env=clean, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_without_an_environment_it_says_make_setup(command: str, checkout: Path) -> None:
    done = _call(_bare(), COMMANDS[command], checkout)
    assert done.returncode == 2
    assert "make setup" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_it_goes_on_in_the_environment_with_the_same_arguments(
    command: str, checkout: Path
) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    python.chmod(0o755)
    done = _call(_bare(), COMMANDS[command], checkout)
    assert done.returncode == 7
    assert done.stdout.split() == COMMANDS[command]


def test_an_environment_that_lacks_packages_is_not_entered_for_ever(checkout: Path) -> None:
    subprocess.run([_bare(), "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)
    done = _call(_bare(), COMMANDS["run"], checkout)
    assert done.returncode == 2
    assert "is not complete" in done.stderr and "make setup" in done.stderr
