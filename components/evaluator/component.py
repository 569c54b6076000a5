"""TFX's Evaluator, which also says why: its executor writes the verdict beside TFMA's results."""

import json
import math
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from tfx.components.evaluator import component, constants, executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.evaluator import verdict
from components.evaluator.config import Gate, slice_name
from data.tasks import Task

BASELINE = "baseline"
"""The name TFX gives the baseline's ModelSpec."""


class VerdictExecutor(executor.Executor):  # type: ignore[misc]
    """Evaluates as TFX does, then writes verdict.json, and lets no gate pass in silence."""

    def Do(  # noqa: N802 (TFX's name)
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """As tfx.components.evaluator.executor.Executor.Do."""
        super().Do(input_dict, output_dict, exec_properties)
        directory = Path(artifact_utils.get_single_uri(output_dict["evaluation"]))
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        candidate, baseline = metric_values(directory)
        gates, task = _gates(exec_properties)
        results = verdict.judge(gates, task, candidate, baseline)
        tfma_says = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
        blessed = tfma_says == constants.BLESSED_VALUE and all(gate.passed for gate in results)
        if not blessed and tfma_says == constants.BLESSED_VALUE:
            blessing.set_int_custom_property(
                constants.ARTIFACT_PROPERTY_BLESSED_KEY, constants.NOT_BLESSED_VALUE
            )
            (Path(blessing.uri) / constants.BLESSED_FILE_NAME).unlink(missing_ok=True)
            (Path(blessing.uri) / constants.NOT_BLESSED_FILE_NAME).touch()
        verdict.write(directory, candidate, baseline, results, blessed)


class Evaluator(component.Evaluator):  # type: ignore[misc]
    """Takes and gives what tfx.components.Evaluator does; the gates travel in the EvalConfig."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(VerdictExecutor)


def metric_values(directory: Path) -> tuple[verdict.Values, verdict.Values]:
    """(candidate, baseline) metrics per slice, out of a TFMA result directory."""
    values: tuple[verdict.Values, verdict.Values] = ({}, {})
    for record in tfma.load_metrics(str(directory)):
        key = tuple((item.column, _slice_text(item)) for item in record.slice_key.single_slice_keys)
        name = slice_name(key)
        for item in record.metric_keys_and_values:
            if item.key.is_diff or item.key.name == "example_count" or item.key.name.startswith("_"):
                continue
            number = item.value.double_value.value
            table = values[item.key.model_name == BASELINE]
            table.setdefault(name, {})[item.key.name] = None if math.isnan(number) else number
    return values


def _slice_text(item: Any) -> str:
    kind = item.WhichOneof("kind")
    value = getattr(item, kind)
    return value.decode() if isinstance(value, bytes) else str(value)


def _gates(exec_properties: dict[str, Any]) -> tuple[tuple[Gate, ...], Task]:
    """Reads the gates back out of the EvalConfig, which is where other orchestrators see them."""
    config = tfma.EvalConfig()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.EVAL_CONFIG_KEY], config
    )
    gates, task = [], Task.BINARY
    for metric in config.metrics_specs[0].metrics:
        if metric.class_name != "Statistic":
            continue
        settings = json.loads(metric.config)
        task = Task(settings["task"])
        for entry in metric.per_slice_thresholds:
            value, change = entry.threshold.value_threshold, entry.threshold.change_threshold
            gates.append(
                Gate(
                    metric=settings["name"],
                    slice=slice_name(tuple(entry.slicing_specs[0].feature_values.items())),
                    min=value.lower_bound.value if value.HasField("lower_bound") else None,
                    max=value.upper_bound.value if value.HasField("upper_bound") else None,
                    worse_by=abs(change.absolute.value) if change.HasField("absolute") else None,
                )
            )
    return tuple(gates), task
