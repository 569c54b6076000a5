"""pipeline/reports/compare.py: two runs side by side."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports import compare


@pytest.fixture
def two(tmp_path: Path, make_run: Any) -> Path:
    """Two runs with different settings, metrics and slices; returns the pipeline's root."""
    first = make_run(
        id="20260101-000000",
        config={"train": {"steps": 100}, "data": {"task": "binary"}},
        verdict={"metrics": {"": {"auc": 0.8, "log_loss": 0.5}, "city=Bern": {"auc": 0.7}}},
        training={"epochs": [{"loss": 1.0, "eval_loss": 1.2}, {"loss": 0.5, "eval_loss": 0.6}]},
        plots={"": {"roc": {"": [[0, 0, 1], [0.5, 0.9, 0.5], [1, 1, 0]]}}},
    )
    make_run(
        id="20260102-000000",
        config={"train": {"steps": 200}, "data": {"task": "binary"}},
        verdict={"metrics": {"": {"auc": 0.85, "log_loss": 0.6}, "city=Oslo": {"auc": 0.9}}},
        training={"epochs": [{"loss": 0.9, "eval_loss": 1.0}]},
        plots={"": {"roc": {"": [[0, 0, 1], [0.4, 0.95, 0.5], [1, 1, 0]]}}},
    )
    return Path(first).parents[1]


def test_what_differs_and_by_how_much(two: Path) -> None:
    page, data, markdown = compare.write(two, "20260101-000000", "20260102-000000")
    told = json.loads(data.read_text())
    assert told["settings"] == [{"key": "train.steps", "a": "100", "b": "200"}]
    auc, loss = told["metrics"]["overall"]
    assert auc["change"] == pytest.approx(0.05) and auc["better"] is True
    assert loss["change"] == pytest.approx(0.1) and loss["better"] is False
    slices = {line["slice"]: line["values"][0] for line in told["slices"]["lines"]}
    assert (slices["city=Oslo"]["baseline"], slices["city=Oslo"]["value"]) == (None, 0.9)
    assert (slices["city=Bern"]["baseline"], slices["city=Bern"]["value"]) == (0.7, None)
    assert told["curves"] == [{"name": "loss", "a": [[1, 1.2], [2, 0.6]], "b": [[1, 1.0]]}]
    assert "| train.steps | 100 | 200 |" in markdown.read_text()
    text = page.read_text()
    for run_id in ("20260101-000000", "20260102-000000"):
        assert f'href="{run_id}/report.html"' in text
        assert (two / "runs" / run_id).is_dir()
    assert text.count('class="line s1"') >= 2  # the second run's curves


def test_a_run_is_not_compared_with_itself(two: Path) -> None:
    with pytest.raises(ValueError, match="two different runs"):
        compare.write(two, "20260101-000000", "20260101-000000")
    with pytest.raises(ValueError, match="no run 'x'.*20260102-000000, 20260101-000000"):
        compare.write(two, "20260101-000000", "x")


def test_runs_that_came_nowhere_can_be_compared(make_run: Any) -> None:
    empty = {"status": "failed", "outputs": {}, "metrics": {}, "pushed": None}
    make_run(id="1", summary=empty)
    root = Path(make_run(id="2", summary=empty)).parents[1]
    page, *_ = compare.write(root, "1", "2")
    assert "Neither run has metrics" in page.read_text()
