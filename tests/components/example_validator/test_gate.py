"""The data gate in a pipeline: it fails with the table, and lets pass what is not severe enough."""

from pathlib import Path
from typing import Any

import pytest
from tfx.types import channel, standard_artifacts

from components.example_validator.gate import DataAnomaliesError, DataGate, GateExecutor

COLUMNS = ["big_tipper", "fare", "seconds", "payment_type", "surge"]


def run(found: tuple[Path, Path], stop_at: str, counted: bool = True) -> None:
    anomalies, statistics = (
        standard_artifacts.ExampleAnomalies(),
        standard_artifacts.ExampleStatistics(),
    )
    anomalies.uri, statistics.uri = (str(path) for path in found)
    inputs = {"anomalies": [anomalies]} | ({"statistics": [statistics]} if counted else {})
    GateExecutor().Do(inputs, {}, {"stop_at": stop_at})


def test_stops_at_the_configured_severity(
    tmp_path: Path, validated: Any, trips: Any, write: Any
) -> None:
    rows = [{**row, "surge": "2"} for row in trips()]
    mild = validated({"train": write(rows, COLUMNS, tmp_path / "mild.csv")})
    run(mild, "error")
    with pytest.raises(DataAnomaliesError, match="1 data anomaly at or above 'warning'"):
        run(mild, "warning")

    rows[0]["payment_type"] = "Bitcoin"
    bad = validated({"train": write(rows, COLUMNS, tmp_path / "bad.csv")})
    run(bad, "never")
    with pytest.raises(DataAnomaliesError) as stopped:
        run(bad, "error")
    assert str(stopped.value).splitlines() == [
        "1 data anomaly at or above 'error':",
        "  payment_type (train): Unexpected values. 1 of 400 rows (0.25%): 'Bitcoin' (1)",
    ]
    with pytest.raises(DataAnomaliesError, match="Bitcoin"):
        run(bad, "error", counted=False)


def test_as_a_component() -> None:
    gate = DataGate(
        anomalies=channel.Channel(type=standard_artifacts.ExampleAnomalies), stop_at="warning"
    )
    assert gate.exec_properties == {"stop_at": "warning"}
    assert list(gate.inputs) == ["anomalies"]
    counted = DataGate(
        anomalies=channel.Channel(type=standard_artifacts.ExampleAnomalies),
        stop_at="warning",
        statistics=channel.Channel(type=standard_artifacts.ExampleStatistics),
    )
    assert set(counted.inputs) == {"anomalies", "statistics"}
