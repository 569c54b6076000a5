"""Our wheel, as workers get it: built once for the same code, and once more unpacked to import from."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipeline", "components", "data", "serving")
BESIDE = ("setup.py", "README.md", "LICENSE", "MANIFEST.in", "install/requirements.in")
SAMPLES = frozenset({".parquet", ".csv", ".tfrecord", ".gz", ".png", ".jpg"})
"""Suffixes of data: it stays behind, a worker reads what the pipeline names."""
KEPT = 5
"""Builds in the cache; older ones are removed."""


class WheelError(ValueError):
    """Our wheel cannot be built here; the message says why."""


def digest(project: Path = PROJECT) -> str:
    """16 hexadecimal digits of everything that goes into the wheel.

    Raises:
      WheelError: this is no source tree.
    """
    total = hashlib.sha256(sys.version.split()[0].encode())
    for file in _files(project):
        total.update(f"{file.relative_to(project).as_posix()}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def build(cache: Path, project: Path = PROJECT) -> Path:
    """The wheel of the code as it is now, from the cache where it is there.

    Args:
      cache: builds are kept in it, each in a folder named after its content.
      project: the source tree.

    Returns:
      `<cache>/<digest>/tfx_production_pipeline-<version>-py3-none-any.whl`.

    Raises:
      WheelError: this is no source tree, or setuptools failed.
    """
    cache = cache.resolve()
    place = cache / digest(project)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        if not (found := sorted(place.glob("*.whl"))):
            _build(project, place)
            found = sorted(place.glob("*.whl"))
            _forget(cache, place)
    os.utime(place)
    return found[0]


def unpacked(wheel: Path) -> Path:
    """The folder to put on a worker's PYTHONPATH: the wheel's content beside the wheel."""
    site = wheel.parent / "site"
    with _alone(wheel.parent.parent):
        if not site.is_dir():
            partial = Path(tempfile.mkdtemp(dir=wheel.parent))
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(partial)
            partial.chmod(0o755)
            partial.rename(site)
    return site


def _files(project: Path) -> list[Path]:
    if not (project / "setup.py").is_file():
        raise WheelError(
            f"our wheel is built from the source tree, and {project} has no setup.py: run from a "
            "checkout of the repository"
        )
    inside = [
        file
        for package in PACKAGES
        for file in sorted((project / package).rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and file.suffix not in SAMPLES
    ]
    return inside + [project / name for name in BESIDE if (project / name).is_file()]


def _build(project: Path, place: Path) -> None:
    """In a copy: setuptools writes beside what it builds."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "source")
        for file in _files(project):
            target = copy / file.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        out = Path(scratch, "out")
        command = [sys.executable, "setup.py", "--quiet", "bdist_wheel", "--dist-dir", str(out)]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        if done.returncode or not list(out.glob("*.whl")):
            said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise WheelError(f"our wheel could not be built: {said[-1]}")
        partial = place.with_name(place.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(out, partial)
        partial.rename(place)


def _forget(cache: Path, keep: Path) -> None:
    builds = sorted((p for p in cache.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in builds[:-KEPT]:
        if old != keep:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with open(folder / ".lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
