"""Reads back what TFMA wrote: values and counts per slice, gates out of the EvalConfig, objections."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma

from components.evaluator.config import OVERALL, Gate, same_slice, slice_name
from components.evaluator.detail import NAME
from components.evaluator.tally import BOOKKEEPING, LABELS_DIFFER, ROWS
from components.evaluator.verdict import GateResult, Measured
from data.tasks import Task

BASELINE = "baseline"
"""The name TFX gives the baseline's ModelSpec."""


def measured(directory: Path) -> tuple[Measured, Measured, Measured]:
    """(candidate, baseline, candidate minus baseline) out of a TFMA result directory."""
    models = (Measured(), Measured(), Measured())
    for name, charts in details(directory, "bounds").items():
        for key, level, own, change in charts:
            models[0].bounds.setdefault(name, {})[key, level] = own
            models[2].bounds.setdefault(name, {})[key, level] = change
    for record in tfma.load_metrics(str(directory)):
        name = slice_of(record.slice_key)
        for item in record.metric_keys_and_values:
            if item.key.name.startswith("_"):
                continue
            model = models[2 if item.key.is_diff else item.key.model_name == BASELINE]
            number = _number(item.value)
            bounds = item.confidence_interval
            if number is not None and item.HasField("confidence_interval"):
                ends = [_number(bounds.lower_bound), _number(bounds.upper_bound)]
                model.intervals.setdefault(name, {})[item.key.name] = ends
            if item.key.name not in BOOKKEEPING:
                model.metrics.setdefault(name, {})[item.key.name] = number
            elif number is not None:
                key = "rows" if item.key.name == ROWS else item.key.name
                model.counts.setdefault(name, {})[key] = int(number)
    return models


def details(directory: Path, kind: str) -> dict[str, Any]:
    """{slice name: what detail.py wrote of it}, one of charts, worst and bounds."""
    found = {}
    for record in tfma.load_attributions(str(directory)):
        for item in record.attributions_keys_and_values:
            if item.key.name == NAME and item.values:  # the baseline's are empty
                found[slice_of(record.slice_key)] = json.loads(item.values[kind].bytes_value)
    return found


def labels_differ(directory: Path) -> int:
    """How many rows have another label for the baseline than for the candidate."""
    candidate = measured(directory)[0]
    return candidate.counts.get(OVERALL, {}).get(LABELS_DIFFER, 0)


def gates(config: Any) -> tuple[tuple[Gate, ...], Task]:
    """Reads the gates back out of the EvalConfig, which is where other orchestrators see them."""
    found, task = [], Task.BINARY
    for metric in config.metrics_specs[0].metrics:
        if metric.class_name != "Statistic":
            continue
        settings = json.loads(metric.config)
        task = Task(settings["task"])
        if settings["name"] in BOOKKEEPING:
            continue
        confidences = settings.get("confidences") or [None] * len(metric.per_slice_thresholds)
        for entry, confidence in zip(metric.per_slice_thresholds, confidences, strict=True):
            value, change = entry.threshold.value_threshold, entry.threshold.change_threshold
            found.append(
                Gate(
                    metric=settings["name"],
                    slice=slice_name(entry.slicing_specs[0].feature_values.items()),
                    min=value.lower_bound.value if value.HasField("lower_bound") else None,
                    max=value.upper_bound.value if value.HasField("upper_bound") else None,
                    worse_by=abs(change.absolute.value) if change.HasField("absolute") else None,
                    confidence=confidence,
                )
            )
    return tuple(found), task


def unexplained(validation: Any, lines: list[GateResult]) -> list[GateResult]:
    """A line for everything TFMA objects to that no failing line of ours is about."""

    def known(metric: str | None, name: str) -> bool:
        return any(
            not line.passed and metric in (None, line.metric) and same_slice(line.slice, name)
            for line in lines
        )

    found = []
    for entry in validation.metric_validations_per_slice:
        name = slice_of(entry.slice_key)
        for failure in entry.failures:
            metric = failure.metric_key.name
            if not known(metric, name):
                has_value = failure.HasField("metric_value")
                value = _number(failure.metric_value) if has_value else None
                why = " ".join(failure.message.split()) or "TFMA's validation failed it"
                words = _words(failure.metric_threshold)
                found.append(GateResult(metric, name, value, None, words, False, why))
    for spec in validation.missing_slices:
        name = slice_name(spec.feature_values.items())
        if not known(None, name) and not any(line.slice == name for line in found):
            # Such as `fare=0.1`: the column holds the float32 nearest to it, another number to TFMA.
            why = "TFMA finds no such slice: gate on whole numbers or text"
            found.append(GateResult(ROWS, name, None, None, ">= 1", False, why))
    if not found and all(line.passed for line in lines):
        why = "TFMA's validation failed without naming a metric"
        found.append(GateResult(ROWS, OVERALL, None, None, "valid", False, why))
    return found


def slice_of(key: Any) -> str:
    """The name of a slice that TFMA wrote."""
    return slice_name((item.column, _text(item)) for item in key.single_slice_keys)


def _text(item: Any) -> str:
    value = getattr(item, item.WhichOneof("kind"))
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(np.float32(value)) if isinstance(value, float) else str(value)


def _number(value: Any) -> float | None:
    """A finite metric value; None for NaN, infinity, and what is no number."""
    kind = value.WhichOneof("type")
    if kind == "bounded_value":
        number = value.bounded_value.value.value
    elif kind == "double_value":
        number = value.double_value.value
    else:
        return None
    return float(number) if math.isfinite(number) else None


def _words(threshold: Any) -> str:
    value, change = threshold.value_threshold, threshold.change_threshold
    parts = []
    if value.HasField("lower_bound"):
        parts.append(f">= {value.lower_bound.value:g}")
    if value.HasField("upper_bound"):
        parts.append(f"<= {value.upper_bound.value:g}")
    if change.HasField("absolute"):
        parts.append(f"change within {change.absolute.value:g}")
    return " and ".join(parts)
