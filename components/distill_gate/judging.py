"""Is a student near enough to its teacher, and so much smaller and faster that it is worth it?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.distill_gate.config import DistillGateSection
from components.distill_gate.measuring import METRICS, Measured, seconds_per_row
from data.tasks import Task

FILE_NAME = "distillation.json"
"""Written into the gate's ModelBlessing artifact."""
_TIMED_ROWS = 256


@dataclass(frozen=True)
class Line:
    """One condition, with the keys of a gate in summary.json."""

    metric: str
    slice: str
    value: float
    baseline: float
    """The teacher's."""
    threshold: str
    passed: bool
    why: str = ""


def judge(
    student: Measured,
    teacher: Measured,
    rows: Sequence[bytes],
    section: DistillGateSection,
    task: Task,
    label: str,
    classes: list[str],
) -> list[Line]:
    """Three lines: quality on the rows, parameters, seconds per row (none where any speed will do).

    Args:
      student: the candidate.
      teacher: what it learned from.
      rows: serialized tf.Examples with labels that neither has learned from.
      section: the bounds.
      task: what the label asks.
      label: its column.
      classes: in the order of the outputs.
    """
    metric = METRICS[task]
    own, other = (model.quality(rows, task, label, classes) for model in (student, teacher))
    bound, sign, words = section.within, ">=", f"teacher - {section.within:g}"
    near = other - own <= bound + 1e-12
    if metric != "accuracy":
        sign, words = "<=", f"teacher + {section.within:g}"
        if metric == "mae":
            bound, words = section.within * other, f"teacher + {section.within:.1%}"
        near = own - other <= bound + 1e-12
    sizes = student.parameters, teacher.parameters
    lines = [
        Line(f"{metric} of the student", "", own, other, f"{sign} {words}", near),
        Line(
            "parameters",
            "",
            sizes[0],
            sizes[1],
            f"<= teacher x {section.parameters:g}",
            sizes[0] <= section.parameters * sizes[1],
        ),
    ]
    if section.times_faster:
        fast, slow = seconds_per_row((student, teacher), rows[:_TIMED_ROWS], section.batch)
        lines.append(
            Line(
                "milliseconds per row",
                "",
                1e3 * fast,
                1e3 * slow,
                f"<= teacher / {section.times_faster:g}",
                fast * section.times_faster <= slow,
            )
        )
    return lines


def write(folder: Path, lines: list[Line], teacher: Path) -> None:
    """Writes distillation.json."""
    content = {"teacher": str(teacher), "gates": [asdict(line) for line in lines]}
    (folder / FILE_NAME).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """What a gate wrote into its artifact; empty where there is none."""
    file = folder / FILE_NAME
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
