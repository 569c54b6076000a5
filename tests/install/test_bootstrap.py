"""`make setup` itself, run as a process, on a lock of one tiny package made here."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

UV = Path(sys.executable).with_name("uv")


def make_wheel(folder: Path, name: str, version: str) -> str:
    """A wheel of one module; returns its line in a lock."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}.py", f'version = "{version}"\n')
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(
            f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{name}=={version} \\\n    --hash=sha256:{digest}\n"


class Place:
    """A repository of nothing but a lock, and the machine's settings for it."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.root = folder / "root"
        self.locks = self.root / "install"
        self.venv = self.root / ".venv"
        self.wheels = folder / "wheels"
        self.repository = repository
        self.locks.mkdir(parents=True)
        self.wheels.mkdir()
        self.environment = {
            "HOME": str(folder),
            # The uv that is there already: nothing is downloaded in these tests.
            "PATH": f"{UV.parent}:/usr/bin:/bin",
            "PYTHON": sys.executable,
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
        }
        shutil.copy(repository / "install/uv.txt", self.locks)
        for name, content in (
            ("requirements-dev.txt", ""),
            ("build.txt", ""),
            ("relinked.json", "{}"),
        ):
            (self.locks / name).write_text(content)
        self.lock(make_wheel(self.wheels, "tiny", "1.0"))

    def lock(self, text: str) -> None:
        (self.locks / "requirements.txt").write_text(text)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "install.bootstrap", "--root", str(self.root)]

    def start(self, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(),
            cwd=self.repository,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def setup(self, **more: str) -> tuple[int, str]:
        process = self.start(**more)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def version(self) -> str:
        command = [self.venv / "bin/python", "-c", "import tiny; print(tiny.version)"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def note(self) -> dict[str, object]:
        note = json.loads((self.venv / "setup.json").read_text())
        assert isinstance(note, dict)
        return note


@pytest.fixture
def place(tmp_path: Path, root: Path) -> Place:
    return Place(tmp_path, root)


def test_from_nothing_then_nothing_then_the_difference(place: Place) -> None:
    code, said = place.setup()
    assert code == 0, said
    assert "ready in" in said
    assert place.version() == "1.0"
    before = (place.venv / "setup.log").stat().st_mtime_ns
    assert place.setup() == (0, "")  # nothing to do, nothing to say
    assert (place.venv / "setup.log").stat().st_mtime_ns == before

    own = next(place.venv.glob("lib/python3*/site-packages")) / "users_own.py"
    own.write_text("")
    place.lock(make_wheel(place.wheels, "tiny", "1.1"))
    code, said = place.setup()
    assert code == 0, said
    assert "making .venv" not in said
    assert place.version() == "1.1"
    assert own.exists()


def test_wrong_hash_is_refused(place: Place) -> None:
    good = (place.locks / "requirements.txt").read_text()
    place.lock(good.split("sha256:")[0] + "sha256:" + "0" * 64 + "\n")
    code, said = place.setup()
    assert code == 1
    assert "Hash mismatch" in said
    assert "failed (exit code" in said
    assert place.version() == ""
    assert place.note()["state"] == "unfinished"


def test_killed_in_the_middle(place: Place, tmp_path: Path) -> None:
    """kill -9 when half a package is written; the next setup leaves nothing of it."""
    slow = tmp_path / "slow"
    slow.mkdir()
    half = "lib/python*/site-packages"
    (slow / "uv").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {UV} --version\n'
        f"cd {place.venv}/{half} && mkdir tiny-1.0.dist-info && echo half > tiny.py && sleep 60\n"
    )
    (slow / "uv").chmod(0o755)
    process = place.start(PATH=f"{slow}:/usr/bin:/bin")
    deadline = time.monotonic() + 60
    while not list(place.venv.glob(f"{half}/tiny.py")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert place.note()["state"] == "unfinished"
    code, said = place.setup()
    assert code == 0, said
    assert "the last setup did not finish" in said
    assert place.version() == "1.0"


@pytest.mark.slow
def test_a_python_that_is_gone(place: Place) -> None:
    """As after an upgrade of the system: the environment's link leads nowhere."""
    assert place.setup()[0] == 0
    for link in (place.venv / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nonexistent/python")
    code, said = place.setup()
    assert code == 0, said
    assert place.version() == "1.0"


def test_an_environment_of_someone_else_is_left_alone(place: Place) -> None:
    place.venv.mkdir()
    (place.venv / "precious").write_text("mine")
    code, said = place.setup()
    assert code == 1
    assert "was not made by `make setup`" in said
    assert [file.name for file in place.venv.iterdir()] == ["precious"]


@pytest.mark.slow
def test_two_at_once(place: Place) -> None:
    both = [place.start(), place.start()]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("ready in" in text for text in said) == 1
    assert place.version() == "1.0"


def test_a_python_that_cannot_be_used(place: Place) -> None:
    code, said = place.setup(PYTHON="/nonexistent/python3")
    assert code == 1
    assert said.startswith("setup: PYTHON=/nonexistent/python3 does not start.")
    assert not place.venv.exists()


@pytest.mark.slow
def test_the_real_lock_from_nothing(root: Path, tmp_path: Path) -> None:
    """Everything, from the registry or its cache, as on a fresh machine; then nothing."""
    for name in ("install", "Makefile"):
        source = root / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    # Not as a part of the `make` that may be running these tests.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    first, again = (
        subprocess.run(["make", "setup"], cwd=tmp_path, env=outside, capture_output=True, text=True)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert "ready in" in first.stdout
    assert (again.returncode, again.stdout) == (0, "")
    code = "import ml_metadata, tfx.version; print(tfx.version.__version__)"
    python = tmp_path / ".venv/bin/python"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True)
    assert said.stdout.strip() == "1.21.0", said.stderr
