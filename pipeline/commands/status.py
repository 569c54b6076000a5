"""`python -m pipeline status`: the last runs, what is blessed, what is served."""

import argparse
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.pusher.versions import manifests, served
from pipeline.earlier import history, pushed_to
from pipeline.earlier.blessed import blessed_models
from pipeline.result import number

_STYLE = {"ok": "green", "not_blessed": "yellow", "data_anomalies": "red", "failed": "red"}
_HEADLINE = ("accuracy", "auc", "f1", "mae", "r2")


def main(argv: list[str]) -> int:
    """Prints a table per pipeline; 2 when there is none."""
    parser = argparse.ArgumentParser(prog="python -m pipeline status", description=__doc__)
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument("--last", type=int, default=5, help="how many runs (default: 5)")
    parser.add_argument("name", nargs="?", help="one pipeline only")
    options = parser.parse_args(argv)
    folders = sorted(path.parent for path in Path(options.root).glob("*/runs"))
    if options.name:
        folders = [folder for folder in folders if folder.name == options.name]
    if not folders:
        wanted = f" of '{options.name}'" if options.name else ""
        print(
            f"no runs{wanted} under {options.root}. Start one: python run_local.py", file=sys.stderr
        )
        return 2
    console = Console(highlight=False)
    for folder in folders:
        _show(console, folder, options.last)
    return 0


def _show(console: Console, root: Path, last: int) -> None:
    table = Table(box=box.SIMPLE_HEAD, title=f"[bold]{root.name}[/]", title_justify="left")
    for title in ("run", "status", "seconds", "metrics on test", "changed", "pushed"):
        whole = title in ("run", "status", "pushed")  # to be copied, and not cut in two
        table.add_column(title, overflow="fold", no_wrap=whole)
    runs = history.runs(root)
    for run in runs[:last]:
        metrics = run.summary.get("metrics", {}).get("test", {})
        shown = [f"{key} {number(metrics[key])}" for key in _HEADLINE if key in metrics]
        pushed = run.summary.get("pushed")
        style = _STYLE.get(run.status, "dim")
        table.add_row(
            run.id,
            f"[{style}]{run.status}[/]",
            f"{run.summary['seconds']:.0f}" if run.summary else "",
            ", ".join(shown),
            escape(_changed(run)),
            f"version {pushed['version']}" if pushed else "",
        )
    console.print(table)
    folders = pushed_to.folders(root)
    blessed = blessed_models(runs, folders[0] if folders else root / "serving")
    console.print(f"blessed: {f'model of run {blessed[-1]}' if blessed else 'none'}")
    for folder in folders:
        versions, known = served(folder), manifests(folder)
        if versions:
            run_id = known.get(versions[-1], {}).get("run", "?")
            console.print(f"served: [cyan]{folder}[/] version {versions[-1]} (run {run_id})")


def _changed(run: history.Run) -> str:
    first = next(
        (
            node["why"]
            for node in run.summary.get("nodes", [])
            if node["state"] in ("ran", "failed") and node["id"] != "Baseline"
        ),
        "",
    )
    return str(first)
