"""pipeline/live.py: a line per node, and what the trainer is doing."""

import io
import json
import sys
from pathlib import Path

from rich.console import Console

from pipeline.live import describe, table, watch
from pipeline.plan import Step

STEPS = [
    Step("ExampleGen", "run", "never ran"),
    Step("Trainer", "run", "config train.epochs 3 → 5"),
]


def _write(folder: Path, *events: dict[str, object]) -> None:
    lines = "".join(json.dumps({"cpu": 0, **event}) + "\n" for event in events)
    (folder / "events.jsonl").write_text(lines)


def _text(folder: Path, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(table(STEPS, folder))
    return console.export_text()


def test_a_waiting_node_says_why_it_will_run(tmp_path: Path) -> None:
    assert "Trainer" in _text(tmp_path)
    assert "config train.epochs 3 → 5" in _text(tmp_path)


def test_time_and_progress_while_it_runs(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {"node": "ExampleGen", "event": "start", "time": 10.0},
        {"node": "ExampleGen", "event": "ran", "time": 13.5},
        {"node": "Trainer", "event": "start", "time": 14.0},
    )
    progress = {"epoch": 2, "of": 5, "loss": 0.31, "rows_per_second": 9000}
    (tmp_path / "progress.jsonl").write_text(json.dumps(progress) + "\n")
    shown = _text(tmp_path)
    assert "3.5 s" in shown
    assert "epoch 2/5" in shown and "loss 0.31" in shown and "9,000 rows/s" in shown


def test_a_narrow_terminal_keeps_the_names(tmp_path: Path) -> None:
    assert "ExampleGen" in _text(tmp_path, width=40)


def test_words_of_an_event() -> None:
    event = {
        "phase": "fine-tune",
        "epoch": 1,
        "of": 3,
        "step": 5,
        "steps": 90,
        "eval_accuracy": 0.88,
    }
    assert describe(event) == "fine-tune  epoch 1/3  step 5/90  eval accuracy 0.88"


def test_a_search_says_which_trial_it_is_and_the_best_so_far() -> None:
    event = {"trial": 3, "trials": 20, "best_loss": 0.3121, "epoch": 2, "of": 9, "loss": 0.5}
    assert describe(event) == "trial 3/20  epoch 2/9  best loss 0.3121  loss 0.5"


def test_the_last_trial_is_not_shown_beside_the_trainer(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(
        json.dumps({"node": "Trainer", "event": "start", "time": 14.0}) + "\n"
    )
    (tmp_path / "progress.jsonl").write_text(json.dumps({"trial": 20, "trials": 20}) + "\n")
    assert "trial" not in _text(tmp_path)
    (tmp_path / "progress.jsonl").write_text(json.dumps({"epoch": 1, "of": 5}) + "\n")
    assert "epoch 1/5" in _text(tmp_path)


def test_a_terminal_shows_only_the_lines(tmp_path: Path) -> None:
    """What a library prints during the run does not come between them."""
    _write(tmp_path, {"node": "ExampleGen", "event": "start", "time": 10.0})
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    before = sys.stdout, sys.stderr
    with watch(console, STEPS, tmp_path):
        assert (sys.stdout, sys.stderr) == before
    assert "ExampleGen" in screen.getvalue()


def test_without_a_terminal_each_end_is_a_line(tmp_path: Path) -> None:
    screen = io.StringIO()
    with watch(Console(file=screen, width=80), STEPS, tmp_path):
        _write(
            tmp_path,
            {"node": "ExampleGen", "event": "start", "time": 10.0},
            {"node": "ExampleGen", "event": "ran", "time": 13.5},
        )
    assert screen.getvalue().count("ExampleGen") == 1
    assert "Trainer" not in screen.getvalue()
