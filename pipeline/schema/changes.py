"""What a schema would have to say for data to fit it, column by column, by TFDV's own rules."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from pipeline.console import quiet_terminal


@dataclass(frozen=True)
class Change:
    """One column's part of the schema before and after."""

    column: str
    before: schema_pb2.Feature | None
    after: schema_pb2.Feature | None
    """None: the column is gone from the data, and from the schema if accepted."""
    domain: schema_pb2.StringDomain | None = None
    """The shared domain the column refers to, as it would be."""
    refused: str = ""
    """Why this cannot be accepted."""


def proposed(schema: schema_pb2.Schema, statistics: Path) -> dict[str, Change]:
    """Every column the data does not fit, with the change that makes it fit.

    Args:
      schema: the curated schema.
      statistics: an ExampleStatistics artifact; all its splits count.
    """
    validation_api = _validation_api()

    wanted = schema_pb2.Schema()
    wanted.CopyFrom(schema)
    seen: set[str] = set()
    for _, data in _splits(statistics):
        if data.datasets and data.datasets[0].num_examples:
            wanted = validation_api.update_schema(wanted, data)
            seen |= {feature.path.step[0] for feature in data.datasets[0].features}
    changes = (_change(name, schema, wanted, seen) for name in _names(schema, wanted))
    return {change.column: change for change in changes if change is not None}


def apply(schema: schema_pb2.Schema, changes: list[Change]) -> schema_pb2.Schema:
    """The schema with these changes and no others."""
    result = schema_pb2.Schema()
    result.CopyFrom(schema)
    for change in changes:
        _put(result.feature, change.column, change.after)
        if change.domain is not None and change.after is not None:
            _put(result.string_domain, change.domain.name, change.domain)
    return result


def validate(statistics: Path, schema: schema_pb2.Schema, target: Path) -> None:
    """Writes `Split-<name>/SchemaDiff.pb` under `target`, as ExampleValidator does."""
    validation_api = _validation_api()

    for split, data in _splits(statistics):
        found = validation_api.validate_statistics(data, schema)
        (target / split).mkdir(parents=True)
        (target / split / "SchemaDiff.pb").write_bytes(found.SerializeToString())


def _validation_api() -> Any:
    """TFDV's, without what TensorFlow says of itself while it is imported."""
    with quiet_terminal(Path(os.devnull)):
        from tensorflow_data_validation.api import validation_api
    return validation_api


def _splits(statistics: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted(statistics.glob("Split-*/FeatureStats.pb")):
        kind = statistics_pb2.DatasetFeatureStatisticsList
        yield file.parent.name, kind.FromString(file.read_bytes())


def _names(*schemas: schema_pb2.Schema) -> list[str]:
    return list(dict.fromkeys(feature.name for schema in schemas for feature in schema.feature))


def _change(
    name: str, schema: schema_pb2.Schema, wanted: schema_pb2.Schema, seen: set[str]
) -> Change | None:
    before, after = _find(schema.feature, name), _find(wanted.feature, name)
    domain = _find(wanted.string_domain, after.domain) if after.domain else None
    if before == after and (domain is None or domain == _find(schema.string_domain, domain.name)):
        return None
    if after.lifecycle_stage != schema_pb2.DEPRECATED:
        return Change(name, before, after, domain)
    if name not in seen:
        return Change(name, before, None)
    kind = schema_pb2.FeatureType.Name(before.type) if before is not None else ""
    return Change(
        name,
        before,
        after,
        refused=f"some of its values have not the type {kind}. Mend the data, or change the type "
        "in the schema by hand",
    )


def _find(messages: Any, name: str) -> Any:
    return next((message for message in messages if message.name == name), None)


def _put(messages: Any, name: str, message: Any) -> None:
    """Replaces, adds or (None) removes the message of this name, keeping the order."""
    for index, old in enumerate(messages):
        if old.name == name:
            if message is None:
                del messages[index]
            else:
                old.CopyFrom(message)
            return
    if message is not None:
        messages.add().CopyFrom(message)
