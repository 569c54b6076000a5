"""lite.json: which files were made of a model, how good they are, what they take and answer."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.saved_models import LITE_REPORT


@dataclass(frozen=True)
class Line:
    """One model of the table: the SavedModel, or a file made of it."""

    format: str
    """`SavedModel`, or a word of `lite.formats`."""
    file: str
    """Its name in the folder; empty for the SavedModel."""
    bytes: int
    metrics: dict[str, float]
    """On the test split."""
    milliseconds: float
    """Per row, the median on one thread of this machine; the network alone, without Transform."""
    drop: dict[str, float]
    """How much of each metric is lost: points, for mae a share."""
    difference: float
    """The largest difference of a number in the answers from the SavedModel's."""
    agreement: float | None
    """Share of the rows with the SavedModel's answer; None where values are predicted."""
    passed: bool
    why: str = ""
    """What it was refused for."""


def write(folder: Path, lines: list[Line], description: dict[str, Any]) -> None:
    """Writes lite.json."""
    content = {"models": [asdict(line) for line in lines], **description}
    (folder / LITE_REPORT).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """What an exporter wrote into its artifact; empty where it made nothing."""
    file = folder / LITE_REPORT
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
