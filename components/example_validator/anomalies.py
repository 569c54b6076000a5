"""Reads ExampleValidator's output as rows: what, where, how bad, in words."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2

_SEVERITY = {
    anomalies_pb2.AnomalyInfo.UNKNOWN: "warning",
    anomalies_pb2.AnomalyInfo.WARNING: "warning",
    anomalies_pb2.AnomalyInfo.ERROR: "error",
}
_RANK = {"warning": 1, "error": 2, "never": 3}


@dataclass(frozen=True)
class Anomaly:
    """One thing about one column (or the whole data set) that does not fit the schema."""

    split: str
    column: str
    what: str
    detail: str
    """TFDV's own words, with values and shares."""
    severity: str
    """`warning` or `error`."""

    def as_dict(self) -> dict[str, str]:
        """For summary.json."""
        return asdict(self)


def read(directory: Path) -> list[Anomaly]:
    """Every anomaly of every split, worst first.

    Args:
      directory: an ExampleAnomalies artifact (`Split-<name>/SchemaDiff.pb` inside).
    """
    rows = []
    for file in sorted(directory.glob("Split-*/SchemaDiff.pb")):
        anomalies = anomalies_pb2.Anomalies.FromString(file.read_bytes())
        split = file.parent.name.removeprefix("Split-")
        if anomalies.HasField("dataset_anomaly_info"):
            rows.append(_row(split, "(all rows)", anomalies.dataset_anomaly_info))
        if anomalies.data_missing:
            rows.append(Anomaly(split, "(all rows)", "No data", "the split has no rows", "error"))
        for column, info in anomalies.anomaly_info.items():
            rows.append(_row(split, column, info))
    return sorted(rows, key=lambda row: (-_RANK[row.severity], row.column, row.split))


def stopping(rows: list[Anomaly], stop_at: str) -> list[Anomaly]:
    """The rows severe enough to stop a run configured with `stop_at`."""
    return [row for row in rows if _RANK[row.severity] >= _RANK[stop_at]]


def _row(split: str, column: str, info: anomalies_pb2.AnomalyInfo) -> Anomaly:
    reasons = [(reason.short_description, reason.description) for reason in info.reason]
    what = "; ".join(short for short, _ in reasons) or info.short_description
    detail = " ".join(long for _, long in reasons) or info.description
    return Anomaly(split, column, what, detail, _SEVERITY[info.severity])
