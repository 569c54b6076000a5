"""What is known of every version seen since the start: its state and its health."""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from serving.status import ServingError


class State(enum.IntEnum):
    """Lifecycle of a version, numbered as in get_model_status.proto."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionState:
    """State of one version; `error` is set when it ended because loading failed."""

    state: State
    error: ServingError | None = None


class StateMonitor:
    """Records state changes; safe to use from any thread.

    Versions stay listed for ever, so that a status answer shows what became of each.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._states: dict[str, dict[int, VersionState]] = {}
        self._sequence = 0
        self._sequences: dict[tuple[str, int], int] = {}

    def publish(
        self, name: str, version: int, state: State, error: ServingError | None = None
    ) -> None:
        """Records a new state and wakes all who wait for one."""
        with self._changed:
            versions = dict(self._states.get(name, {}))
            versions[version] = VersionState(state, error)
            self._states[name] = versions
            self._sequence += 1
            self._sequences[name, version] = self._sequence
            self._changed.notify_all()

    def version(self, name: str, version: int) -> VersionState | None:
        """State of one version, None if it was never seen."""
        return self._states.get(name, {}).get(version)

    def versions(self, name: str) -> list[tuple[int, VersionState]]:
        """All versions ever seen of a model, the highest first; empty if there is none."""
        return sorted(self._states.get(name, {}).items(), reverse=True)

    def mark(self) -> int:
        """A point in time, for `wait_for_models`."""
        with self._changed:
            return self._sequence

    def wait_for_models(
        self, names: Iterable[str], since: int = 0, stopping: threading.Event | None = None
    ) -> dict[str, tuple[int, VersionState]]:
        """Waits, without limit, until each model has a version AVAILABLE or at its END.

        Args:
            names: Models to wait for.
            since: Changes before this mark do not count.
            stopping: Ends the wait early when set.

        Returns:
            Per model the version that settled it: an AVAILABLE one if there is any.
        """
        waiting = set(names)
        settled: dict[str, tuple[int, VersionState]] = {}
        with self._changed:
            while waiting:
                for name in sorted(waiting):
                    found = self._settled(name, since)
                    if found is not None:
                        settled[name] = found
                waiting -= settled.keys()
                if waiting and (stopping is None or not stopping.is_set()):
                    self._changed.wait(timeout=0.5)
                elif waiting:
                    break
        return settled

    def _settled(self, name: str, since: int) -> tuple[int, VersionState] | None:
        candidates = [
            (version, state)
            for version, state in sorted(self._states.get(name, {}).items(), reverse=True)
            if self._sequences[name, version] > since
        ]
        for wanted in (State.AVAILABLE, State.END):
            for version, state in candidates:
                if state.state == wanted:
                    return version, state
        return None
