"""images/: the Dockerfiles pass hadolint and say what the lock says. No engine was here to build them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NAMES = ("pipeline", "worker")


def text(root: Path, name: str) -> str:
    """A Dockerfile with its continued lines joined and its comments gone."""
    found = (root / "images" / f"{name}.Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in found.splitlines() if not line.startswith("#")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines))


def context(root: Path) -> set[str]:
    """What of the repository an image is built from."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    return {rule.removeprefix("!") for rule in rules if rule.startswith("!")}


def test_hadolint_finds_nothing(root: Path, environment: Callable[[str], Path]) -> None:
    program = environment("hadolint").with_name("hadolint")
    files = [str(root / "images" / f"{name}.Dockerfile") for name in NAMES]
    done = subprocess.run([str(program), *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    # It does read them.
    bad = subprocess.run([str(program), "-"], input="FROM ubuntu\n", capture_output=True, text=True)
    assert "DL3006" in bad.stdout


def test_both_install_the_same_lock_on_ubuntu_24_04(root: Path) -> None:
    installs = set()
    for name in NAMES:
        assert re.findall(r"^FROM (\S+)$", text(root, name), re.M) == ["ubuntu:24.04"]
        installs.add("\n".join(re.findall(r"^RUN .*requirements\.txt.*$", text(root, name), re.M)))
    [command] = installs
    assert "--no-deps" in command
    assert command.count("--require-hashes") == 2
    for file in re.findall(r"/opt/(install/\S+\.txt)", command):
        assert (root / file).is_file(), file
    assert "python3.12 -m venv" in command  # Ubuntu's own


def test_the_workers_boot_is_that_of_the_locked_beam(root: Path) -> None:
    [(python, version)] = re.findall(
        r"^FROM apache/beam_python([\d.]+)_sdk:(\S+) AS", text(root, "worker"), re.M
    )
    locked = re.search(
        r"^apache-beam==(\S+)", (root / "install/requirements.txt").read_text(), re.M
    )
    assert locked is not None and version == locked[1]
    assert f"python{python} -m venv" in text(root, "worker")


def test_the_context_has_what_the_program_needs_and_no_more(root: Path) -> None:
    allowed = context(root)
    packages = {"components", "data", "pipeline", "serving"}
    assert packages | {"install", "run_local.py", "setup.py"} <= allowed
    assert all((root / name).exists() for name in allowed)
    assert not allowed & {".git", ".venv", "output", "tests"}


@pytest.mark.slow
def test_the_context_alone_runs_a_pipeline(root: Path, tmp_path: Path) -> None:
    """As the image's entry point does: from another folder, the code found by PYTHONPATH."""
    code, home = tmp_path / "code", tmp_path / "home"
    for name in context(root):
        if (root / name).is_dir():
            shutil.copytree(root / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / name, code / name)
    home.mkdir()
    for copied in re.findall(r"^COPY (?!--)(\S+) ", text(root, "pipeline"), re.M):
        assert list(code.glob(copied)), copied
    command = [sys.executable, str(code / "run_local.py"), "--config", "taxi", "--to", "SchemaGen"]
    environment = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((home / "output" / "taxi" / "artifacts" / "SchemaGen").rglob("schema.pbtxt"))


@pytest.mark.slow
def test_the_lock_can_be_had_for_the_images_python_and_glibc(root: Path) -> None:
    """What the images' `uv pip install` would download, resolved and not downloaded."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--dry-run"]
    command += ["--no-deps", "--require-hashes", "--target", "/nonexistent", "--quiet"]
    command += ["--python-platform", "x86_64-manylinux_2_39", "--python-version", "3.12"]
    command += ["--build-constraints", "install/build.txt", "-r", "install/requirements.txt"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
