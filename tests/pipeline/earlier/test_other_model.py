"""pipeline/earlier/other_model.py: a model named by path, or by the pipeline that pushed it."""

import json
from pathlib import Path

import pytest

from pipeline.config import ConfigError
from pipeline.earlier.other_model import find_model


def _pushed(root: Path, folder: Path) -> None:
    """What a pipeline leaves that has pushed version 1."""
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "saved_model.pb").touch()
    run = root / "runs" / "20260101-000000"
    run.mkdir(parents=True)
    (run / "request.json").write_text(json.dumps({"config": {}, "plan": []}))
    (run / "summary.json").write_text(json.dumps({"pushed": {"path": str(folder / "1")}}))


def test_a_pipeline_by_its_name(tmp_path: Path) -> None:
    output, served = tmp_path / "output", tmp_path / "served"
    _pushed(output / "inside", output / "inside" / "serving" / "inside")
    _pushed(output / "outside", tmp_path / "elsewhere")
    (output / "nothing" / "runs").mkdir(parents=True)

    def find(name: str) -> Path | None:
        return find_model("train.warm_start", name, tmp_path, output, served)

    assert find("inside") == output / "inside" / "serving" / "inside"
    assert find("outside") == find("elsewhere") == tmp_path / "elsewhere"
    assert find("") is None
    with pytest.raises(ConfigError, match=r"no model 'nothing'.*\(inside, outside\)"):
        find("nothing")
