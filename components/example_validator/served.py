"""Rows that a server was asked, as TFDV's statistics, and held against the schema and the training data."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.example_validator import anomalies, drift
from components.example_validator.config import DriftSection
from components.example_validator.request_log import Row

SPLIT = "served"
_KINDS = {
    schema_pb2.INT: "int64",
    schema_pb2.FLOAT: "float64",
    schema_pb2.BYTES: "large_binary",
}


def statistics(rows: Sequence[Row], schema: schema_pb2.Schema) -> Any:
    """TFDV's statistics of the columns that were asked, with the types of the schema.

    Args:
      rows: at least one.
      schema: what says which bytes are words; whole numbers stay so where all of them are.

    Returns:
      DatasetFeatureStatistics; without features where no column was kept (pictures).
    """
    import pyarrow as pa
    from tensorflow_data_validation.statistics import stats_impl, stats_options

    types = {feature.name: _KINDS.get(feature.type, "large_binary") for feature in schema.feature}
    columns = {}
    for name in sorted({name for row in rows for name in row if name in types}):
        values = [row.get(name) or None for row in rows]
        kind = types[name]
        if kind == "int64" and not all(float(v).is_integer() for row in values for v in row or ()):
            kind = "float64"
        if kind == "int64":
            values = [row and [int(value) for value in row] for row in values]
        columns[name] = pa.array(values, type=pa.large_list(pa.type_for_alias(kind)))
    if not columns:
        return statistics_pb2.DatasetFeatureStatistics(num_examples=len(rows))
    batch = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    options = stats_options.StatsOptions(schema=part(schema, columns))
    made = stats_impl.generate_statistics_in_memory(batch, options)
    return made.datasets[0]


def part(schema: schema_pb2.Schema, columns: Mapping[str, Any]) -> schema_pb2.Schema:
    """The schema of these columns: a model need not be asked all there were in training."""
    made = schema_pb2.Schema()
    made.CopyFrom(schema)
    del made.feature[:]
    made.feature.extend(feature for feature in schema.feature if feature.name in columns)
    return made


def unfit(found: Any, schema: schema_pb2.Schema) -> list[anomalies.Anomaly]:
    """What in the rows does not fit the schema, worst first.

    Args:
      found: as `statistics` makes it.
      schema: the curated one.
    """
    if not found.features:
        return []
    from tensorflow_data_validation.api import validation_api

    data = statistics_pb2.DatasetFeatureStatisticsList(datasets=[found])
    asked = part(schema, {drift.name(feature): None for feature in found.features})
    report = validation_api.validate_statistics(data, asked, environment=anomalies.SERVING)
    with tempfile.TemporaryDirectory() as folder:
        split = Path(folder, f"Split-{SPLIT}")
        split.mkdir()
        (split / "FeatureStats.pb").write_bytes(data.SerializeToString())
        (split / "SchemaDiff.pb").write_bytes(report.SerializeToString())
        return anomalies.read(Path(folder), Path(folder))


def answers(
    trained: Any, label: str, scores: Mapping[str, float], settings: DriftSection
) -> drift.Drift | None:
    """How far the mean score of each class is from its share among the labels.

    A model that was trained on the same kind of rows answers, in the mean, with the shares of the
    classes; where labels arrive late or never, this is what can be seen of a change of theirs.

    Args:
      trained: DatasetFeatureStatistics of the training rows.
      label: the label's column.
      scores: {class: sum of its scores}.
      settings: the thresholds; the label's own, or that of categories.

    Returns:
      None where nothing was answered, or the label has no classes.
    """
    feature = next((f for f in trained.features if drift.name(f) == label), None)
    if feature is None or feature.WhichOneof("stats") != "string_stats" or not scores:
        return None
    counts = {b.label: b.sample_count for b in feature.string_stats.rank_histogram.buckets}
    distance, value = drift.l_infinity(counts, dict(scores))
    share = counts.get(value, 0) / (sum(counts.values()) or 1)
    mean = scores.get(value, 0) / (sum(scores.values()) or 1)
    return drift.Drift(
        label,
        "mean score",
        distance,
        settings.columns.get(label, settings.categories),
        f"most: {value!r}, {share:.1%} of the labels → {mean:.1%} of the scores" if value else "",
    )
