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


def judge(
    gates: tuple[Gate, ...],
    task: Task,
    candidate: Measured,
    baseline: Measured | None,
    no_baseline: str = "no blessed model to compare with",
) -> list[GateResult]:
    """Checks every gate. A slice without rows, or a value that could not be computed, fails.

    Args:
      gates: the configured gates.
      task: for the direction of each metric.
      candidate: the new model.
      baseline: the last blessed model; None when there is none to compare with, and then gates
        that compare with it pass and say so.
      no_baseline: why there is none.
    """
    return [
        result
        for gate in gates
        for result in _judge_one(gate, task, candidate, baseline, no_baseline)
    ]


def _judge_one(
    gate: Gate, task: Task, candidate: Measured, baseline: Measured | None, no_baseline: str
) -> list[GateResult]:
    higher = find_metric(gate.metric, task).higher_is_better
    value, why = _look_up(candidate, gate, task)
    before, why_before = _look_up(baseline, gate, task) if baseline else (None, "")

    def line(threshold: str, passed: bool, note: str = "") -> GateResult:
        ok = passed and value is not None
        return GateResult(gate.metric, gate.slice, value, before, threshold, ok, why or note)

    number = math.nan if value is None else value
    lines = []
    if gate.min is not None:
        lines.append(line(f">= {gate.min:g}", number >= gate.min))
    if gate.max is not None:
        lines.append(line(f"<= {gate.max:g}", number <= gate.max))
    if gate.worse_by is not None:
        sign, bound = (">=", "-") if higher else ("<=", "+")
        words = (
            f"{sign} baseline {bound} {gate.worse_by:g}" if gate.worse_by else f"{sign} baseline"
        )
        if baseline is None:
            lines.append(line(words, True, no_baseline))
        elif before is None:
            lines.append(line(words, False, f"the blessed model has no value: {why_before}"))
        else:  # the difference against the bound, as TFMA does it
            lines.append(
                line(words, number - before >= -gate.worse_by)
                if higher
                else line(words, number - before <= gate.worse_by)
            )
    return lines


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
) -> None:
    """Writes verdict.json into `directory`.

    Keys: `blessed`, `metrics` and `baseline` ({slice: {metric: value or null}}), `counts` of the
    candidate's rows, `no_baseline` (why there was none, or empty), `gates`.
    """
    verdict = {
        "blessed": blessed,
        "metrics": candidate.metrics,
        "counts": candidate.counts,
        "baseline": baseline.metrics if baseline else {},
        "no_baseline": no_baseline,
        "gates": [asdict(gate) for gate in gates],
    }
    text = json.dumps(verdict, indent=1, allow_nan=False)
    (directory / FILE_NAME).write_text(text, encoding="utf-8")


def read(directory: Path) -> dict[str, Any]:
    """The verdict of a ModelEvaluation artifact; empty where there is none."""
    file = directory / FILE_NAME
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
