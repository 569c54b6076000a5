"""pipeline/engines/dataflow.py: complete settings reach Beam's own validator, and nobody else."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pipeline.engines import dataflow, table
from pipeline.engines.site import EngineError, Site

COMPLETE = {
    "project": "my-project",
    "region": "europe-west1",
    "staging": "gs://bucket/staging/",
    "image": "europe-docker.pkg.dev/my-project/images/worker:1",
}
BUCKET = Path("/gcs/bucket/output")


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beam's whole validation looks buckets up, waits two minutes for it, and creates one."""

    def refuse(*address: Any, **_: Any) -> NoReturn:
        pytest.fail(f"asked {address}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_complete_settings_pass(site: Callable[..., Site]) -> None:
    assert dataflow.problems(site(name="dataflow", output=BUCKET, dataflow=COMPLETE)) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("project", "My Project", "Invalid Project ID (My Project)"),
        ("project", "1234567", "Invalid Project ID (1234567)"),
        ("staging", "s3://bucket/staging", "Invalid GCS path (s3://bucket/staging/temp)"),
        ("staging", "/srv/staging", "Invalid GCS path (/srv/staging/temp)"),
        ("staging", "gs://B!/staging", "Invalid GCS bucket (gs://B!/staging/temp)"),
    ],
)
def test_what_beam_objects_to(site: Callable[..., Site], key: str, value: str, said: str) -> None:
    place = site(name="dataflow", output=BUCKET, dataflow={**COMPLETE, key: value})
    found = dataflow.problems(place)
    assert found and all(line.startswith("engine.dataflow: ") for line in found)
    assert any(said in line for line in found), found


def test_what_is_missing_is_said_first(site: Callable[..., Site]) -> None:
    missing = dataflow.problems(site(name="dataflow"))
    keys = [line.split()[0] for line in missing[:-1]]
    assert keys == [f"engine.dataflow.{key}" for key in COMPLETE]
    assert "cannot see" in missing[-1] and "/gcs/<bucket>" in missing[-1]


def test_arguments(site: Callable[..., Site]) -> None:
    account = {**COMPLETE, "service_account": "beam@my-project.iam.gserviceaccount.com"}
    found = dataflow.args(site(dataflow=account), Path("ours.whl"))
    assert "--staging_location=gs://bucket/staging/staging" in found
    assert "--service_account_email=beam@my-project.iam.gserviceaccount.com" in found
    assert found[-1] == "--extra_package=ours.whl"


def test_the_evaluator_on_one_large_worker(site: Callable[..., Site], tmp_path: Path) -> None:
    """model-analysis#170: the Evaluator's last step is one subtask and wants memory."""
    from apache_beam.options.pipeline_options import PipelineOptions, WorkerOptions

    large = ["--worker_machine_type=n2-highmem-16", "--max_num_workers=1"]
    place = site(name="dataflow", dataflow=COMPLETE, nodes={"Evaluator": {"args": large}})
    found = table.beam_args(place, table.choose(place))
    assert set(found) == {"", "Evaluator"}
    for node, machine, workers in (("", "n2-standard-4", 10), ("Evaluator", "n2-highmem-16", 1)):
        options = PipelineOptions(found[node]).view_as(WorkerOptions)
        assert (options.machine_type, options.max_num_workers) == (machine, workers)


def test_one_node_alone_on_dataflow_is_checked(site: Callable[..., Site]) -> None:
    place = site(name="local", nodes={"Evaluator": {"name": "dataflow"}}, dataflow=COMPLETE)
    with pytest.raises(EngineError, match=r"(?s)'dataflow' cannot run:.*cannot see"):
        table.check(place, table.choose(place))
