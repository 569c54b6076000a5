"""The data gate: a component that fails when the anomalies are severe enough, on any orchestrator."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts

from components.example_validator import anomalies


class DataAnomaliesError(RuntimeError):
    """The data does not fit the schema; the message is the table of what does not."""


class GateExecutor(base_executor.BaseExecutor):
    """Raises DataAnomaliesError when an anomaly reaches the configured severity."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads `anomalies` and, for counts, `statistics`; writes nothing."""
        found = Path(artifact_utils.get_single_uri(input_dict["anomalies"]))
        counted = input_dict.get("statistics")
        statistics = Path(artifact_utils.get_single_uri(counted)) if counted else None
        rows = anomalies.stopping(anomalies.read(found, statistics), exec_properties["stop_at"])
        if rows:
            lines = [f"  {row.column} ({row.split}): {row.what}. {row.detail}" for row in rows]
            noun = "anomaly" if len(rows) == 1 else "anomalies"
            raise DataAnomaliesError(
                f"{len(rows)} data {noun} at or above '{exec_properties['stop_at']}':\n"
                + "\n".join(lines)
            )


class _GateSpec(component_spec.ComponentSpec):
    PARAMETERS = {"stop_at": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS: dict[str, Any] = {}


class DataGate(base_component.BaseComponent):
    """Stops the pipeline on anomalies; what must not run on bad data names it as upstream.

    Args:
      anomalies: ExampleValidator's output.
      stop_at: `error`, `warning` or `never`.
      statistics: StatisticsGen's output, so that the message can say how many rows.
    """

    SPEC_CLASS = _GateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(GateExecutor)

    def __init__(
        self,
        anomalies: types.BaseChannel,
        stop_at: str,
        statistics: types.BaseChannel | None = None,
    ) -> None:
        super().__init__(
            spec=_GateSpec(anomalies=anomalies, stop_at=stop_at, statistics=statistics)
        )
