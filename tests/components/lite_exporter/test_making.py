"""Quantisation that went wrong is caught; so is a split without rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.lite_exporter import report
from components.lite_exporter.config import LiteSection


def _make(made: Any, examples: Path, folder: Path, **section: Any) -> list[report.Line]:
    from components.lite_exporter.making import make

    return make(
        model=made.model,
        network=made.network,
        examples=examples,
        label="size",
        section=LiteSection(**section),
        features={},
        folder=folder,
    )


def test_calibration_of_another_scale_is_caught(
    tmp_path: Path, made: Any, examples: Callable[..., None]
) -> None:
    """Training rows a thousand times as large as real ones: int8 rounds every real one to nothing."""
    examples(tmp_path / "examples", scale=1e3)
    _, whole, broken = _make(
        made,
        tmp_path / "examples",
        tmp_path / "files",
        formats=["float32", "int8"],
        max_drop=0.03,
        rows=150,
        calibration_rows=100,
    )
    assert whole.passed
    assert not broken.passed and broken.drop["accuracy"] > 0.03
    assert "accuracy loses" in broken.why and "of the answers" in broken.why
    told = report.read(tmp_path / "files")
    assert (told["rows"], told["calibration_rows"]) == (150, 100)


def test_no_rows_to_ask(tmp_path: Path, made: Any) -> None:
    with pytest.raises(FileNotFoundError, match="the test split has no rows"):
        _make(made, tmp_path, tmp_path / "files", formats=["float32"])
