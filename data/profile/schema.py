"""Writes down what the data must look like, as a schema that TFX validates against."""

import math

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from data.columns import Treatment
from data.profile.column import Column
from data.profile.decision import Decision
from data.profile.label import Label
from data.profile.survey import Survey
from data.tasks import Task

SMALL_DOMAIN = 30
"""Texts with at most so many values have them listed; a new value is then an anomaly."""
ROWS_PER_VALUE = 20
SMALLEST_SPLIT = 0.1
TYPES = {"INT": schema_pb2.INT, "FLOAT": schema_pb2.FLOAT, "BYTES": schema_pb2.BYTES}


def schema_of(found: Survey, label: Label, decisions: list[Decision]) -> schema_pb2.Schema:
    """Types, presence, and domains where they mean something; the label may lack when serving.

    Args:
      found: the surveyed data.
      label: of a classification its classes are a string_domain, in the model's order, and the
        column is text whatever the file says; of a regression a FLOAT.
      decisions: the other columns; those without a treatment are left out.
    """
    schema = schema_pb2.Schema()
    schema.default_environment.extend(["TRAINING", "SERVING"])
    target = schema.feature.add(name=label.name)
    if label.task is Task.MULTILABEL:
        target.value_count.min, target.value_count.max = 0, len(label.classes)
    else:
        _describe(target, found.columns[label.name])
        target.presence.min_fraction, target.presence.min_count = 1.0, 1
    if label.task is Task.REGRESSION:
        target.type = schema_pb2.FLOAT
        target.float_domain.disallow_inf = True
    else:
        target.type = schema_pb2.BYTES
        if label.classes:
            target.string_domain.value.extend(label.classes)
    target.not_in_environment.append("SERVING")
    for decision in decisions:
        if decision.treatment is None:
            continue
        feature = schema.feature.add(name=decision.name, type=TYPES[decision.type])
        column = found.columns[decision.name]
        _describe(feature, column)
        _limit(feature, column, decision)
    return schema


def _describe(feature: schema_pb2.Feature, column: Column) -> None:
    fraction = least_presence(column.filled, column.rows)
    if fraction > 0:
        feature.presence.min_fraction = fraction
        feature.presence.min_count = 1
    feature.value_count.min = feature.value_count.max = 1


def least_presence(filled: int, rows: int) -> float:
    """The share of filled rows below which a split is odd: 1 where nothing was ever missing.

    Otherwise what was seen, less what chance may do to the smallest split; 0: no demand.
    """
    if filled == rows:
        return 1.0
    share = filled / rows
    in_split = max(1.0, rows * SMALLEST_SPLIT)
    low = share - max(0.01, 4 * math.sqrt(share * (1 - share) / in_split))
    return max(0.0, math.floor(low * 100) / 100)


def _limit(feature: schema_pb2.Feature, column: Column, decision: Decision) -> None:
    """Domains, only where a value outside would surely be a mistake."""
    if decision.treatment is Treatment.IMAGE:
        feature.image_domain.SetInParent()
    elif decision.type == "FLOAT":
        feature.float_domain.disallow_inf = not column.infinite
        if decision.treatment is Treatment.LOG:
            feature.float_domain.min = 0
    elif decision.type == "INT":
        if decision.treatment is Treatment.RAW and (column.low, column.high) == (0, 1):
            feature.int_domain.min, feature.int_domain.max = 0, 1
        elif decision.treatment in (Treatment.LOG, Treatment.DATE):
            feature.int_domain.min = 0
    elif decision.treatment is Treatment.VOCABULARY and column.counts is not None:
        values = column.counts
        if len(values) <= SMALL_DOMAIN and len(values) * ROWS_PER_VALUE <= column.filled:
            feature.string_domain.value.extend(sorted(value.decode() for value in values))


def text_of(schema: schema_pb2.Schema, head: str = "", why: dict[str, str] | None = None) -> str:
    """The schema as text for people and for TFX: a line per property, a comment above each column.

    Args:
      schema: what to write.
      head: comment lines for the top.
      why: a comment per column.
    """
    parts = [_comment(head)]
    for feature in schema.feature:
        lines = "".join(f"  {line}\n" for line in _properties(feature))
        parts.append(_comment((why or {}).get(feature.name, "")) + f"feature {{\n{lines}}}\n")
    rest = schema_pb2.Schema()
    rest.CopyFrom(schema)
    rest.ClearField("feature")
    parts.append(text_format.MessageToString(rest, as_utf8=True))
    return "\n".join(part for part in parts if part)


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _properties(feature: schema_pb2.Feature) -> list[str]:
    """One line per property, in the order one asks: what, of which type, how often, within what."""
    order = ("name", "type", "presence", "value_count")
    fields = sorted(
        (field.name for field, _ in feature.ListFields()),
        key=lambda name: (order.index(name) if name in order else len(order), name),
    )
    lines = []
    for name in fields:
        alone = schema_pb2.Feature()
        alone.CopyFrom(feature)
        for other in fields:
            if other != name:
                alone.ClearField(other)
        lines.append(text_format.MessageToString(alone, as_utf8=True, as_one_line=True).strip())
    return lines
