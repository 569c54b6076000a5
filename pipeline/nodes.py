"""The DAG's nodes as the planner sees them, without importing TFX: who feeds whom, what each reads.

`tests/pipeline/test_nodes.py` holds this table against the pipeline that is really built.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One node."""

    id: str
    inputs: tuple[str, ...] = ()
    """Nodes whose artifacts it reads: when one of them runs, this one runs."""
    after: tuple[str, ...] = ()
    """Nodes it only waits for."""
    rooms: tuple[str, ...] = ()
    """Our code it runs."""
    sections: tuple[str, ...] = ()
    """Dotted keys of the configuration it depends on, with everything below them."""
    facts: tuple[str, ...] = ()
    """Prepared facts it depends on: data, schema, classes, features, columns, directory."""


NODES: tuple[Node, ...] = (
    Node(
        "ExampleGen",
        rooms=("components/example_gen", "data"),
        sections=(
            "data.path",
            "data.format",
            "data.label",
            "data.exclude",
            "data.split",
            "data.split_seed",
            "data.split_by",
            "data.skip_corrupt",
        ),
        facts=("data", "schema"),
    ),
    Node("SchemaGen", facts=("schema",)),
    Node("StatisticsGen", inputs=("ExampleGen", "SchemaGen")),
    Node("ExampleValidator", inputs=("StatisticsGen", "SchemaGen")),
    Node(
        "DataGate",
        inputs=("StatisticsGen", "ExampleValidator"),
        rooms=("components/example_validator",),
        sections=("validate",),
    ),
    Node(
        "Transform",
        inputs=("ExampleGen", "SchemaGen"),
        after=("DataGate",),
        rooms=("components/transform", "data"),
        sections=("transform", "data.label"),
        facts=("features", "classes", "preprocessing"),
    ),
    Node(
        "Trainer",
        inputs=("Transform", "SchemaGen"),
        rooms=("components/trainer", "data"),
        sections=("train", "data.task", "data.label"),
        facts=("classes", "columns", "model"),
    ),
    Node("Baseline", inputs=("Trainer",)),
    Node(
        "Evaluator",
        inputs=("ExampleGen", "Trainer", "Baseline"),
        rooms=("components/evaluator", "data"),
        sections=("evaluate", "data.task", "data.label"),
        facts=("classes",),
    ),
    Node(
        "Pusher",
        inputs=("Trainer", "Evaluator"),
        rooms=("components/pusher",),
        facts=("directory", "data", "schema"),
    ),
)

BY_ID = {node.id: node for node in NODES}
RESOLVED_EACH_RUN = "Baseline"
"""Looks up the model to beat in every run; costs nothing and is never cached."""


def downstream(starts: list[str]) -> set[str]:
    """The given nodes and everything that needs them, directly or not."""
    found = set(starts)
    for node in NODES:  # in topological order
        if found & {*node.inputs, *node.after}:
            found.add(node.id)
    return found


def upstream(ends: list[str]) -> set[str]:
    """The given nodes and everything they need, directly or not."""
    found = set(ends)
    for node in reversed(NODES):
        if node.id in found:
            found |= {*node.inputs, *node.after}
    return found
