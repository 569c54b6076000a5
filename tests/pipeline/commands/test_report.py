"""pipeline/commands/report.py: the command, on a real run's files."""

import json
from pathlib import Path

from pipeline.commands import report


def test_a_run_leaves_a_report_of_what_it_did(shop_after_a_run) -> None:
    folder = shop_after_a_run.last().path
    told = json.loads((folder / "report.json").read_text())
    summary = shop_after_a_run.last().summary
    assert told["problems"] == []
    assert told["verdict"]["headline"] == "Blessed and pushed as version 1"
    auc = next(cell for cell in told["metrics"]["overall"] if cell["key"] == "auc")
    assert auc["value"] == summary["metrics"]["test"]["auc"]
    columns = {column["name"]: column for column in told["columns"]["columns"]}
    assert set(columns) == {"age", "visits", "city", "bought"}
    assert columns["age"]["splits"]["train"]["missing"] > 0
    assert columns["city"]["splits"]["train"]["unique"] == 3
    assert sum(split["rows"] for split in told["columns"]["splits"]) == 600
    assert told["training"]["epochs"] == 2
    assert {line["slice"] for line in told["slices"]["lines"]} > {"", "city=Bern"}
    sizes = {line["id"]: line["bytes"] for line in told["nodes"]["lines"]}
    assert min(sizes[node] for node in ("ExampleGen", "Transform", "Trainer", "Evaluator")) > 0
    assert sizes["DataGate"] == 0
    assert dict(told["card"]["made_of"])["Answers"] == "bought: no, yes"
    assert "Blessed and pushed" in (folder / "report.md").read_text()


def test_reports_are_rebuilt_without_running(shop_after_a_run, capsys) -> None:
    folder = shop_after_a_run.last().path
    before = (folder / "report.html").stat().st_mtime_ns
    assert report.main(["--root", str(shop_after_a_run.folder / "output")]) == 0
    assert (folder / "report.html").stat().st_mtime_ns > before
    assert capsys.readouterr().out.splitlines()[0] == str(folder / "report.html")


def test_what_is_not_there_is_told_with_what_is(shop_after_a_run, capsys, tmp_path: Path) -> None:
    root = str(shop_after_a_run.folder / "output")
    assert report.main(["--root", root, "--run", "nope"]) == 2
    assert shop_after_a_run.last().id in capsys.readouterr().err
    assert report.main(["cars", "--root", root]) == 2
    assert "There are runs of: shop" in capsys.readouterr().err
    assert report.main(["--root", str(tmp_path)]) == 2
    assert "python run_local.py" in capsys.readouterr().err
    run_id = shop_after_a_run.last().id
    assert report.main(["--root", root, "--compare", run_id, run_id]) == 2
