"""Gates judged without TFMA: directions, bounds at their edge, and words for what has no value."""

import json
import math
from pathlib import Path

import pytest

from components.evaluator.config import Gate
from components.evaluator.verdict import GateResult, Measured, judge, read, write
from data.tasks import Task


def one(
    gate: Gate, value: float | None, before: float | None, task: Task = Task.BINARY
) -> GateResult:
    """The line of a gate with one bound, on all rows."""
    candidate = Measured({"": {gate.metric: value}}, {"": {"rows": 9}})
    baseline = Measured({"": {gate.metric: before}}, {"": {"rows": 9}})
    [line] = judge((gate,), task, candidate, baseline)
    return line


@pytest.mark.parametrize(
    ("metric", "worse_by", "value", "before", "passes"),
    [
        ("auc", 0.0, 0.9, 0.9, True),
        ("auc", 0.0, 0.9, math.nextafter(0.9, 1), False),
        ("auc", 0.25, 0.5, 0.75, True),
        ("auc", 0.25, 0.49, 0.75, False),
        ("log_loss", 0.0, 0.4, 0.5, True),
        ("log_loss", 0.0, 0.5, 0.4, False),
        ("log_loss", 0.125, 0.5, 0.375, True),
    ],
)
def test_against_the_baseline(
    metric: str, worse_by: float, value: float, before: float, passes: bool
) -> None:
    line = one(Gate(metric=metric, worse_by=worse_by), value, before)
    assert line.passed is passes and line.baseline == before


def test_bounds_are_inclusive() -> None:
    assert one(Gate(metric="auc", min=0.5), 0.5, None).passed
    assert one(Gate(metric="log_loss", max=0.5), 0.5, None).passed
    assert not one(Gate(metric="auc", min=0.5), 0.4999, None).passed


def test_a_gate_with_three_bounds_is_three_lines() -> None:
    gate = Gate(metric="auc", min=0.5, max=0.99, worse_by=0.01)
    lines = judge((gate,), Task.BINARY, Measured({"": {"auc": 0.7}}), Measured({"": {"auc": 0.7}}))
    assert [line.threshold for line in lines] == [">= 0.5", "<= 0.99", ">= baseline - 0.01"]


def test_a_baseline_without_a_value_fails_the_gate() -> None:
    line = one(Gate(metric="auc", worse_by=1.0), 0.9, None)
    assert not line.passed
    assert line.why.startswith("the baseline has no value: not defined on these 9 rows")


def test_no_baseline_passes_and_says_so() -> None:
    [line] = judge(
        (Gate(metric="auc", worse_by=0.0),), Task.BINARY, Measured({"": {"auc": 0.9}}), None
    )
    assert line.passed and line.why == "no blessed model to compare with"


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"rows": 9, "invalid_predictions": 2}, "2 of 9 predictions are no finite numbers"),
        ({"rows": 9, "invalid_labels": 1}, "1 of 9 labels are none of the classes"),
        ({"rows": 1}, "not defined on these 1 rows: too few rows or classes"),
    ],
)
def test_why_there_is_no_value(counts: dict[str, int], why: str) -> None:
    candidate = Measured({"": {"auc": None}}, {"": counts})
    [line] = judge((Gate(metric="auc", min=0.0),), Task.BINARY, candidate, None)
    assert (line.passed, line.value, line.why) == (False, None, why)


def test_slices_are_found_by_meaning() -> None:
    candidate = Measured({"": {"auc": 0.1}, "hour=3.0": {"auc": 0.9}})
    [line] = judge((Gate(metric="auc", slice="hour=3", min=0.5),), Task.BINARY, candidate, None)
    assert line.passed and line.value == 0.9


def test_written_and_read(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    candidate = Measured({"": {"auc": None}}, {"": {"rows": 3}})
    lines = judge((Gate(metric="auc", min=0.5),), Task.BINARY, candidate, None)
    write(tmp_path, candidate, None, lines, False, "no blessed model to compare with")
    verdict = read(tmp_path)
    said = {"blessed", "metrics", "counts", "baseline", "no_baseline", "gates"}
    assert set(verdict) == said | {"intervals", "differences"}
    assert verdict["gates"][0]["value"] is None and verdict["baseline"] == {}
    with pytest.raises(ValueError):
        write(tmp_path, Measured({"": {"auc": math.nan}}), None, [], False)
    json.loads((tmp_path / "verdict.json").read_text())


def test_a_baseline_that_was_named_and_cannot_be_measured_fails_the_gate() -> None:
    gates = (Gate(metric="auc", min=0.5), Gate(metric="auc", worse_by=0.1))
    candidate = Measured({"": {"auc": 0.9}}, {"": {"rows": 9}})
    value, change = judge(gates, Task.BINARY, candidate, None, "it is gone", must_compare=True)
    assert value.passed and not change.passed and change.why == "it is gone"
    assert all(line.passed for line in judge(gates, Task.BINARY, candidate, None, "none yet"))


@pytest.mark.parametrize(
    ("gate", "bounds", "passed"),
    [
        (Gate(metric="auc", min=0.8, confidence=0.9), [0.81, 0.99], True),
        (Gate(metric="auc", min=0.8, confidence=0.9), [0.79, 0.99], False),
        (Gate(metric="auc", max=0.95, confidence=0.9), [0.79, 0.96], False),
        (Gate(metric="log_loss", max=1.0, confidence=0.9), [0.8, 1.0], True),
        (Gate(metric="auc", min=0.8, confidence=0.9), None, False),
    ],
)
def test_the_whole_interval_must_pass(gate: Gate, bounds: list[float] | None, passed: bool) -> None:
    key = (gate.metric, 0.9)
    candidate = Measured({"": {gate.metric: 0.9}}, {"": {"rows": 9}}, bounds={"": {key: bounds}})
    [line] = judge((gate,), Task.BINARY, candidate, None)
    assert line.passed is passed and line.interval == bounds and "90 % confidence" in line.threshold
    assert bool(line.why) == (bounds is None)


@pytest.mark.parametrize(
    ("metric", "change", "passed"),
    [
        ("auc", [0.001, 0.1], True),
        ("auc", [-0.001, 0.1], False),
        ("log_loss", [-0.1, -0.001], True),
        ("log_loss", [-0.1, 0.001], False),
        ("auc", None, False),
    ],
)
def test_better_than_the_baseline_beyond_chance(
    metric: str, change: list[float] | None, passed: bool
) -> None:
    gate = Gate(metric=metric, worse_by=0.0, confidence=0.95)
    values = Measured({"": {metric: 0.5}}, {"": {"rows": 9}})
    differences = Measured(bounds={"": {(metric, 0.95): change}})
    [line] = judge((gate,), Task.BINARY, values, values, differences=differences)
    assert line.passed is passed and line.interval == change
