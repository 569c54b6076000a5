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
        """Reads `anomalies`; writes nothing."""
        uri = artifact_utils.get_single_uri(input_dict["anomalies"])
        rows = anomalies.stopping(anomalies.read(Path(uri)), exec_properties["stop_at"])
        if rows:
            lines = [f"  {row.column} ({row.split}): {row.what}. {row.detail}" for row in rows]
            raise DataAnomaliesError(
                f"{len(rows)} data anomalies at or above '{exec_properties['stop_at']}':\n"
                + "\n".join(lines)
            )


class _GateSpec(component_spec.ComponentSpec):
    PARAMETERS = {"stop_at": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies)
    }
    OUTPUTS: dict[str, Any] = {}


class DataGate(base_component.BaseComponent):
    """Stops the pipeline on anomalies; what must not run on bad data names it as upstream.

    Args:
      anomalies: ExampleValidator's output.
      stop_at: `error`, `warning` or `never`.
    """

    SPEC_CLASS = _GateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(GateExecutor)

    def __init__(self, anomalies: types.BaseChannel, stop_at: str) -> None:
        super().__init__(spec=_GateSpec(anomalies=anomalies, stop_at=stop_at))
