"""Version directories of a served model: complete or absent, only growing, each with a manifest.

Layout under the model's directory, which TensorFlow Serving watches (it reads only names that are
numbers): `<version>/` the SavedModel, `manifests/<version>.json` what it is and where it came from,
kept after a rollback so that a number is never used twice.
"""

import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

_MANIFESTS = "manifests"


def served(directory: Path) -> list[int]:
    """Versions a server sees, ascending."""
    if not directory.is_dir():
        return []
    return sorted(int(item.name) for item in directory.iterdir() if item.name.isdecimal())


def manifests(directory: Path) -> dict[int, dict[str, Any]]:
    """Every version ever pushed with its manifest, ascending."""
    folder = directory / _MANIFESTS
    files = folder.glob("*.json") if folder.is_dir() else []
    found = {int(file.stem): json.loads(file.read_text(encoding="utf-8")) for file in files}
    return dict(sorted(found.items()))


def next_version(directory: Path) -> int:
    """One more than any version there is or was."""
    return max([0, *served(directory), *manifests(directory)]) + 1


def file_hashes(model: Path) -> dict[str, str]:
    """sha256 of every file of a SavedModel, by its path inside."""
    return {
        file.relative_to(model).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(model.rglob("*"))
        if file.is_file()
    }


def publish(model: Path, directory: Path, manifest: dict[str, Any]) -> int:
    """Copies a SavedModel in as the next version; it appears whole, by one rename.

    Args:
      model: the SavedModel's directory.
      directory: the served model's directory; created.
      manifest: written beside it, with `version` and `files` added.

    Returns:
      The version; the newest one again when that already is this very model.
    """
    hashes = file_hashes(model)
    versions = served(directory)
    if versions and manifests(directory).get(versions[-1], {}).get("files") == hashes:
        return versions[-1]
    version = next_version(directory)
    (directory / _MANIFESTS).mkdir(parents=True, exist_ok=True)
    # Same file system as the target, and a name no server takes for a version.
    staging = directory / f".{version}.{uuid.uuid4().hex}.incoming"
    try:
        shutil.copytree(model, staging)
        # The manifest first: a version without one could be pushed twice after a crash.
        write_manifest(directory, version, {**manifest, "version": version, "files": hashes})
        os.rename(staging, directory / str(version))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return version


def withdraw(directory: Path, version: int, why: str) -> None:
    """Takes a version away from servers for good; its number and manifest stay taken."""
    manifest = manifests(directory).get(version, {"version": version})
    write_manifest(directory, version, {**manifest, "withdrawn": why})
    gone = directory / f".{version}.{uuid.uuid4().hex}.withdrawn"
    os.rename(directory / str(version), gone)
    shutil.rmtree(gone)


def write_manifest(directory: Path, version: int, manifest: dict[str, Any]) -> None:
    """Writes `manifests/<version>.json`, whole or not at all."""
    target = directory / _MANIFESTS / f"{version}.json"
    partial = target.with_suffix(f".{uuid.uuid4().hex}.partial")
    partial.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    os.replace(partial, target)
