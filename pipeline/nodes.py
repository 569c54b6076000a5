"""The DAG's nodes as the planner sees them, without importing TFX: who feeds whom, what each reads.

`tests/pipeline/test_nodes.py` holds this table against the pipeline that is really built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = dict[str, str]
"""{name of a fact: its value, or the hash of a long one}."""


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
    """Prepared facts it depends on: data, schema, classes, features, columns, directory, teacher, start, …"""
    switch: str = ""
    """The key of the configuration that leaves it out when false or empty; "": it is always there."""
    unless: str = ""
    """The key that leaves it out when it is set."""


_TRAINING = (
    "train",
    "distill",
    "semi",
    "pretrain",
    "clusters",
    "data.task",
    "data.label",
    "data.weight",
)
"""What a training depends on, the Trainer's and each of the Tuner's trials."""

NODES: tuple[Node, ...] = (
    Node(
        "ExampleGen",
        rooms=("components/example_gen", "data"),
        sections=(
            "data.path",
            "data.format",
            "data.label",
            "data.label_separator",
            "data.label_columns",
            "data.unlabelled",
            "data.exclude",
            "data.split",
            "data.split_seed",
            "data.split_by",
            "data.split_column",
            "data.skip_corrupt",
        ),
        facts=("data", "schema"),
    ),
    Node("SchemaGen", facts=("schema",)),
    Node("TunedValues", facts=("tuned",), switch="tuner.reuse"),
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
        rooms=("components/transform", "data", "pipeline/module_config.py"),
        sections=("transform", "data.task", "data.label", "data.weight"),
        facts=("features", "classes", "preprocessing", "beside"),
    ),
    Node(
        "Tuner",
        inputs=("Transform", "SchemaGen"),
        rooms=("components/tuner", "components/trainer", "data", "pipeline/module_config.py"),
        sections=("tuner", *_TRAINING),
        facts=("classes", "columns", "model", "teacher", "labeller", "start"),
        switch="tuner.trials",
        unless="tuner.reuse",
    ),
    Node(
        "Trainer",
        inputs=("Transform", "SchemaGen", "Tuner", "TunedValues"),
        rooms=("components/trainer", "data", "pipeline/module_config.py"),
        sections=_TRAINING,
        facts=("classes", "columns", "model", "teacher", "labeller", "start", "lite"),
    ),
    Node("Baseline", inputs=("Trainer",)),
    Node(
        "Evaluator",
        inputs=("ExampleGen", "Trainer", "Baseline"),
        rooms=("components/evaluator", "data"),
        sections=("evaluate", "data.task", "data.label", "data.weight"),
        facts=("classes",),
    ),
    Node(
        "DistillGate",
        inputs=("ExampleGen", "Trainer", "Evaluator"),
        rooms=("components/distill_gate", "data"),
        sections=("distill_gate", "data.task", "data.label"),
        facts=("classes", "teacher"),
        switch="distill.teacher",
    ),
    Node(
        "InfraValidator",
        inputs=("ExampleGen", "Trainer", "Evaluator"),
        rooms=("components/infra_validator", "data", "serving"),
        sections=("infra_validate",),
        switch="infra_validate.enabled",
    ),
    Node(
        "LiteExporter",
        inputs=("ExampleGen", "Trainer", "Evaluator"),
        rooms=("components/lite_exporter", "data"),
        sections=("lite", "data.label"),
        facts=("features",),
        switch="lite.formats",
    ),
    Node(
        "Pusher",
        inputs=(
            "Trainer",
            "Evaluator",
            "InfraValidator",
            "DistillGate",
            "LiteExporter",
            "Tuner",
            "TunedValues",
        ),
        rooms=("components/pusher",),
        facts=("directory", "data", "schema"),
    ),
)

BY_ID = {node.id: node for node in NODES}
RESOLVED_EACH_RUN = "Baseline"
"""Looks up the model to beat in every run; costs nothing and is never cached."""
LOOKED_UP = (RESOLVED_EACH_RUN, "TunedValues")
"""Nodes that stand for what they find, not for the finding."""


def switched_off(config: Mapping[str, Any]) -> frozenset[str]:
    """Nodes that a configuration, as a tree of its keys, leaves out of the DAG."""
    return frozenset(
        node.id
        for node in NODES
        if (node.switch and not _look_up(config, node.switch))
        or (node.unless and _look_up(config, node.unless))
    )


def _look_up(config: Mapping[str, Any], dotted: str) -> Any:
    value: Any = config
    for key in dotted.split("."):
        value = value[key]
    return value


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
