"""What earlier runs did, read back from `runs/<id>/`: also from a run that was killed.

A run's folder holds `request.json` (what was asked, and every node's facts), `events.jsonl` (an
event per node as it happened), `progress.jsonl` (the trainer's), `log.txt`, and at the end
`summary.json`. The first two survive any crash.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.nodes import LOOKED_UP, Facts


@dataclass(frozen=True)
class NodeRecord:
    """What one node did in one run."""

    state: str
    """`ran`, `cached`, `failed`, or `running` where the run was killed in it."""
    seconds: float
    cpu_seconds: float
    producer: str
    """Run whose output it is: this one, or the one it was cached from."""
    facts: Facts
    inputs: dict[str, str]
    """{upstream node: run that produced its output}."""
    event: dict[str, Any] = field(default_factory=dict)
    """The last event, with error, message and traceback of a failure."""


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    path: Path
    request: dict[str, Any]
    nodes: dict[str, NodeRecord]
    summary: dict[str, Any]
    """Empty while it runs, or when it was killed."""

    @property
    def id(self) -> str:
        """The run's name: when it started."""
        return self.path.name

    @property
    def status(self) -> str:
        """`ok`, `not_blessed`, `data_anomalies`, `failed`, or `unfinished`."""
        return str(self.summary.get("status", "unfinished"))


def runs(root: Path) -> list[Run]:
    """Every run under a pipeline's root, newest first."""
    folder = root / "runs"
    if not folder.is_dir():
        return []
    found = [read(path) for path in folder.iterdir() if (path / "request.json").is_file()]
    return sorted(found, key=lambda run: run.id, reverse=True)


def read(path: Path) -> Run:
    """One run's folder."""
    request = json.loads((path / "request.json").read_text(encoding="utf-8"))
    summary = path / "summary.json"
    return Run(
        path=path,
        request=request,
        nodes=_nodes(path.name, request, read_lines(path / "events.jsonl")),
        summary=json.loads(summary.read_text(encoding="utf-8")) if summary.is_file() else {},
    )


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; a last line that was cut off by a crash is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def _nodes(
    run_id: str, request: dict[str, Any], events: list[dict[str, Any]]
) -> dict[str, NodeRecord]:
    started: dict[str, dict[str, Any]] = {}
    records: dict[str, NodeRecord] = {}
    for event in events:
        node = event["node"]
        if event["event"] == "start":
            started[node] = event
        start = started.get(node, event)
        planned = request["nodes"].get(node, {})
        state = "running" if event["event"] == "start" else event["event"]
        records[node] = NodeRecord(
            state=state,
            seconds=event["time"] - start["time"],
            cpu_seconds=event["cpu"] - start["cpu"],
            producer=_producer(node, state, run_id, planned.get("from", "")),
            facts=planned.get("facts", {}),
            inputs={
                name: records[name].producer
                for name in planned.get("inputs", [])
                if name in records
            },
            event=event,
        )
    return records


def _producer(node: str, state: str, run_id: str, planned: str) -> str:
    if node in LOOKED_UP:  # it stands for the model or values it found, not for the looking
        return planned
    return run_id if state == "ran" else planned or run_id
