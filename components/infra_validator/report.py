"""What came of an infrastructure validation, as infra.json in the InfraBlessing artifact keeps it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "infra.json"
"""Written into the InfraBlessing artifact."""


@dataclass
class Report:
    """What came of it, as kept in infra.json and in a run's summary."""

    server: str
    """`python -m serving`, or the address of another server."""
    blessed: bool = False
    asked: bool = True
    """False where no server was asked, because the Evaluator had not blessed the model."""
    why: str = ""
    """Why the model is not blessed; empty where it is."""
    rows: int = 0
    """Rows that were asked about."""
    tolerance: float = 0.0
    difference: float | None = None
    """The largest difference between the server's numbers and the model's own."""
    load_seconds: float | None = None
    """From the start of the server, or from handing the model over, to the first request."""
    answer_seconds: float | None = None
    """For all rows."""
    warmup_rows: int = 0

    def write(self, directory: Path) -> None:
        """Writes infra.json."""
        text = json.dumps(asdict(self), indent=1, allow_nan=False)
        (directory / FILE_NAME).write_text(text, encoding="utf-8")


def read(directory: Path) -> dict[str, Any]:
    """The report of an InfraBlessing artifact; empty where there is none."""
    file = directory / FILE_NAME
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
