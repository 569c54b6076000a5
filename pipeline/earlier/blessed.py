"""Which models are blessed, by what runs wrote of themselves: no MLMD, no TensorFlow."""

from pathlib import Path

from components.pusher.versions import manifests
from pipeline.earlier.history import Run


def blessed_models(history: list[Run], serving: Path) -> list[str]:
    """The runs that trained a blessed model, oldest first; the last one is the one to beat.

    Args:
      history: runs, newest first.
      serving: the folder of pushed versions: who withdrew one took its blessing back.
    """
    trained = {run.id: run.nodes["Trainer"].producer for run in history if "Trainer" in run.nodes}
    gone = {m.get("run") for m in manifests(serving).values() if m.get("withdrawn")}
    blessed = {
        trained[run.id] for run in history if run.summary.get("blessed") and run.id in trained
    }
    withdrawn = {trained[run_id] for run_id in gone if run_id in trained}
    return sorted(blessed - withdrawn - _unservable(history, trained) - {""})


def _unservable(history: list[Run], trained: dict[str, str]) -> set[str]:
    """Producers of the models that the InfraValidator refused when it was last asked about them."""
    last: dict[str, bool] = {}
    for run in history:  # newest first
        infra = run.summary.get("infra") or {}
        if infra.get("asked") and run.id in trained:
            last.setdefault(trained[run.id], bool(infra["blessed"]))
    return {producer for producer, blessed in last.items() if not blessed}
