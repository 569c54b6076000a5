"""A line per node while the run goes on: waiting, running with its time, cached, done, failed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.earlier.history import read_lines
from pipeline.plan import Step

_MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "ran": ("✔", "green"),
    "cached": ("↺", "blue"),
    "skip": ("-", "dim"),
    "failed": ("✘", "bold red"),
}


@contextmanager
def watch(console: Console, steps: list[Step], run_folder: Path) -> Iterator[None]:
    """Shows the run in `run_folder` from its event files until the block ends.

    On a terminal one table is redrawn in place; elsewhere (CI, a file) each node's end is a line.
    """
    view = _View(steps, run_folder)
    if not console.is_terminal:
        with _ticking(lambda: view.print_ended(console), seconds=0.5):
            yield
        view.print_ended(console)
        return
    # What libraries print belongs in the log, not between the lines.
    with Live(
        view,
        console=console,
        refresh_per_second=5,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield
        view.refresh()


def table(steps: list[Step], run_folder: Path) -> Table:
    """The node table of a run as it stands in its folder."""
    return _View(steps, run_folder).__rich__()


@contextmanager
def _ticking(action: Any, seconds: float) -> Iterator[None]:
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(seconds):
            action()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _View:
    """Reads events and progress; renders the table."""

    def __init__(self, steps: list[Step], run_folder: Path) -> None:
        self._steps = steps
        self._events = run_folder / "events.jsonl"
        self._progress = run_folder / "progress.jsonl"
        self._told: set[str] = set()
        self._state: dict[str, dict[str, Any]] = {}

    def refresh(self) -> None:
        for event in read_lines(self._events):
            entry = self._state.setdefault(event["node"], {"start": event["time"]})
            if event["event"] == "start":
                entry.update(state="running")
            else:
                entry.update(state=event["event"], seconds=event["time"] - entry["start"])

    def print_ended(self, console: Console) -> None:
        self.refresh()
        for step in self._steps:
            state = self._state.get(step.node, {}).get("state", "waiting")
            if state in ("ran", "cached", "failed") and step.node not in self._told:
                self._told.add(step.node)
                console.print(self._line(step))

    def __rich__(self) -> Table:
        self.refresh()
        table = Table.grid(padding=(0, 1))
        for width in (1, max(len(step.node) for step in self._steps), 9):
            table.add_column(no_wrap=True, min_width=width)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for step in self._steps:
            table.add_row(*self._cells(step))
        return table

    def _line(self, step: Step) -> Text:
        mark, name, seconds, note = self._cells(step)
        return Text.assemble(mark, " ", (f"{name.plain:<17}", ""), f"{seconds.plain:>8}  ", note)

    def _cells(self, step: Step) -> tuple[Text, Text, Text, Text]:
        entry = self._state.get(step.node, {})
        state = entry.get("state", "skip" if step.action == "skip" else "waiting")
        mark, style = _MARKS[state]
        seconds = entry.get("seconds")
        if state == "running":
            seconds = time.time() - entry["start"]
        clock = f"{seconds:6.1f} s" if seconds is not None else ""
        note = step.why
        if state == "running" and step.node in ("Trainer", "Tuner"):
            note = self._training(step.node == "Tuner") or note
        return Text(mark, style), Text(step.node, style), Text(clock), Text(note, "dim")

    def _training(self, searched: bool) -> str:
        lines = read_lines(self._progress)
        # The Trainer's first lines come after the last trial's.
        return describe(lines[-1]) if lines and ("trial" in lines[-1]) is searched else ""


def describe(event: dict[str, Any]) -> str:
    """One progress event of the trainer in words: `fine-tune  epoch 2/3  loss 0.31  540 rows/s`."""
    parts = [f"trial {event['trial']}/{event['trials']}" if event.get("trial") else ""]
    parts.append(str(event.get("phase", "")))
    if event.get("epoch"):
        of = f"/{event['of']}" if event.get("of") else ""
        parts.append(f"epoch {event['epoch']}{of}")
    if event.get("step") and event.get("steps"):
        parts.append(f"step {event['step']}/{event['steps']}")
    shown = {"phase", "epoch", "of", "step", "steps", "trial", "trials"}
    for name, value in event.items():
        if name in shown or not isinstance(value, int | float):
            continue
        words = name.replace("_per_second", "/s").replace("_", " ")
        speed = name.endswith("_per_second")
        parts.append(f"{value:,.0f} {words}" if speed else f"{words} {value:.4g}")
    return "  ".join(part for part in parts if part)
