"""Everything a report is made from, read from a run's folder and the artifacts it points to.

Only files are read: JSON, and statistics as tensorflow_metadata protos. Whatever is missing (a run
that failed early, an artifact that was cleaned up or lies in a bucket) is empty here, and the
section that would show it says so.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.evaluator import verdict
from data.split_names import SPLITS, UNLABELLED
from data.tasks import Task
from pipeline.earlier import history


@dataclass(frozen=True)
class Facts:
    """One run, and the finished run before it."""

    root: Path
    """`<output>/<pipeline>`."""
    run: history.Run
    previous: history.Run | None

    @property
    def summary(self) -> dict[str, Any]:
        """The run's summary.json."""
        return self.run.summary

    @cached_property
    def config(self) -> dict[str, Any]:
        """{dotted key: value} of the configuration as used."""
        return flat(read_json(self.run.path / "config.json", {})) or _from_facts(self.run)

    @property
    def task(self) -> Task | None:
        """None where the run did not come far enough to keep its configuration."""
        name = self.config.get("data.task")
        return Task(name) if name in set(Task) else None

    @property
    def label(self) -> str:
        """The label's column."""
        return str(self.config.get("data.label", ""))

    @cached_property
    def classes(self) -> list[str]:
        """In class order; empty for tasks without."""
        for node in self.run.request.get("nodes", {}).values():
            if "classes" in node.get("facts", {}):
                return list(json.loads(node["facts"]["classes"]))
        return []

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """verdict.json."""
        folder = self.artifact("Evaluator", "evaluation")
        return verdict.read(folder) if folder else {}

    @cached_property
    def plots(self) -> dict[str, Any]:
        """plots.json: {slice: {kind of plot: data}}; the slice of all rows is empty."""
        return dict(self._evaluated("plots.json", {}))

    @cached_property
    def worst(self) -> list[dict[str, Any]] | None:
        """worst.json, worst first; None where there is none."""
        found = self._evaluated("worst.json", None)
        return list(found) if found is not None else None

    @cached_property
    def training(self) -> dict[str, Any]:
        """The trainer's history.json."""
        folder = self.artifact("Trainer", "model_run")
        return dict(read_json(folder / "history.json", {})) if folder else {}

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """{split: DatasetFeatureStatistics}."""
        return statistics(self.artifact("StatisticsGen", "statistics"))

    def artifact(self, node: str, key: str) -> Path | None:
        """The local folder of a node's output; None where it made none, or it is gone."""
        return artifact(self.run, node, key)

    def _evaluated(self, name: str, default: Any) -> Any:
        folder = self.artifact("Evaluator", "evaluation")
        return read_json(folder / name, default) if folder else default


def gather(root: Path, run_id: str) -> Facts:
    """The facts of one run.

    Args:
      root: `<output>/<pipeline>`.
      run_id: a folder below `root/runs`.

    Raises:
      ValueError: no such run; the message names the last ones.
    """
    runs = history.runs(root)
    run = next((run for run in runs if run.id == run_id), None)
    if run is None:
        last = ", ".join(run.id for run in runs[:5]) or "none"
        raise ValueError(f"no run '{run_id}' in {root / 'runs'}. The last ones: {last}")
    earlier = (other for other in runs if other.id < run.id and other.summary)
    with_data = (other for other in earlier if artifact(other, "StatisticsGen", "statistics"))
    return Facts(root, run, next(with_data, None))


def artifact(run: history.Run, node: str, key: str) -> Path | None:
    """The local folder of a node's output; None where it made none, or it is gone."""
    for uri in run.summary.get("outputs", {}).get(node, []):
        path = Path(uri)
        if path.parent.name == key and path.is_dir():
            return path
    return None


def statistics(folder: Path | None) -> dict[str, Any]:
    """{split: DatasetFeatureStatistics} of an ExampleStatistics artifact, in a readable order."""
    found = {}
    for file in sorted(folder.glob("Split-*/FeatureStats.pb")) if folder else ():
        try:
            read = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes())
        except DecodeError:
            continue
        if read.datasets:
            found[file.parent.name.removeprefix("Split-")] = read.datasets[0]
    order = {name: number for number, name in enumerate((*SPLITS, UNLABELLED))}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], 9), item[0])))


def read_json(file: Path, default: Any) -> Any:
    """The content of a JSON file; `default` where it is missing or cut off."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; lists stay whole."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def _from_facts(run: history.Run) -> dict[str, Any]:
    """The settings that some node depends on, from a run that kept no config.json."""
    return {
        name.removeprefix("config "): json.loads(value)
        for node in run.request.get("nodes", {}).values()
        for name, value in node.get("facts", {}).items()
        if name.startswith("config ")
    }
