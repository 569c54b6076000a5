"""Reads ExampleValidator's output as rows: what, where, how many, how bad, in words."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.example_validator import wording
from data.split_names import UNLABELLED

_INFO = anomalies_pb2.AnomalyInfo
_RANK = {"warning": 1, "error": 2, "never": 3}

# TFDV calls everything an error. What does not touch the columns a model is made of, or is a matter
# of degree, is a warning here: `stop_at = "warning"` stops at it too.
_WARNINGS = frozenset(
    {
        _INFO.SCHEMA_NEW_COLUMN,  # nothing reads a column that the schema does not name
        _INFO.SCHEMA_TRAINING_SERVING_SKEW,
        *(number for name, number in _INFO.Type.items() if name.startswith("COMPARATOR_")),
        _INFO.SEMANTIC_DOMAIN_UPDATE,
        _INFO.STATS_NOT_AVAILABLE,
    }
)
_ALL_ROWS = "(all rows)"
SERVING = "SERVING"
"""The environment in which there is no label: requests, and rows without labels."""


@dataclass(frozen=True)
class Anomaly:
    """One thing about one column (or the whole data set) that does not fit the schema."""

    split: str
    column: str
    what: str
    detail: str
    """Which values, and how many."""
    severity: str
    """`warning` or `error`."""

    def as_dict(self) -> dict[str, str]:
        """For summary.json."""
        return asdict(self)


def read(directory: Path, statistics: Path | None = None) -> list[Anomaly]:
    """Every anomaly of every split, worst first.

    Args:
      directory: an ExampleAnomalies artifact (`Split-<name>/SchemaDiff.pb` inside).
      statistics: the ExampleStatistics artifact it was made from, for counts; without it the
        details are TFDV's own words.
    """
    rows: list[Anomaly] = []
    for file in sorted(directory.glob("Split-*/SchemaDiff.pb")):
        found = anomalies_pb2.Anomalies.FromString(file.read_bytes())
        split = file.parent.name.removeprefix("Split-")
        data = _statistics(statistics / file.parent.name) if statistics else None
        if found.data_missing or (data is not None and not data.num_examples):
            rows.append(Anomaly(split, _ALL_ROWS, "No rows", "the split is empty", "error"))
            continue
        if found.HasField("dataset_anomaly_info"):
            for reason in found.dataset_anomaly_info.reason:
                rows.append(_row(split, _ALL_ROWS, reason, reason.description))
        unseen = _not_when_served(found.baseline) if split == UNLABELLED else frozenset()
        for column, info in found.anomaly_info.items():
            if column in unseen:
                continue
            told = wording.Column(column, found.baseline, data)
            for reason in wording.without_echoes(info):
                rows.append(_row(split, column, reason, told.detail(reason)))
    return sorted(rows, key=lambda row: (-_RANK[row.severity], row.column, row.split, row.what))


def _not_when_served(schema: schema_pb2.Schema) -> frozenset[str]:
    """Columns that the schema does not expect where there is no label: the label itself."""
    return frozenset(f.name for f in schema.feature if SERVING in f.not_in_environment)


def stopping(rows: list[Anomaly], stop_at: str) -> list[Anomaly]:
    """The rows severe enough to stop a run configured with `stop_at`."""
    return [row for row in rows if _RANK[row.severity] >= _RANK[stop_at]]


def _row(split: str, column: str, reason: anomalies_pb2.AnomalyInfo.Reason, detail: str) -> Anomaly:
    severity = "warning" if reason.type in _WARNINGS else "error"
    what = wording.TITLES.get(reason.type, reason.short_description)
    return Anomaly(split, column, what, detail, severity)


def _statistics(folder: Path) -> statistics_pb2.DatasetFeatureStatistics | None:
    file = folder / "FeatureStats.pb"
    if not file.is_file():
        return None
    datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets
    return datasets[0] if datasets else statistics_pb2.DatasetFeatureStatistics()
