"""The blessing as MLMD and a stock Pusher see it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfx.components.pusher import executor as stock
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.infra_validator.component import ServeExecutor
from components.infra_validator.config import InfraValidateSection

Models = Callable[[str], Path]


def artifact(kind: Any, uri: Path) -> Any:
    """An artifact of its kind."""
    made = kind()
    made.uri = str(uri)
    made.id = 42
    return made


@pytest.fixture
def validated(models: Models, examples: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs the executor on a model; returns the InfraBlessing."""

    def run(behaviour: str, section: InfraValidateSection, blessed: int = 1) -> Any:
        shutil.copytree(models(behaviour), tmp_path / "trained" / "Format-Serving")
        judged = artifact(standard_artifacts.ModelBlessing, tmp_path / "judged")
        judged.set_int_custom_property("blessed", blessed)
        blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")
        ServeExecutor().Do(
            {
                "model": [artifact(standard_artifacts.Model, tmp_path / "trained")],
                "examples": [artifact(standard_artifacts.Examples, examples)],
                "model_blessing": [judged],
            },
            {"blessing": [blessing]},
            {"section": section.model_dump_json(), "model_name": "shop"},
        )
        return blessing

    return run


def test_a_stock_pusher_pushes_the_model_with_its_warmup_file(validated, tmp_path: Path) -> None:
    blessing = validated("good", InfraValidateSection())
    assert (tmp_path / "blessing" / "INFRA_BLESSED").read_bytes() == b""
    assert blessing.get_int_custom_property("current_model_id") == 42
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    destination = pusher_pb2.PushDestination()
    destination.filesystem.base_directory = str(tmp_path / "served")
    stock.Executor().Do(
        {"infra_blessing": [blessing]},
        {"pushed_model": [pushed]},
        {"push_destination": proto_utils.proto_to_json(destination)},
    )
    [version] = (tmp_path / "served").iterdir()
    assert pushed.get_int_custom_property("pushed") == 1
    assert (version / "saved_model.pb").is_file()
    assert (version / "assets.extra" / "tf_serving_warmup_requests").stat().st_size > 0
    report = json.loads((tmp_path / "blessing" / "infra.json").read_text())
    assert report["blessed"] and report["server"] == "python -m serving" and report["rows"] == 20


def test_a_refusal(validated, running, tmp_path: Path) -> None:
    section = InfraValidateSection(
        url=running.url, directory=str(running.directory), model="staging"
    )
    blessing = validated("nan", section)
    assert (tmp_path / "blessing" / "INFRA_NOT_BLESSED").exists()
    assert not (tmp_path / "blessing" / "INFRA_BLESSED").exists()
    assert "answered nan" in blessing.get_string_custom_property("blessing_message")
    assert blessing.get_int_custom_property("asked") == 1
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    stock.Executor().Do({"infra_blessing": [blessing]}, {"pushed_model": [pushed]}, {})
    assert pushed.get_int_custom_property("pushed") == 0


def test_a_model_the_evaluator_refused_is_not_asked(validated, tmp_path: Path) -> None:
    nobody = InfraValidateSection(url="http://127.0.0.1:1", directory=str(tmp_path / "nowhere"))
    blessing = validated("good", nobody, blessed=0)  # asking would raise: nobody is there
    assert (tmp_path / "blessing" / "INFRA_NOT_BLESSED").exists()
    assert blessing.get_int_custom_property("blessed") == 0
    assert blessing.get_int_custom_property("asked") == 0
