"""What runs of the cluster on this machine: written down when it starts, read by the engines."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Process:
    """One process that we started."""

    name: str
    pid: int
    started: float
    """When, as the system tells it: a process id alone may be another's by now."""

    def found(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True)
class Cluster:
    """A cluster on this machine."""

    kind: str
    """portable, flink or spark."""
    job_endpoint: str = ""
    """`host:port` of Beam's job server."""
    worker: str = ""
    """`host:port` of the worker pool."""
    flink_master: str = ""
    """The JobManager's REST address."""
    wheel: str = ""
    """Digest of the code that its workers have."""
    processes: list[Process] = field(default_factory=list)


def folder(output: Path) -> Path:
    """Where the cluster keeps its files."""
    return output.resolve() / "cluster"


def read(output: Path) -> Cluster | None:
    """The cluster that was started last and not taken down; None where there is none."""
    try:
        text = (folder(output) / "cluster.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    content = json.loads(text)
    content["processes"] = [Process(**each) for each in content["processes"]]
    return Cluster(**content)


def write(output: Path, cluster: Cluster) -> None:
    """Writes it down, whole or not at all."""
    place = folder(output)
    place.mkdir(parents=True, exist_ok=True)
    partial = place / "cluster.json.partial"
    partial.write_text(json.dumps(asdict(cluster), indent=1), encoding="utf-8")
    os.replace(partial, place / "cluster.json")


def forget(output: Path) -> None:
    """The cluster is down."""
    (folder(output) / "cluster.json").unlink(missing_ok=True)
