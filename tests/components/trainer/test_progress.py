"""Progress events: where they go, how often, what they say."""

import json
from pathlib import Path

import pytest

from components.trainer.progress import ENVIRONMENT, Progress


def test_nothing_is_written_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.chdir(tmp_path)
    Progress().report({"epoch": 1}, always=True)
    assert not list(tmp_path.iterdir())


def test_too_frequent_events_are_dropped_but_not_those_that_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "progress.jsonl"
    monkeypatch.setenv(ENVIRONMENT, str(file))
    progress = Progress(seconds_between=60)
    for step in range(100):
        progress.report({"step": step})
    progress.report({"epoch": 1, "eval_loss": 0.5}, always=True)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert events == [{"step": 0}, {"epoch": 1, "eval_loss": 0.5}]
