"""pipeline/earlier/pushed_to.py: the folders that runs have pushed to."""

import json
from pathlib import Path

from pipeline.earlier import pushed_to


def _run(root: Path, run_id: str, pushed: Path | None) -> None:
    folder = root / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps({"config": {}, "plan": []}))
    summary = {"status": "ok", "pushed": {"path": str(pushed), "version": 1} if pushed else None}
    (folder / "summary.json").write_text(json.dumps(summary))


def test_the_last_one_first(tmp_path: Path) -> None:
    root = tmp_path / "output" / "shop"
    inside, before, now = root / "serving" / "shop", tmp_path / "before", tmp_path / "now"
    for folder in (inside, before, now):
        folder.mkdir(parents=True)
    (root / "serving" / "notes.txt").touch()
    for number, target in enumerate((now, before, inside, now, None, now)):
        _run(root, f"2026010{number}-000000", target / "1" if target else None)
    assert pushed_to.folders(root) == [now, inside, before]
    assert pushed_to.folder(root) == now
    assert pushed_to.folder(root, str(tmp_path / "next")) == tmp_path / "next"
    now.rmdir()
    assert pushed_to.folders(root) == [inside, before]


def test_a_copy_has_its_own(tmp_path: Path) -> None:
    first, second = (tmp_path / place / "shop" for place in ("output", "copy"))
    for root in (first, second):
        (root / "serving" / "shop").mkdir(parents=True)
        _run(root, "20260101-000000", first / "serving" / "shop" / "1")
    assert pushed_to.folders(second) == [second / "serving" / "shop"]


def test_nothing_yet(tmp_path: Path) -> None:
    assert pushed_to.folders(tmp_path) == []
    assert pushed_to.folder(tmp_path / "shop") == tmp_path / "shop" / "serving" / "shop"
