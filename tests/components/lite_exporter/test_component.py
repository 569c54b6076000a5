"""The executor on artifacts: blessed models get files, others none."""

import json
from pathlib import Path
from typing import Any

from components.lite_exporter import report
from components.lite_exporter.config import LiteSection

FORMATS = ("float32", "float16", "int8")


def _run(made: Any, folder: Path, blessed: int) -> Path:
    from tfx.types import standard_artifacts

    from components.lite_exporter.component import LiteExecutor

    artifacts: dict[str, Any] = {
        "model": standard_artifacts.Model(),
        "model_run": standard_artifacts.ModelRun(),
        "examples": standard_artifacts.Examples(),
        "model_blessing": standard_artifacts.ModelBlessing(),
    }
    for name, place in (("model", "model"), ("model_run", "run"), ("examples", "examples")):
        artifacts[name].uri = str(made.folder / place)
    artifacts["model_blessing"].set_int_custom_property("blessed", blessed)
    lite = standard_artifacts.ModelRun()
    lite.uri = str(folder / "lite")
    LiteExecutor().Do(
        {name: [artifact] for name, artifact in artifacts.items()},
        {"lite": [lite]},
        {
            "section": LiteSection(
                formats=FORMATS, max_drop=0.03, min_agreement=0.9
            ).model_dump_json(),
            "label": "size",
            "features": json.dumps({"x": "raw", "colour": "vocabulary"}),
        },
    )
    return Path(lite.uri)


def test_a_blessed_model_gets_every_format(tmp_path: Path, made: Any) -> None:
    folder = _run(made, tmp_path, blessed=1)
    names = {f"model_{format}.tflite" for format in FORMATS}
    assert {file.name for file in folder.iterdir()} == {"lite.json", *names}
    told = report.read(folder)
    model, whole, half, quarter = told["models"]
    assert model["format"] == "SavedModel" and model["metrics"]["accuracy"] > 0.8
    assert model["bytes"] > whole["bytes"] > half["bytes"]
    for line in (whole, half, quarter):
        assert line["passed"] and not line["why"]
        assert (folder / line["file"]).stat().st_size == line["bytes"]
        assert 0 < line["milliseconds"] < 10_000
    assert whole["difference"] < 1e-5 and whole["agreement"] == 1.0
    assert 0 < half["difference"] < 5e-3
    assert quarter["difference"] > half["difference"] and quarter["agreement"] >= 0.9
    assert (told["rows"], told["calibration_rows"]) == (200, 200)
    assert told["inputs"][1]["shape"] == ["rows", 2] and told["made_by"] == "lite_inputs"
    assert told["features"] == {"x": "raw", "colour": "vocabulary"}


def test_a_model_that_is_not_blessed_gets_none(tmp_path: Path, made: Any) -> None:
    folder = _run(made, tmp_path, blessed=0)
    assert list(folder.iterdir()) == [] and report.read(folder) == {}
