"""Brings what is served in line with what is aspired: loads, retries, swaps, unloads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serving.models.policy import Act, Phase, Snapshot, next_action
from serving.models.saved_model import Servable
from serving.models.state import State, StateMonitor
from serving.status import Code, ServingError

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
Loader = Callable[[str, int, str], Servable]


@dataclass
class _Managed:
    """One version the manager takes care of."""

    name: str
    version: int
    path: str
    phase: Phase = Phase.NEW
    aspired: bool = True
    servable: Servable | None = None


class Manager:
    """Runs the lifecycle of all versions in one thread, with pools for loading and unloading.

    Args:
        load: Loads and warms up one version; raises ServingError when it cannot.
        monitor: Receives every state change.
        load_threads: 0 loads in the manager's own thread, one version after the other, so that
            a failing load and its retries hold up every other change, as in TF Serving.
        unload_threads: Likewise for unloading.
        max_retries: Further attempts after a failed load.
        retry_seconds: Time between attempts; negative for none.
    """

    def __init__(
        self,
        load: Loader,
        monitor: StateMonitor,
        *,
        load_threads: int = 0,
        unload_threads: int = 0,
        max_retries: int = 5,
        retry_seconds: float = 60.0,
    ) -> None:
        self._load = load
        self._monitor = monitor
        self._max_retries = max_retries
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._managed: dict[str, dict[int, _Managed]] = {}
        self._pending: dict[str, dict[int, str]] = {}
        # Replaced, never changed: model -> version -> servable, readable without the lock.
        self._serving: dict[str, dict[int, Servable]] = {}
        self._loaders = _pool("load", load_threads)
        self._unloaders = _pool("unload", unload_threads)
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)

    def start(self) -> None:
        """Starts the manager's thread."""
        self._thread.start()

    def set_load_threads(self, count: int) -> None:
        """Changes the number of load threads; loads already running are not disturbed."""
        previous, self._loaders = self._loaders, _pool("load", count)
        if previous is not None:
            previous.shutdown(wait=False)

    def aspire(self, name: str, versions: dict[int, str]) -> None:
        """Asks for exactly these versions of a model; the latest request counts."""
        with self._lock:
            self._pending[name] = dict(versions)

    def servable(self, name: str, version: int | None) -> Servable:
        """A ready version, held for the caller, who must `release` it.

        Args:
            name: Model.
            version: Version, None for the highest ready one.

        Raises:
            ServingError: NOT_FOUND.
        """
        while True:
            versions = self._serving.get(name)
            if versions and (version is None or version in versions):
                servable = versions[max(versions) if version is None else version]
                if servable.acquire():
                    return servable
                continue  # just unloaded; the table has been replaced or is about to be
            kind = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {kind}")

    def serving(self) -> dict[str, list[int]]:
        """Ready versions by model."""
        return {name: sorted(versions) for name, versions in self._serving.items() if versions}

    def stop(self) -> None:
        """Stops the thread without unloading anything."""
        self._stopping = True
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            try:
                acted = self.tick()
            except Exception:
                log.exception("The manager failed to act")
                acted = False
            if not acted:
                with self._wake:
                    self._wake.wait(_TICK_SECONDS)

    def tick(self) -> bool:
        """One round: forget what is over, take in requests, act once. Whether it acted."""
        with self._lock:
            self._flush()
            self._take_requests()
            action = self._choose()
            if action is None:
                return False
            act, managed = action
            managed.phase = Phase.BUSY
        if act is Act.LOAD:
            self._submit(self._loaders, self._do_load, managed)
        else:
            self._submit(self._unloaders, self._do_unload, managed)
        return True

    @staticmethod
    def _submit(
        pool: ThreadPoolExecutor | None, job: Callable[[_Managed], None], managed: _Managed
    ) -> None:
        if pool is None:
            job(managed)
        else:
            pool.submit(job, managed)

    def _flush(self) -> None:
        over = (Phase.NEW, Phase.DISABLED, Phase.ERROR)
        for versions in self._managed.values():
            for version, managed in list(versions.items()):
                if not managed.aspired and managed.phase in over:
                    del versions[version]

    def _take_requests(self) -> None:
        for name, wanted in list(self._pending.items()):
            versions = self._managed.setdefault(name, {})
            # A version on its way out must be gone before it can come back.
            if any(not m.aspired and m.version in wanted for m in versions.values()):
                continue
            del self._pending[name]
            for managed in versions.values():
                managed.aspired = managed.version in wanted
            for version, path in wanted.items():
                if version not in versions:
                    versions[version] = _Managed(name, version, path)
                    self._monitor.publish(name, version, State.START)

    def _choose(self) -> tuple[Act, _Managed] | None:
        best: tuple[Act, _Managed] | None = None
        for versions in self._managed.values():
            action = next_action(Snapshot(m.version, m.phase, m.aspired) for m in versions.values())
            if action is not None and (best is None or action[0].value < best[0].value):
                best = action[0], versions[action[1]]
        return best

    def _do_load(self, managed: _Managed) -> None:
        name, version = managed.name, managed.version
        self._monitor.publish(name, version, State.LOADING)
        attempt = 0
        while True:
            try:
                managed.servable = self._load(name, version, managed.path)
                break
            except ServingError as error:
                failure = error
            except Exception as error:
                log.exception("Loading %s version %d failed unexpectedly", name, version)
                failure = ServingError(Code.UNKNOWN, f"{type(error).__name__}: {error}")
            log.error("Loading servable %s version %d failed: %s", name, version, failure)
            attempt += 1
            if attempt > self._max_retries or not managed.aspired or self._stopping:
                self._end(managed, Phase.ERROR, failure)
                return
            if not self._pause(managed):
                self._end(managed, Phase.ERROR, failure)
                return
        if not managed.aspired:
            managed.servable.close()
            managed.servable = None
            self._end(
                managed, Phase.ERROR, ServingError(Code.CANCELLED, "Loading of servable cancelled")
            )
            return
        self._serve(managed)
        managed.phase = Phase.READY
        self._monitor.publish(name, version, State.AVAILABLE)
        log.info("Serving %s version %d from %s", name, version, managed.path)
        self._nudge()

    def _pause(self, managed: _Managed) -> bool:
        """Waits before the next attempt; False when the version is no longer wanted."""
        deadline = time.monotonic() + max(self._retry_seconds, 0)
        while (left := deadline - time.monotonic()) > 0:
            if not managed.aspired or self._stopping:
                return False
            time.sleep(min(left, _TICK_SECONDS))
        return managed.aspired and not self._stopping

    def _do_unload(self, managed: _Managed) -> None:
        name, version = managed.name, managed.version
        self._monitor.publish(name, version, State.UNLOADING)
        self._withdraw(managed)
        if managed.servable is not None:
            managed.servable.close()
            managed.servable = None
        log.info("Unloaded %s version %d", name, version)
        self._end(managed, Phase.DISABLED, None)

    def _end(self, managed: _Managed, phase: Phase, error: ServingError | None) -> None:
        managed.phase = phase
        self._monitor.publish(managed.name, managed.version, State.END, error)
        self._nudge()

    def _serve(self, managed: _Managed) -> None:
        assert managed.servable is not None
        with self._lock:
            versions = {
                **self._serving.get(managed.name, {}), managed.version: managed.servable
            }  # fmt: skip
            self._serving = {**self._serving, managed.name: versions}

    def _withdraw(self, managed: _Managed) -> None:
        with self._lock:
            versions = dict(self._serving.get(managed.name, {}))
            versions.pop(managed.version, None)
            self._serving = {**self._serving, managed.name: versions}

    def _nudge(self) -> None:
        with self._wake:
            self._wake.notify_all()


def _pool(kind: str, threads: int) -> ThreadPoolExecutor | None:
    return ThreadPoolExecutor(threads, thread_name_prefix=kind) if threads > 0 else None
