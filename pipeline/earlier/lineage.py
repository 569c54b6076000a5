"""Reads MLMD for what a run produced, without importing TFX."""

from pathlib import Path
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

Outputs = dict[str, dict[str, list[Any]]]
"""{node: {output key: [MLMD artifact, …]}}."""


def open_store(root: Path) -> metadata_store.MetadataStore:
    """The MLMD of a pipeline root, opened as it is."""
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(root / "metadata.sqlite")
    return metadata_store.MetadataStore(config)


def outputs(root: Path, run_id: str) -> Outputs:
    """Every output artifact of a run's nodes, cached ones included; empty for an unknown run."""
    if not (root / "metadata.sqlite").is_file():
        return {}
    store = open_store(root)
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    if context is None:
        return {}
    found: Outputs = {}
    for execution in store.get_executions_by_context(context.id):
        types = {
            kind.id: kind.name for kind in store.get_execution_types_by_id([execution.type_id])
        }
        node = _node_id(store, execution, types[execution.type_id])
        events = [
            event
            for event in store.get_events_by_execution_ids([execution.id])
            if event.type == metadata_store_pb2.Event.OUTPUT
        ]
        artifacts = {a.id: a for a in store.get_artifacts_by_id([e.artifact_id for e in events])}
        for event in events:
            key = event.path.steps[0].key
            found.setdefault(node, {}).setdefault(key, []).append(artifacts[event.artifact_id])
    return found


def _node_id(store: Any, execution: Any, type_name: str) -> str:
    for context in store.get_contexts_by_execution(execution.id):
        [kind] = store.get_context_types_by_id([context.type_id])
        if kind.name == "node":
            return str(context.name.rpartition(".")[2])
    return type_name.rpartition(".")[2]
