"""Whole runs with `[lite]`: the files are pushed with the model, and only what must runs again."""

import json
from typing import Any

import pytest

from components.pusher.versions import manifests

FORMATS = 'lite.formats=["float16", "int8"]'


@pytest.mark.slow
def test_files_are_pushed_with_the_model(shop: Any) -> None:
    assert shop.run("--set", FORMATS) == 0
    beside = shop.serving / "1" / "assets.extra" / "lite"
    names = {"lite.json", "model_float16.tflite", "model_int8.tflite"}
    assert {file.name for file in beside.iterdir()} == names
    assert set(manifests(shop.serving)[1]["lite"]) == {"float16", "int8"}
    summary = shop.last().summary
    model, half, _ = summary["lite"]["models"]
    assert model["metrics"]["auc"] == pytest.approx(summary["metrics"]["test"]["auc"], abs=1e-3)
    assert half["agreement"] > 0.99
    report = shop.root / "runs" / shop.last().id
    assert "Smaller models" in (report / "report.html").read_text()
    assert "## Smaller models" in (report / "report.md").read_text()
    assert json.loads((report / "report.json").read_text())["lite"]["metrics"] == [
        "accuracy",
        "auc",
    ]

    # Another bound is no reason to train again.
    assert shop.run("--set", FORMATS, "--set", "lite.min_agreement=1.0", "--plan") == 0
    assert shop.run("--set", FORMATS, "--set", "lite.rows=50") == 0
    states = shop.states()
    assert states["Trainer"] == states["Evaluator"] == "cached"
    assert states["LiteExporter"] == states["Pusher"] == "ran"
    assert shop.last().summary["lite"]["rows"] == 50
    assert shop.last().summary["pushed"]["version"] == 1  # the same files of the same model
