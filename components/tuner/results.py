"""What was tried: a record per trial, kept as it ends, and `trials.json` in the TunerResults artifact."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

FILE = "trials.json"
State = Literal["complete", "pruned", "budget", "failed"]


@dataclass
class Trial:
    """One training."""

    number: int
    """Counted from 1."""
    values: dict[str, Any]
    state: State = "complete"
    """pruned: ended by the median rule; budget: had the epochs that hyperband gave it."""
    score: float | None = None
    """The objective in the epoch that would be kept; None where it failed before any."""
    curve: list[float] = field(default_factory=list)
    """The same after every epoch."""
    seconds: float = 0.0
    why: str = ""
    """What failed."""
    again: int = 0
    """hyperband: the trial that this one repeats with more epochs; 0: none."""


def best(trials: Sequence[Trial], higher: bool) -> Trial | None:
    """The trial to take the values of: the first of the best, none that was pruned; None: all failed."""
    scored = [t for t in trials if t.score is not None and t.state in ("complete", "budget")]
    sign = -1 if higher else 1
    return min(scored, key=lambda t: (sign * (t.score or 0.0), t.number), default=None)


def keep(folder: Path, trial: Trial) -> None:
    """Writes a trial's record, whole or not at all."""
    _write(folder / f"{trial.number:04d}.json", asdict(trial))


def kept(folder: Path) -> list[Trial]:
    """The records of a folder, in the order of their numbers."""
    files = sorted(folder.glob("*.json"))
    return [Trial(**json.loads(file.read_text(encoding="utf-8"))) for file in files]


def write(folder: Path, content: dict[str, Any]) -> None:
    """Writes trials.json."""
    _write(folder / FILE, content)


def read(folder: Path) -> dict[str, Any]:
    """The content of trials.json: `algorithm`, `objective`, `higher_is_better`, `parameters`,
    `trials`, `best` (a number); empty where there is none."""
    file = folder / FILE
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(partial, file)
