"""The section of the nodes: seconds, sizes on disk, and where each output comes from."""

import os
from pathlib import Path
from typing import Any

from pipeline.nodes import NODES
from pipeline.reports.facts import Facts


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `lines`, one per node, and totals of `seconds`, `cpu_seconds` and `bytes`."""
    planned = {node.id: node for node in NODES}
    outputs = facts.summary.get("outputs", {})
    lines = []
    for node in facts.summary.get("nodes", []):
        record = facts.run.nodes.get(node["id"])
        paths = [Path(uri) for uri in outputs.get(node["id"], [])]
        known = planned.get(node["id"])
        lines.append(
            {
                **node,
                "bytes": sum(size_of(path) for path in paths),
                "from_run": record.producer if record else "",
                "inputs": [*known.inputs] if known else [],
                "outputs": [_short(path, facts.root) for path in paths],
            }
        )
    return {
        "lines": lines,
        "seconds": sum(line.get("seconds", 0) for line in lines),
        "cpu_seconds": sum(line.get("cpu_seconds", 0) for line in lines),
        "bytes": sum(line["bytes"] for line in lines),
    }


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 where there is none."""
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.stat(os.path.join(place, file)).st_size
            except OSError:  # deleted meanwhile
                continue
    return total


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
