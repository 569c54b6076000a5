"""Which version to load or unload next without ever leaving a model unanswered."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Phase(enum.Enum):
    """Where the manager stands with a version."""

    NEW = "new"
    BUSY = "busy"  # loading or unloading
    READY = "ready"
    DISABLED = "disabled"  # unloaded
    ERROR = "error"  # could not be loaded


@dataclass(frozen=True)
class Snapshot:
    """One version as the policy sees it."""

    version: int
    phase: Phase
    aspired: bool


class Act(enum.Enum):
    """What can be done to a version. Unloading goes first when several models have something."""

    UNLOAD = 0
    LOAD = 1


def next_action(versions: Iterable[Snapshot]) -> tuple[Act, int] | None:
    """The availability-preserving policy, for the versions of one model.

    Unloads the lowest un-aspired ready version, but only if an aspired one is ready, if nothing
    is aspired, or if more than one un-aspired version is ready. Otherwise loads the highest new
    aspired version.

    Args:
        versions: All managed versions of the model.

    Returns:
        The action and its version, or None when there is nothing to do.
    """
    snapshots = list(versions)
    aspired = [snapshot for snapshot in snapshots if snapshot.aspired]
    leaving = [s.version for s in snapshots if not s.aspired and s.phase is Phase.READY]
    aspired_ready = any(snapshot.phase is Phase.READY for snapshot in aspired)
    if leaving and (not aspired or aspired_ready or len(leaving) > 1):
        return Act.UNLOAD, min(leaving)
    new = [snapshot.version for snapshot in aspired if snapshot.phase is Phase.NEW]
    return (Act.LOAD, max(new)) if new else None
