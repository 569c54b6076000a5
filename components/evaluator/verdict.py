"""Why a model was blessed or not: every gate with its value, its baseline and its bound."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.evaluator.config import Gate, same_slice
from data.metrics import find_metric
from data.tasks import Task

FILE_NAME = "verdict.json"
"""Written into the ModelEvaluation artifact, beside TFMA's own files."""

Values = dict[str, dict[str, float | None]]
"""{slice name: {metric key: value}}; the overall slice is "", an undefined value None."""


@dataclass(frozen=True)
class Measured:
    """What one model reached, and on how many rows."""

    metrics: Values = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """{slice name: {"rows": …, "invalid_predictions": …, "invalid_labels": …}}."""
    intervals: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    """{slice name: {metric key: [low, high]}}, with 95 % confidence."""
    bounds: dict[str, dict[tuple[str, float], list[float] | None]] = field(default_factory=dict)
    """{slice name: {(metric key, confidence): [low, high]}} as gates ask for them."""

    def find(self, name: str) -> str | None:
        """The slice as it is called here, `hour=3.0` for `hour=3`; None where it has no rows."""
        return next((key for key in self.metrics if same_slice(key, name)), None)


@dataclass(frozen=True)
class GateResult:
    """One line of the verdict."""

    metric: str
    slice: str
    value: float | None
    baseline: float | None
    threshold: str
    """In words, such as `>= 0.9` or `>= baseline - 0.01`."""
    passed: bool
    why: str = ""
    interval: list[float] | None = None
    """[low, high] of the value, or of its difference to the baseline, where the gate asks for
    confidence."""


def judge(
    gates: tuple[Gate, ...],
    task: Task,
    candidate: Measured,
    baseline: Measured | None,
    no_baseline: str = "no blessed model to compare with",
    differences: Measured | None = None,
    must_compare: bool = False,
) -> list[GateResult]:
    """Checks every gate. A slice without rows, or a value that could not be computed, fails.

    Args:
      gates: the configured gates.
      task: for the direction of each metric.
      candidate: the new model.
      baseline: the last blessed model; None when there is none to compare with, and then gates
        that compare with it pass and say so.
      no_baseline: why there is none.
      differences: bounds of candidate minus baseline, for gates that ask for confidence.
      must_compare: the baseline was chosen by name: without it gates that compare with it fail.
    """
    models = (candidate, baseline, differences or Measured())
    without: Range = ([] if must_compare else [0.0]), None, no_baseline
    return [result for gate in gates for result in _judge_one(gate, task, *models, without)]


def _judge_one(
    gate: Gate,
    task: Task,
    candidate: Measured,
    baseline: Measured | None,
    differences: Measured,
    without: "Range",
) -> list[GateResult]:
    higher = find_metric(gate.metric, task).higher_is_better
    value, why = _look_up(candidate, gate, task)
    before, why_before = _look_up(baseline, gate, task) if baseline else (None, "")

    def line(threshold: str, within: Range, low: float = -math.inf, high: float = math.inf) -> None:
        """Passes when the whole range of values is between low and high."""
        ends, interval, lacking = within
        passed = value is not None and bool(ends) and low <= min(ends) and max(ends) <= high
        lines.append(
            GateResult(
                gate.metric,
                gate.slice,
                value,
                before,
                threshold + _confidence(gate),
                passed,
                why or lacking,
                interval,
            )
        )

    lines: list[GateResult] = []
    if gate.min is not None:
        line(f">= {gate.min:g}", _range(gate, candidate, candidate, value), low=gate.min)
    if gate.max is not None:
        line(f"<= {gate.max:g}", _range(gate, candidate, candidate, value), high=gate.max)
    if gate.worse_by is not None:
        sign, bound = (">=", "-") if higher else ("<=", "+")
        words = (
            f"{sign} baseline {bound} {gate.worse_by:g}" if gate.worse_by else f"{sign} baseline"
        )
        if baseline is None:
            line(words, without)
        elif before is None:
            line(words, ([], None, f"the baseline has no value: {why_before}"))
        else:  # the difference against the bound, as TFMA does it
            change = None if value is None else value - before
            within = _range(gate, candidate, differences, change)
            if higher:
                line(words, within, low=-gate.worse_by)
            else:
                line(words, within, high=gate.worse_by)
    return lines


Range = tuple[list[float], list[float] | None, str]
"""(what must pass, the interval that was asked for, why there is nothing to pass)."""


def _range(gate: Gate, candidate: Measured, measured: Measured, value: float | None) -> Range:
    """A value, or the ends of its interval where the gate asks for confidence."""
    if gate.confidence is None or value is None:
        return ([] if value is None else [value]), None, ""
    name = candidate.find(gate.slice) or ""
    interval = measured.bounds.get(name, {}).get((gate.metric, gate.confidence))
    if interval is None:
        return [], None, "no interval: the metric is undefined in too many replicates"
    return interval, interval, ""


def _confidence(gate: Gate) -> str:
    return "" if gate.confidence is None else f" with {100 * gate.confidence:g} % confidence"


def _look_up(model: Measured, gate: Gate, task: Task) -> tuple[float | None, str]:
    """The value, or None and why there is none."""
    name = model.find(gate.slice)
    if name is None:
        return None, "the slice has no rows" if gate.slice else "the test split has no rows"
    value = model.metrics[name].get(gate.metric)
    if value is not None and math.isfinite(value):
        return value, ""
    counts = model.counts.get(name, {})
    rows = counts.get("rows", 0)
    if counts.get("invalid_predictions"):
        return None, f"{counts['invalid_predictions']} of {rows} predictions are no finite numbers"
    if counts.get("invalid_labels"):
        wanted = "none of the classes" if task.is_classification else "no finite numbers"
        wanted = "missing" if task is Task.SEQUENCE else wanted
        return None, f"{counts['invalid_labels']} of {rows} labels are {wanted}"
    if counts.get("invalid_weights"):
        return None, f"{counts['invalid_weights']} of {rows} weights are negative or no numbers"
    lacking = "too few rows or classes" if task.is_classification else "too few different labels"
    lacking = "no tokens in the labels" if task is Task.SEQUENCE else lacking
    return None, f"not defined on these {rows} rows: {lacking}"


def write(
    directory: Path,
    candidate: Measured,
    baseline: Measured | None,
    gates: list[GateResult],
    blessed: bool,
    no_baseline: str = "",
    differences: Measured | None = None,
) -> None:
    """Writes verdict.json into `directory`.

    Keys: `blessed`, `metrics` and `baseline` ({slice: {metric: value or null}}), `counts` of the
    candidate's rows, `intervals` ({slice: {metric: [low, high]}} of the candidate, 95 %),
    `differences` ({slice: {metric: [low, high]}} of candidate minus baseline), `no_baseline` (why
    there was none, or empty), `gates`.
    """
    verdict = {
        "blessed": blessed,
        "metrics": candidate.metrics,
        "counts": candidate.counts,
        "baseline": baseline.metrics if baseline else {},
        "intervals": candidate.intervals,
        "differences": differences.intervals if baseline and differences else {},
        "no_baseline": no_baseline,
        "gates": [asdict(gate) for gate in gates],
    }
    text = json.dumps(verdict, indent=1, allow_nan=False)
    (directory / FILE_NAME).write_text(text, encoding="utf-8")


def read(directory: Path) -> dict[str, Any]:
    """The verdict of a ModelEvaluation artifact; empty where there is none."""
    file = directory / FILE_NAME
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
