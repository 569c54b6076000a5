"""Watches base paths: which version directories are there, and which of them are wanted."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*")


@dataclass(frozen=True)
class VersionPolicy:
    """Which versions of a model to serve.

    `kind` is latest (the `count` highest), all, or specific (those in `versions`).
    """

    kind: str = "latest"
    count: int = 1
    versions: tuple[int, ...] = field(default=())


@dataclass(frozen=True)
class Monitored:
    """A model whose base path is watched."""

    name: str
    base_path: str
    policy: VersionPolicy = VersionPolicy()


def parse_version(name: str) -> int | None:
    """Version number of a directory name, None if it is not an int64 in decimal."""
    match = _INTEGER.fullmatch(name)
    if match is None or len(match[1]) > 40:
        return None
    version = int(match[1])
    return version if -(2**63) <= version < 2**63 else None


def _listdir(path: str) -> list[str]:
    if "://" in path:
        import tensorflow as tf

        if not tf.io.gfile.exists(path):
            raise FileNotFoundError(path)
        return sorted({name.strip("/").partition("/")[0] for name in tf.io.gfile.listdir(path)})
    return sorted(os.listdir(path))


def aspired_versions(model: Monitored) -> dict[int, str]:
    """Versions to serve as of now, with their directories.

    Raises:
        OSError: the base path itself cannot be listed; nothing is known then.
    """
    found: dict[int, str] = {}
    for child in _listdir(model.base_path):
        version = parse_version(child)
        if version is None:
            continue
        if version in found:
            if model.policy.kind == "all":
                continue
            log.warning(
                "Duplicate version directories detected. Version %d will be loaded from %s, %s "
                "will be ignored.", version, child, os.path.basename(found[version]),
            )  # fmt: skip
        found[version] = os.path.join(model.base_path, child)
    wanted = _select(found, model)
    if not wanted:
        log.warning(
            "No versions of servable %s found under base path %s. Did you forget to name your "
            "leaf directory as a number (eg. '/1/')?", model.name, model.base_path,
        )  # fmt: skip
    return {version: found[version] for version in wanted}


def _select(found: dict[int, str], model: Monitored) -> list[int]:
    policy = model.policy
    if policy.kind == "all":
        return list(found)
    if policy.kind == "latest":
        return sorted(found, reverse=True)[: max(policy.count, 1)]
    for version in policy.versions:
        if version not in found:
            log.warning(
                "Version %d of servable %s, which was requested to be served as a 'specific' "
                "version in the servable's version policy, was not found in the file system",
                version, model.name,
            )  # fmt: skip
    return [version for version in found if version in policy.versions]


AspiredCallback = Callable[[str, dict[int, str]], None]


class StorageWatcher:
    """Polls the base paths in a thread and reports the aspired versions of every model.

    Args:
        on_aspired: Called with a model's name and its versions; {} when the model is gone.
        poll_seconds: Time between polls; 0 polls once, negative never.
    """

    def __init__(self, on_aspired: AspiredCallback, poll_seconds: float) -> None:
        self._on_aspired = on_aspired
        self._poll_seconds = poll_seconds
        self._models: tuple[Monitored, ...] = ()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def names(self) -> set[str]:
        """Names of the watched models."""
        return {model.name for model in self._models}

    def update(self, models: Sequence[Monitored]) -> None:
        """Replaces the watched models; those no longer listed are reported with no versions."""
        with self._lock:
            gone = self.names - {model.name for model in models}
            self._models = tuple(models)
            for name in sorted(gone):
                self._on_aspired(name, {})
        if self._thread is None and self._poll_seconds >= 0:
            self._thread = threading.Thread(target=self._run, name="storage", daemon=True)
            self._thread.start()
        self._wake.set()

    def poll(self) -> None:
        """Looks at every base path once; if any cannot be listed, reports nothing at all."""
        with self._lock:
            try:
                found = [(model.name, aspired_versions(model)) for model in self._models]
            except OSError as error:
                log.error("Encountered a filesystem access error: %s", error)
                return
            for name, versions in found:
                self._on_aspired(name, versions)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self.poll()
            self._wake.wait(self._poll_seconds or None)

    def stop(self) -> None:
        """Ends the polling thread."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
