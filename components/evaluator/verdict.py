"""Why a model was blessed or not: every gate with its value, its baseline and its bound."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.evaluator.config import Gate, slice_key
from data.metrics import find_metric
from data.tasks import Task

FILE_NAME = "verdict.json"
"""Written into the ModelEvaluation artifact, beside TFMA's own files."""

Values = dict[str, dict[str, float | None]]
"""{slice name: {metric key: value}}; the overall slice is "", an undefined value None."""


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


def judge(gates: tuple[Gate, ...], task: Task, values: Values, baseline: Values) -> list[GateResult]:
    """Checks every gate. A missing slice, or a value that could not be computed, fails.

    Args:
      gates: the configured gates.
      task: for the direction of each metric.
      values: the candidate's metrics.
      baseline: the last blessed model's metrics; empty when there is none, and then gates that
        compare with it pass and say so.
    """
    return [result for gate in gates for result in _judge_one(gate, task, values, baseline)]


def _judge_one(gate: Gate, task: Task, values: Values, baseline: Values) -> list[GateResult]:
    higher = find_metric(gate.metric, task).higher_is_better
    name = next((key for key in values if slice_key(key) == slice_key(gate.slice)), None)
    value = values.get(name, {}).get(gate.metric) if name is not None else None
    before = baseline.get(name, {}).get(gate.metric) if name is not None else None
    if name is None:
        why = "the slice has no rows"
    elif value is None or math.isnan(value):
        value, why = None, "could not be computed (too few rows or classes)"
    else:
        why = ""

    def line(threshold: str, passed: bool, note: str = "") -> GateResult:
        ok = passed and not why
        return GateResult(gate.metric, gate.slice, value, before, threshold, ok, why or note)

    number = math.nan if value is None else value
    lines = []
    if gate.min is not None:
        lines.append(line(f">= {gate.min:g}", number >= gate.min))
    if gate.max is not None:
        lines.append(line(f"<= {gate.max:g}", number <= gate.max))
    if gate.worse_by is not None:
        sign, bound = (">=", "-") if higher else ("<=", "+")
        words = f"{sign} baseline {bound} {gate.worse_by:g}" if gate.worse_by else f"{sign} baseline"
        if before is None:
            lines.append(line(words, True, "no blessed model to compare with"))
        else:
            change = number - before if higher else before - number
            # TFMA compares the difference with the bound, both as float64.
            lines.append(line(words, change >= -gate.worse_by))
    return lines


def write(
    directory: Path, values: Values, baseline: Values, gates: list[GateResult], blessed: bool
) -> None:
    """Writes verdict.json into `directory`."""
    verdict = {
        "blessed": blessed,
        "metrics": values,
        "baseline": baseline,
        "gates": [asdict(gate) for gate in gates],
    }
    (directory / FILE_NAME).write_text(json.dumps(verdict, indent=1), encoding="utf-8")


def read(directory: Path) -> dict[str, Any]:
    """The verdict of a ModelEvaluation artifact; empty where there is none."""
    file = directory / FILE_NAME
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
