"""pipeline/commands/status.py and summary.json: what a program and a person are told."""

import json
from pathlib import Path

import pytest

from pipeline.commands import status


def test_the_last_runs_and_what_is_served(shop_after_a_run, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert status.main(["--root", str(shop_after_a_run.folder / "output")]) == 0
    shown = capsys.readouterr().out
    assert shop_after_a_run.last().id in shown
    assert f"blessed: model of run {shop_after_a_run.last().id}" in shown
    assert "auc" in shown and "version 1" in shown and "never ran" in shown


def test_nothing_yet_says_what_to_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status.main(["--root", str(tmp_path)]) == 2
    assert "python run_local.py" in capsys.readouterr().err


def test_summary_has_the_documented_keys(shop_after_a_run, root: Path) -> None:
    page = (root / "docs" / "summary.md").read_text()
    summary = json.loads((shop_after_a_run.last().path / "summary.json").read_text())
    for key in summary:
        assert f"`{key}`" in page, key
    for row in (summary["nodes"][0], summary["gates"][0]):
        for key in row:
            assert f"`{key}`" in page, key
    assert "NaN" not in json.dumps(summary)
