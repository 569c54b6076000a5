"""Turns `[evaluate]` into TFMA's EvalConfig: our keys, the slices, and every gate as a threshold."""

import json
from collections import defaultdict
from typing import Any

from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.bootstrap import SAMPLE
from components.evaluator.config import EvaluateSection, Gate, SliceKey, is_number, slice_key
from components.evaluator.tally import BOOKKEEPING, ROWS
from data.metrics import find_metric, find_number, has_overall_value, metrics_for
from data.signatures import PREDICTION, SCORE, SCORES, SERVING_EXAMPLES, TRANSFORM_FEATURES
from data.tasks import Task

PREDICTION_KEY = {
    Task.BINARY: SCORE,
    Task.MULTICLASS: SCORES,
    Task.MULTILABEL: SCORES,
    Task.REGRESSION: PREDICTION,
    Task.SEQUENCE: PREDICTION,
}
"""The output of `serving_examples` that is measured; multi-label also `chosen`."""

WORST = 25
"""Rows that are shown for having been answered worst."""
RESIDUALS = 1000
"""Rows whose label and prediction are drawn against each other."""


def eval_config(
    section: EvaluateSection, task: Task, label: str, classes: list[str], weight: str = ""
) -> config_pb2.EvalConfig:
    """The EvalConfig of a task.

    Args:
      section: `[evaluate]`.
      task: the task.
      label: the label's column; its transformed value is read through `transform_features`.
      classes: class names in order; empty for a task without classes.
      weight: the column that says how much each row counts; empty: all the same.

    Raises:
      ValueError: a gate or metric names a metric, class or slice that does not exist.
    """
    by_metric: dict[str, list[Gate]] = defaultdict(list)
    for gate in effective_gates(section, task):
        find_number(gate.metric, task, classes)
        by_metric[gate.metric].append(gate)
    keys = list(dict.fromkeys([*metric_keys(section, task, classes), *by_metric]))
    slices = {slice_key(gate.slice) for gates in by_metric.values() for gate in gates} - {()}
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name=SERVING_EXAMPLES,
                preprocessing_function_names=[TRANSFORM_FEATURES],
                label_key=label,
                prediction_key=PREDICTION_KEY[task],
                example_weight_key=weight,
            )
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(
                config_pb2.SlicingSpec(feature_keys=[item.column for item in columns])
                for columns in section.slices
            ),
            *(_slicing_spec(key) for key in sorted(slices)),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    _some_rows(task),
                    *(_statistic(name, name, task) for name in BOOKKEEPING if name != ROWS),
                    *(_metric(key, task, classes, by_metric[key]) for key in keys),
                    _detail(section, task, classes, by_metric),
                ]
            )
        ],
    )


def metric_keys(section: EvaluateSection, task: Task, classes: list[str]) -> list[str]:
    """The keys to compute: those asked for, or all of the task, with one per class where it has one."""
    names = section.metrics or tuple(metric.key for metric in metrics_for(task))
    keys = []
    several = task in (Task.MULTICLASS, Task.MULTILABEL)
    for name in names:
        metric = find_metric(name, task, classes)
        if has_overall_value(name, task):
            keys.append(name)
        if metric.per_class and several and "/" not in name:
            keys += [f"{name}/{label}" for label in classes]
    return keys


def effective_gates(section: EvaluateSection, task: Task) -> tuple[Gate, ...]:
    """The configured gates; without any, better than chance, since a blessing needs a reason."""
    if section.gates:
        return section.gates
    if task is Task.REGRESSION:
        return (Gate(metric="r2", min=0.0),)
    if task is Task.SEQUENCE:  # an empty answer to everything has exactly 1
        return (Gate(metric="phoneme_error_rate", max=1.0),)
    return (Gate(metric="auc", min=0.5),)


def _slicing_spec(key: SliceKey) -> config_pb2.SlicingSpec:
    """A slice to compute for a gate.

    TFMA takes `zip=60601` for a number and then finds no such value in a column of text: such a
    slice is computed by slicing the column whole.
    """
    return config_pb2.SlicingSpec(
        feature_keys=[column for column, value in key if is_number(value)],
        feature_values={column: value for column, value in key if not is_number(value)},
    )


def _some_rows(task: Task) -> config_pb2.MetricConfig:
    """The count of rows, with a bound of its own.

    Without any value threshold (every gate compares with a baseline, and there is none yet) TFX
    would not validate at all and write no blessing.
    """
    config = _statistic(ROWS, ROWS, task)
    threshold = config_pb2.MetricThreshold()
    threshold.value_threshold.lower_bound.value = 1
    config.per_slice_thresholds.add(slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold)
    return config


def _statistic(
    name: str,
    key: str,
    task: Task,
    class_id: int = -1,
    confidences: list[float | None] | None = None,
) -> config_pb2.MetricConfig:
    settings: dict[str, Any] = {
        "name": name,
        "statistic_key": key,
        "task": task.value,
        "class_id": class_id,
    }
    if any(confidences or []):  # in the order of the thresholds, whose messages have no such field
        settings["confidences"] = confidences
    return config_pb2.MetricConfig(
        class_name="Statistic", module="components.evaluator.metric", config=json.dumps(settings)
    )


def _detail(
    section: EvaluateSection, task: Task, classes: list[str], by_metric: dict[str, list[Gate]]
) -> config_pb2.MetricConfig:
    """Charts, plots and bounds, and what tallies keep for them."""
    kept: dict[str, int] = {"curves": task.is_classification, "worst": WORST}
    if section.replicates:
        kept["sample"] = SAMPLE
    elif task is Task.REGRESSION:
        kept["sample"] = RESIDUALS
    settings = {
        "name": "detail",
        "task": task.value,
        "classes": classes,
        "kept": kept,
        "replicates": section.replicates,
        "seed": section.seed,
        "buckets": section.buckets,
        "baseline": section.baseline,
        "bounds": [
            [key, *_statistic_of(key, classes), gate.confidence]
            for key, gates in by_metric.items()
            for gate in gates
            if gate.confidence is not None
        ],
    }
    return config_pb2.MetricConfig(
        class_name="Detail", module="components.evaluator.detail", config=json.dumps(settings)
    )


def _statistic_of(key: str, classes: list[str]) -> tuple[str, int]:
    """A metric key -> (the key without its class, the class's number or -1)."""
    name, _, label = key.partition("/")
    return name, classes.index(label) if label else -1


def _metric(key: str, task: Task, classes: list[str], gates: list[Gate]) -> config_pb2.MetricConfig:
    name, class_id = _statistic_of(key, classes)
    confidences = [gate.confidence for gate in gates]
    config = _statistic(key, name, task, class_id, confidences)
    for gate in gates:  # per slice even for the overall one: a plain threshold is checked on all
        config.per_slice_thresholds.add(
            slicing_specs=[config_pb2.SlicingSpec(feature_values=dict(slice_key(gate.slice)))],
            threshold=_threshold(gate, find_metric(key, task, classes).higher_is_better),
        )
    return config


def _threshold(gate: Gate, higher_is_better: bool) -> config_pb2.MetricThreshold:
    threshold = config_pb2.MetricThreshold()
    if gate.min is not None:
        threshold.value_threshold.lower_bound.value = gate.min
    if gate.max is not None:
        threshold.value_threshold.upper_bound.value = gate.max
    if gate.worse_by is not None:
        change = threshold.change_threshold
        direction = "HIGHER_IS_BETTER" if higher_is_better else "LOWER_IS_BETTER"
        change.direction = config_pb2.MetricDirection.Value(direction)
        change.absolute.value = -gate.worse_by if higher_is_better else gate.worse_by
    return threshold
