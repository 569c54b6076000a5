"""pipeline/result.py: what a run says at its end, and that the commands in it are whole."""

import io
import shlex
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.earlier.history import Run
from pipeline.result import closing


def _said(folder: Path, anomalies: list[dict[str, Any]]) -> str:
    plain = {"split": "train", "what": "odd", "detail": "", "severity": "error"}
    rows = [plain | row for row in anomalies]
    summary = {"status": "data_anomalies", "anomalies": rows}
    run = Run(folder, {"source": "my data.toml"}, {}, summary)
    out = io.StringIO()
    closing(Console(file=out, width=60), None, run, False)  # type: ignore[arg-type]
    return out.getvalue()


def _command(text: str) -> list[str]:
    [line] = [line for line in text.splitlines() if "schema accept" in line]
    return shlex.split(line)


def test_stopped_by_anomalies_says_what_accepts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = [
        {"column": "fare [usd]"},
        {"column": "fare [usd]", "split": "eval"},
        {"column": "tip", "severity": "warning"},
        {"column": "(all)"},
    ]
    command = _command(_said(tmp_path / "output/taxi/runs/1", found))
    assert command == [
        *("python", "-m", "pipeline", "schema", "accept"),
        *("--config", "my data.toml", "--column", "fare [usd]"),
    ]


def test_elsewhere_is_part_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = _command(_said(tmp_path / "other place/taxi/runs/1", [{"column": "(all)"}]))
    assert command[-3:] == ["--all", "--root", str(tmp_path / "other place")]
