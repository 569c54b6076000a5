"""pipeline/reports/tuning.py and parallel.py: what a search tried, in numbers and drawn."""

import copy
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.reports import facts, parallel, tuning, write

TUNED = {"values": {"train.hidden": [8]}, "from": "run 20260101-000000", "trials": 5}


def _built(folder: Path) -> dict[str, Any]:
    return tuning.build(facts.gather(folder.parent.parent, folder.name))


def test_a_search_is_told_trial_by_trial(
    make_run: Callable[..., Path], a_search: dict[str, Any]
) -> None:
    folder = make_run(tried=a_search, summary={"tuned": TUNED})
    section = _built(folder)
    assert section["best"] == 3 and section["values"] == TUNED["values"]
    assert section["counts"] == {"complete": 2, "pruned": 1, "budget spent": 1, "failed": 1}
    assert section["seconds"] == 12.5
    ended = [trial["ended"] for trial in section["trials"]]
    assert ended == ["complete", "pruned", "complete", "failed", "budget spent; again from 1"]
    assert [trial["epochs"] for trial in section["trials"]] == [2, 2, 2, 0, 2]
    # The pruned and the failed one do not count.
    assert tuning.best_so_far(section) == [[1, 0.4], [2, 0.4], [3, 0.3], [4, 0.3], [5, 0.3]]


def test_charts_are_not_stretched_by_what_was_pruned(a_search: dict[str, Any]) -> None:
    assert tuning.score_range(a_search) == (0.3, 0.4)  # 0.9 was pruned
    only = {"trials": [trial for trial in a_search["trials"] if trial["state"] == "pruned"]}
    assert tuning.score_range(only) == (0.9, 0.9)
    assert tuning.score_range({"trials": []}) is None


def test_where_higher_is_better_the_best_so_far_rises(a_search: dict[str, Any]) -> None:
    section = {**a_search, "higher_is_better": True}
    assert tuning.best_so_far(section) == [[number, 0.4] for number in range(1, 6)]


def test_page_and_markdown_show_it_and_the_best_is_marked(
    make_run: Callable[..., Path], a_search: dict[str, Any]
) -> None:
    folder = make_run(tried=a_search, summary={"tuned": TUNED})
    write.write(folder.parent.parent, folder.name)
    page = (folder / "report.html").read_text()
    assert 'id="tuning"' in page and page.count("★") == 1
    assert "5 trials, random" in page
    markdown = (folder / "report.md").read_text()
    section = markdown[markdown.index("## Tuning") :]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert [row.split("|")[1].strip() for row in rows] == ["3", "5", "1", "2"]  # by score


def test_values_used_again_are_said_without_a_search(make_run: Callable[..., Path]) -> None:
    folder = make_run(summary={"tuned": {**TUNED, "trials": None}})
    assert _built(folder) == {"values": TUNED["values"], "from": TUNED["from"], "trials": []}
    write.write(folder.parent.parent, folder.name)
    assert "found by run 20260101-000000" in (folder / "report.html").read_text()
    assert json.loads((folder / "report.json").read_text())["problems"] == []


def test_a_run_that_searched_nothing_has_no_such_section(make_run: Callable[..., Path]) -> None:
    folder = make_run(summary={"tuned": None})
    assert _built(folder) == {}
    write.write(folder.parent.parent, folder.name)
    assert 'id="tuning"' not in (folder / "report.html").read_text()
    assert "## Tuning" not in (folder / "report.md").read_text()


def test_a_search_in_which_all_failed_still_has_its_table(
    make_run: Callable[..., Path], a_search: dict[str, Any]
) -> None:
    failed = copy.deepcopy(a_search)
    failed["best"] = None
    for trial in failed["trials"]:
        trial.update(state="failed", score=None, curve=[])
    folder = make_run(tried=failed)
    write.write(folder.parent.parent, folder.name)
    assert json.loads((folder / "report.json").read_text())["problems"] == []
    assert "5 failed" in (folder / "report.html").read_text()


def test_a_line_goes_through_the_values_of_its_trial(a_search: dict[str, Any]) -> None:
    drawing = ElementTree.fromstring(str(parallel.of_search(a_search)))
    lines = [node for node in drawing.iter("path") if "line" in (node.get("class") or "")]
    assert len(lines) == 4  # one failed
    assert lines[-1].get("class") == "line s1 best"
    points = (lines[-1].get("d") or "").removeprefix("M").split("L")
    heights = [float(point.split()[1]) for point in points]
    # rate 3e-4: log10(3)/3 up from 224; 4 layers: the top; [16, 8] and "odd": the upper choices;
    # the least loss: the bottom.
    assert heights == [193.8, 34.0, 34.0, 34.0, 224.0]


def test_an_axis_with_one_value_is_drawn_in_the_middle() -> None:
    assert parallel.Axis("a", choices=["x"]).height("x") == 0.5
    assert parallel.Axis("a", 3, 3).height(3) == 0.5
