"""What can be said against an `[evaluate]` section before anything runs, given the schema."""

import difflib
from collections.abc import Iterable

from tensorflow_metadata.proto.v0 import schema_pb2

from components.evaluator.config import EvaluateSection, Gate, bucket_names, slice_key
from data.metrics import find_metric, find_number
from data.tasks import Task


def check(
    section: EvaluateSection, task: Task, label: str, classes: list[str], schema: schema_pb2.Schema
) -> None:
    """Refuses metrics, classes, columns and values that do not exist, and gates without a sense.

    Args:
      section: `[evaluate]`.
      task: the task.
      label: the label's column.
      classes: in class order; empty for a task without classes.
      schema: the curated schema.

    Raises:
      ValueError: with the setting, the reason and the valid names.
    """
    if any(not name for name in classes):
        raise ValueError(f"a class of '{label}' has an empty name; give it one in the schema")
    for key in section.metrics:
        find_metric(key, task, classes)
    for columns in section.slices:
        for item in columns:
            _sliceable(item.column, label, schema, "evaluate.slices", bool(item.buckets))
    for gate in section.gates:
        _gate(gate, task, label, classes, schema, section.buckets)


def _gate(
    gate: Gate,
    task: Task,
    label: str,
    classes: list[str],
    schema: schema_pb2.Schema,
    buckets: dict[str, list[float]],
) -> None:
    metric = find_number(gate.metric, task, classes)
    if metric.key == "calibration" and gate.worse_by is not None:
        raise ValueError(
            "calibration is best at 1, neither up nor down: a gate on it takes min and max, "
            "not worse_by"
        )
    for column, value in slice_key(gate.slice):
        where = f"gate on '{gate.metric}', slice '{gate.slice}'"
        feature = _sliceable(column, label, schema, where, column in buckets)
        if column in buckets:
            names = bucket_names(buckets[column])
            if value not in names:
                raise ValueError(f"{where}: no such bucket.{_near(value, names)}")
        elif feature.type == schema_pb2.INT:
            _whole_number(value, feature, where)
        else:
            _listed(value, feature, schema, where)


def _sliceable(
    column: str, label: str, schema: schema_pb2.Schema, where: str, bucketed: bool
) -> schema_pb2.Feature:
    features = {feature.name: feature for feature in schema.feature}
    if column not in features:
        raise ValueError(f"{where}: no column '{column}'.{_near(column, features)}")
    if column == label:
        raise ValueError(
            f"{where}: '{column}' is the label. A metric of one class is `f1/<class>`, not a slice"
        )
    feature = features[column]
    if bucketed and feature.type == schema_pb2.BYTES:
        raise ValueError(f"{where}: '{column}' holds text, which has no buckets")
    if feature.type == schema_pb2.FLOAT and not bucketed:
        raise ValueError(
            f"{where}: '{column}' holds fractions, nearly every row a slice of its own. Give it "
            f'buckets: {{column = "{column}", buckets = [0, 10, 20]}} in evaluate.slices'
        )
    if feature.HasField("image_domain"):
        raise ValueError(f"{where}: '{column}' holds pictures, which make no slices")
    return feature


def _whole_number(value: str, feature: schema_pb2.Feature, where: str) -> None:
    try:
        number = int(value)
    except ValueError:
        raise ValueError(
            f"{where}: '{feature.name}' holds whole numbers. Received: {value!r}"
        ) from None
    domain = feature.int_domain
    low = domain.min if domain.HasField("min") else number
    high = domain.max if domain.HasField("max") else number
    if not low <= number <= high:
        raise ValueError(
            f"{where}: the schema has '{feature.name}' from {low} to {high}, so there are no such "
            f"rows. Received: {value!r}"
        )


def _listed(value: str, feature: schema_pb2.Feature, schema: schema_pb2.Schema, where: str) -> None:
    shared = {domain.name: domain for domain in schema.string_domain}
    domain = shared.get(feature.domain) if feature.domain else feature.string_domain
    open_ended = feature.distribution_constraints.min_domain_mass < 1
    if domain is None or not domain.value or value in domain.value or open_ended:
        return
    raise ValueError(
        f"{where}: the schema lists no '{value}' for '{feature.name}'.{_near(value, domain.value)}"
    )


def _near(name: str, valid: Iterable[str]) -> str:
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return f"{hint} Valid: {shown}"
