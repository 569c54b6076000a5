"""What every test may rely on."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.local_cluster.jars import cache


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def environment(root: Path) -> Callable[[str], Path]:
    """The Python of the environment that `install/<name>.txt` locks."""

    def make(name: str) -> Path:
        lock = root / "install" / f"{name}.txt"
        digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
        place = cache() / f"{name}-{digest}"
        if not (place / "complete").exists():
            uv = str(Path(sys.executable).with_name("uv"))
            version = "{}.{}".format(*sys.version_info)
            for command in (
                [uv, "venv", "--quiet", "--clear", "--python", version, str(place)],
                [
                    uv,
                    "pip",
                    "sync",
                    "--quiet",
                    "--require-hashes",
                    "--python",
                    str(place),
                    str(lock),
                ],
            ):
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    pytest.skip(f"no environment for {name}: {done.stderr.strip()[-300:]}")
            (place / "complete").touch()
        return place / "bin" / "python"

    return make
