"""The component inside a TFX pipeline: what is cached when, by the real MLMD."""

import json
import os
from pathlib import Path
from typing import Any

from components.example_gen.config import DataSection
from data.fingerprint import fingerprint
from data.sources import resolve


def run(tmp_path: Path, data: Path, **settings: Any) -> bool:
    """Runs a pipeline of this one component; True where it was cached."""
    from tfx.orchestration import metadata, pipeline
    from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner

    from components.example_gen.component import ExampleGen

    section = DataSection.model_validate(
        {"path": str(data), "label": "y", "task": "binary", **settings}
    )
    source = resolve(str(data), tmp_path)
    component = ExampleGen(section, source, fingerprint(source))
    config = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    before = _executions(config)
    BeamDagRunner(beam_orchestrator_args=["--runner=FnApiRunner"]).run(
        pipeline.Pipeline(
            pipeline_name="p",
            pipeline_root=str(tmp_path / "artifacts"),
            components=[component],
            enable_cache=True,
            metadata_connection_config=config,
            beam_pipeline_args=["--runner=FnApiRunner", f"--extra_package={__file__}"],
        )
    )
    states = _executions(config)[len(before) :]
    return "CACHED" in states


def _executions(config: Any) -> list[str]:
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    names = metadata_store_pb2.Execution.State.Name
    store = mlmd.MetadataStore(config)
    return [names(execution.last_known_state) for execution in store.get_executions()]


def test_caching_follows_content(tmp_path: Path) -> None:
    data = tmp_path / "a.csv"
    data.write_text("y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(60)))
    assert not run(tmp_path, data)
    os.utime(data, (0, 0))
    assert run(tmp_path, data), "a file touched but not changed"
    assert run(tmp_path, data, positive="1"), "a setting that changes nothing here"
    assert not run(tmp_path, data, split_seed=1)
    data.write_text(data.read_text() + "1,99\n")
    assert not run(tmp_path, data)


def test_its_parameters_are_short(tmp_path: Path) -> None:
    """A folder of many pictures is named once, not file by file."""
    from components.example_gen.component import ExampleGen

    for n in range(300):
        (tmp_path / "pets" / "cat").mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / "cat" / f"{n}.png").write_bytes(b"x")
    source = resolve("pets", tmp_path)
    section = DataSection.model_validate({"path": "pets", "label": "label", "task": "multiclass"})
    component = ExampleGen(section, source, "f")
    assert len(json.dumps(component.exec_properties)) < 1000
