"""`python -m pipeline monitor`: what a server was asked, held against what its model was trained on."""

import argparse
import os
import re
import sys
import time
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.commands.report import choose
from pipeline.console import quiet_terminal
from pipeline.earlier.request_logs import FOLDER, files
from pipeline.reports import monitor
from pipeline.reports.wording import number

DRIFTED = 3
"""The exit code, as where data stops a run."""
_SHOWN = 8
"""Rows in the terminal, besides those that drifted."""
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def main(argv: list[str]) -> int:
    """Returns 0 where nothing has drifted, 3 where something has, 2 where nothing can be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline monitor",
        description=__doc__,
        epilog="Exit codes: 0 nothing drifted and everything fits the schema, 3 something does not, "
        "2 nothing to compare.",
    )
    parser.add_argument("name", nargs="?", help="which pipeline (default: the one that ran last)")
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument(
        "--log",
        nargs="+",
        metavar="FILE",
        help="request logs: files, folders or patterns (default: what `serve --log_requests` wrote)",
    )
    parser.add_argument(
        "--since", metavar="WHEN", help="only requests since then: 30m, 24h, 7d or 2026-01-31"
    )
    parser.add_argument(
        "--run", metavar="ID", help="the run to compare with (default: the model's)"
    )
    parser.add_argument("--split", default="train", help="its split (default: train)")
    parser.add_argument(
        "--rows", type=int, default=100_000, help="rows looked at, at most (default: 100000)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    options = parser.parse_args(argv)
    if options.rows < 1:
        parser.error(f"--rows: at least 1. Received: {options.rows}")
    try:
        root = choose(Path(options.root), options.name, options.run)
        found = files(options.log or [str(root / FOLDER)])
        since = _since(options.since)
        console = Console(highlight=False)
        with console.status("reading"), quiet_terminal(Path(os.devnull)):
            made = monitor.build(root, found, options.run, options.split, since, options.rows)
        page = monitor.write(root, made)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _show(console, made)
    console.print(f"page: {escape(str(page))}", soft_wrap=True)
    if options.open and not webbrowser.open(page.resolve().as_uri()):
        print("no browser could be opened here", file=sys.stderr)
    return DRIFTED if made["drift"]["drifted"] or made["columns"]["anomalies"] else 0


def _since(text: str | None) -> int:
    """Unix seconds; 0: from the beginning.

    Raises:
      ValueError: neither a duration nor a time.
    """
    if not text:
        return 0
    if match := re.fullmatch(r"(\d+)([mhd])", text):
        seconds = int(match[1]) * _SECONDS[match[2]]
        return max(int(time.time()) - seconds, 0)
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise ValueError(
            f"--since: a duration or a time such as 30m, 24h, 7d, 2026-01-31. Received: {text!r}"
        ) from None


def _show(console: Console, made: dict[str, Any]) -> None:
    for line in made["facts"]:
        console.print(escape(line), soft_wrap=True)
    rows = made["drift"]["rows"]
    shown = [row for at, row in enumerate(rows) if row["drifted"] or at < _SHOWN]
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("column", overflow="fold")
    table.add_column("measure", no_wrap=True)
    table.add_column("distance", justify="right", no_wrap=True)
    table.add_column("threshold", justify="right", no_wrap=True)
    table.add_column("what moved", overflow="fold")
    for row in shown:
        cells = (row["column"], row["measure"], number(row["distance"]), number(row["threshold"]))
        mark = "▲ " if row["drifted"] else ""
        table.add_row(
            *(escape(mark * (at == 2) + cell) for at, cell in enumerate(cells)),
            escape(row["detail"]),
            style="red" if row["drifted"] else "",
        )
    console.print(table)
    if left := len(rows) - len(shown):
        console.print(f"{left} smaller distances are on the page; none is above its threshold.")
    for row in made["columns"]["anomalies"]:
        console.print(
            f"[red]does not fit the schema[/] {escape(row['column'])}: {escape(row['what'])}. "
            f"{escape(row['detail'])}"
        )
