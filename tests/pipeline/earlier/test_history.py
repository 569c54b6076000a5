"""pipeline/earlier/history.py: what earlier runs did, also a killed one."""

import json
from pathlib import Path

from pipeline.earlier import history


def _run(root: Path, run_id: str, events: list[dict[str, object]], tail: str = "") -> Path:
    folder = root / "runs" / run_id
    folder.mkdir(parents=True)
    nodes = {
        "ExampleGen": {"from": "", "facts": {"data": "1"}, "inputs": []},
        "Transform": {"from": "", "facts": {}, "inputs": ["ExampleGen"]},
        "Baseline": {"from": "none", "facts": {}, "inputs": []},
    }
    (folder / "request.json").write_text(json.dumps({"source": "taxi", "nodes": nodes}))
    lines = [json.dumps({"time": 0.0, "cpu": 0.0, **event}) for event in events]
    (folder / "events.jsonl").write_text("\n".join(lines) + tail)
    return folder


def test_a_killed_run_keeps_what_it_finished(tmp_path: Path) -> None:
    _run(
        tmp_path,
        "20260101-000000",
        [
            {"node": "ExampleGen", "event": "start", "time": 10.0},
            {"node": "ExampleGen", "event": "ran", "time": 12.5},
            {"node": "Transform", "event": "start", "time": 13.0},
        ],
        tail='\n{"node": "Transform", "eve',
    )
    [run] = history.runs(tmp_path)
    assert run.status == "unfinished"
    assert run.nodes["ExampleGen"].state == "ran"
    assert run.nodes["ExampleGen"].seconds == 2.5
    assert run.nodes["Transform"].state == "running"
    assert run.nodes["Transform"].inputs == {"ExampleGen": "20260101-000000"}


def test_runs_come_newest_first(tmp_path: Path) -> None:
    for run_id in ("20260101-000000", "20260102-000000"):
        _run(tmp_path, run_id, [])
    assert [run.id for run in history.runs(tmp_path)] == ["20260102-000000", "20260101-000000"]


def test_a_baseline_stands_for_the_model_it_found(tmp_path: Path) -> None:
    _run(tmp_path, "20260101-000000", [{"node": "Baseline", "event": "ran"}])
    assert history.runs(tmp_path)[0].nodes["Baseline"].producer == "none"


def test_no_runs_folder_is_no_runs(tmp_path: Path) -> None:
    assert history.runs(tmp_path) == []
