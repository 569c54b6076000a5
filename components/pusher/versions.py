"""Version directories of a served model: complete or absent, only growing, each with a manifest.

Layout under the model's directory, which TensorFlow Serving watches (it reads only names that are
numbers): `<version>/` the SavedModel, `manifests/<version>.json` what it is and where it came from,
kept after a rollback so that a number is never used twice, `.lock` held while somebody writes, and
while they do `.<version>.<random>.incoming/` or `.withdrawn/`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.saved_models import LITE_FOLDER, LITE_REPORT

_MANIFESTS = "manifests"
_EXTRA = "assets.extra/"
"""What lies beside a model and is no part of what it is."""
_WARMUP = f"{_EXTRA}tf_serving_warmup_requests"
"""Requests: other rows do not make another version."""
_MEASURED = f"{_EXTRA}{LITE_FOLDER}/{LITE_REPORT}"
"""Tells how fast files were on a day, besides what they are."""


class PublishError(RuntimeError):
    """A version could not be written; the message says where and why."""


class WithdrawnError(RuntimeError):
    """This very model was pushed once and taken back; the message says which version and why."""


def served(directory: Path) -> list[int]:
    """Versions a server sees, ascending."""
    if not directory.is_dir():
        return []
    names = [item.name for item in directory.iterdir() if item.is_dir()]
    return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))


def manifests(directory: Path) -> dict[int, dict[str, Any]]:
    """Every version ever pushed with its manifest, ascending."""
    folder = directory / _MANIFESTS
    files = folder.glob("*.json") if folder.is_dir() else ()
    found = {
        int(file.stem): json.loads(file.read_text(encoding="utf-8"))
        for file in files
        if file.stem.isdecimal()
    }
    return dict(sorted(found.items()))


def next_version(directory: Path) -> int:
    """One more than any version there is or was."""
    return max([0, *served(directory), *manifests(directory)]) + 1


def file_hashes(model: Path) -> dict[str, str]:
    """sha256 of every file of a SavedModel, by its path inside."""
    return {
        file.relative_to(model).as_posix(): _sha256(file)
        for file in sorted(model.rglob("*"))
        if file.is_file()
    }


def publish(
    model: Path, directory: Path, manifest: dict[str, Any], beside: Mapping[str, Path] | None = None
) -> int:
    """Copies a SavedModel in as the next version; it appears whole, by one rename.

    Args:
      model: the SavedModel's directory.
      directory: the served model's directory; created.
      manifest: written beside it, with `version` and `files` added.
      beside: {path in the version: file}, copied in too; with other files of them it is another
        version, though not another model.

    Returns:
      The version; the newest one again when that already is this very model.

    Raises:
      WithdrawnError: a rollback took this very model back.
      PublishError: the directory cannot be written.
    """
    hashes = file_hashes(model)
    if not hashes:
        raise PublishError(f"there is no model in {model}")
    extra = {name: _sha256(file) for name, file in (beside or {}).items()}
    with _writing(directory):
        known, versions = manifests(directory), served(directory)
        if versions and _same_version(known.get(versions[-1], {}), hashes | extra):
            return versions[-1]
        for number, old in known.items():
            if old.get("withdrawn") and _same_model(old, hashes):
                raise WithdrawnError(f"this model was version {number}: {old['withdrawn']}")
        version = next_version(directory)
        # Same file system as the target, and a name no server takes for a version.
        staging = directory / f".{version}.{uuid.uuid4().hex}.incoming"
        try:
            shutil.copytree(model, staging, copy_function=_copy_to_disk)
            for name, file in (beside or {}).items():
                (staging / name).parent.mkdir(parents=True, exist_ok=True)
                _copy_to_disk(str(file), str(staging / name))
            # The manifest first: a version without one could be pushed twice after a crash.
            write_manifest(
                directory, version, {**manifest, "version": version, "files": hashes | extra}
            )
            os.rename(staging, directory / str(version))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return version


def _same_model(manifest: dict[str, Any], hashes: dict[str, str]) -> bool:
    def of_the_model(files: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in files.items() if not name.startswith(_EXTRA)}

    return of_the_model(manifest.get("files", {})) == of_the_model(hashes)


def _same_version(manifest: dict[str, Any], hashes: dict[str, str]) -> bool:
    def but_told(files: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in files.items() if name not in (_WARMUP, _MEASURED)}

    return but_told(manifest.get("files", {})) == but_told(hashes)


def withdraw(directory: Path, version: int, why: str) -> None:
    """Takes a version away from servers for good; its number and manifest stay taken.

    Raises:
      PublishError: the directory cannot be written.
    """
    with _writing(directory):
        manifest = manifests(directory).get(version)
        if manifest is None:  # put there by hand
            manifest = {"version": version, "files": file_hashes(directory / str(version))}
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


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    """One writer at a time; the system lets go of the lock when the process dies."""
    try:
        (directory / _MANIFESTS).mkdir(parents=True, exist_ok=True)
        with open(directory / ".lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _sweep(directory)
            yield
    except OSError as error:
        raise PublishError(
            f"cannot write to {directory}: {error.strerror or error}. Mend that, or name another "
            "folder in push.directory."
        ) from error


def _sweep(directory: Path) -> None:
    """Removes what a writer that was killed left behind. Whoever holds the lock is the only one."""
    for staging in directory.glob(".*.incoming"):
        version = int(staging.name.split(".")[1])
        if version not in served(directory):  # its manifest speaks of a version nobody ever saw
            (directory / _MANIFESTS / f"{version}.json").unlink(missing_ok=True)
        shutil.rmtree(staging)
    for leaving in directory.glob(".*.withdrawn"):
        shutil.rmtree(leaving)
    for partial in (directory / _MANIFESTS).glob("*.partial"):
        partial.unlink()


def _copy_to_disk(source: str, target: str) -> None:
    """Copies one file and waits until the disk has it: a rename must not outrun its content."""
    shutil.copy2(source, target)
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def _sha256(file: Path) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
