"""The distribution that pip builds and Beam ships: the four packages, their files, nothing else."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("pipeline", "components", "data", "serving")


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy, because setuptools leaves its work beside the source."""
    folder = tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in (*PACKAGES, "install"):
        shutil.copytree(root / name, folder / name, ignore=unwanted)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE"):
        shutil.copy(root / name, folder)
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "out"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *flags, "."], cwd=folder, check=True)
    return next((folder / "out").glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_every_module_travels(root: Path, names: set[str]) -> None:
    for package in PACKAGES:
        for file in (root / package).rglob("*.py"):
            assert file.relative_to(root).as_posix() in names


def test_configurations_and_schemas_travel(root: Path, names: set[str]) -> None:
    for file in (root / "pipeline/configs").iterdir():
        if file.suffix in (".toml", ".pbtxt"):
            assert file.relative_to(root).as_posix() in names


def test_nothing_else_travels(wheel: Path, names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == set(PACKAGES)
    samples = [name for name in names if name.endswith((".gz", ".npz", ".csv", ".parquet", ".png"))]
    assert not samples
    assert wheel.stat().st_size < 1_000_000


def test_metadata(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    assert "Name: tfx-production-pipeline\n" in metadata
    assert "Requires-Dist: tfx==1.21.0\n" in metadata
    assert "Requires-Python: <3.13,>=3.11\n" in metadata or ">=3.11,<3.13\n" in metadata
    assert "License-File: LICENSE\n" in metadata
