"""`python -m pipeline init`: one's own data becomes a configuration and a schema, without code."""

import argparse
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from data.profile.configuration import toml
from data.profile.proposal import SHOWN, Proposal, propose
from data.reading.errors import DataError
from data.sources import KNOWN, Source, SourceFormat, resolve
from data.tasks import Task
from pipeline.schema.first import schema_text

FEW_ROWS = 100


def main(argv: list[str]) -> int:
    """Runs the command.

    Returns:
      0; or 2 after one sentence on what is wrong with the data or the command.
    """
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        return _run(arguments)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"error: {what}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline init",
        description="Looks at your data and writes a configuration, and the schema beside it.",
    )
    parser.add_argument("config", help="the TOML file to write, such as my.toml")
    parser.add_argument(
        "--data",
        required=True,
        help="CSV, Parquet or TFRecord: a file, folder or glob; a folder with a sub-folder of "
        f"pictures per class; or one of {', '.join(KNOWN)}",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        help="the column to predict; several times: columns of 0 and 1, of which any number may be 1",
    )
    parser.add_argument(
        "--task", choices=[task.value for task in Task], help="what the values leave in doubt"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="COLUMN", help="leave a column out"
    )
    parser.add_argument(
        "--format",
        choices=["auto", *SourceFormat],
        default="auto",
        help="where the file's name does not tell",
    )
    parser.add_argument(
        "--skip-corrupt", action="store_true", help="leave out pictures that cannot be decoded"
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    target = Path(arguments.config)
    if target.suffix != ".toml":
        raise DataError(f"'{target}' should end in .toml, such as my.toml.")
    schema = target.with_suffix(".pbtxt")
    for file in (target, schema):
        if file.exists() and not arguments.force:
            raise DataError(f"{file} is there already; --force overwrites it.")
    if not target.absolute().parent.is_dir():
        raise DataError(f"There is no folder {target.absolute().parent} to write {target.name} to.")

    console = Console()
    source = resolve(arguments.data, Path.cwd(), arguments.format)
    task = Task(arguments.task) if arguments.task else None
    with console.status("reading") as status:
        proposal = propose(
            source,
            arguments.label or "",
            task,
            tuple(arguments.exclude),
            arguments.skip_corrupt,
            lambda rows: status.update(f"reading: {rows:,} rows"),
        )
    data = arguments.data if arguments.data in KNOWN else _relative(source, arguments.data, target)
    head = f"{proposal.found.rows:,} rows of {source.name}; written by `python -m pipeline init`, edit freely"
    text = toml(
        name=_name(target),
        head=head,
        path=data,
        label=proposal.label,
        schema=schema.name,
        decisions=proposal.decisions,
        excluded=proposal.excluded,
        missing=proposal.missing,
        format=arguments.format,
        skip_corrupt=arguments.skip_corrupt,
        leaks=proposal.leaks,
        picture_size=proposal.picture_size,
        picture_side=proposal.picture_side,
        least_steps=proposal.least_steps,
        slices=proposal.slices,
    )
    schema.write_text(schema_text(proposal, source), encoding="utf-8")
    target.write_text(text, encoding="utf-8")
    show(console, proposal, target, schema)
    return 0


def _relative(source: Source, given: str, target: Path) -> str:
    """The data's path from the configuration's folder; absolute where it was given so."""
    if Path(given).expanduser().is_absolute():
        return source.where
    return Path(os.path.relpath(source.where, target.absolute().parent)).as_posix()


def _name(target: Path) -> str:
    """A pipeline's name from a file's: letters, digits, - and _."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", target.stem).strip("-_")
    return clean or "my"


def show(console: Console, proposal: Proposal, target: Path, schema: Path) -> None:
    """Prints what was decided, what to look at, and the next command."""
    label = proposal.label
    table = Table(
        title=f"{proposal.found.source.name}: {proposal.found.rows:,} rows", title_justify="left"
    )
    for heading in ("column", "type", "becomes", "because"):
        table.add_column(heading, overflow="fold")
    kind = "FLOAT" if label.task is Task.REGRESSION else "BYTES"
    table.add_row(
        _plain(label.name), kind, f"label ({label.task.value})", _plain(label.why), style="bold"
    )
    for decision in proposal.decisions[:SHOWN]:
        word = "excluded" if decision.treatment is None else decision.treatment.value
        unused = decision.treatment in (None, "ignore")
        table.add_row(
            _plain(decision.name),
            decision.type,
            word,
            _plain(decision.why),
            style="dim" if unused else "",
        )
    if len(proposal.decisions) > SHOWN:
        table.add_row(
            "...", "", "", f"and {len(proposal.decisions) - SHOWN} more, in {target.name}"
        )
    console.print(table)
    if label.classes:
        shown = ", ".join(f"{name} ({label.counts[name]:,})" for name in label.classes[:12])
        console.print(
            f"Classes: {shown}" + (" ..." if len(label.classes) > 12 else ""), markup=False
        )
    for note in _notes(proposal):
        console.print(f"! {note}", markup=False, style="yellow")
    console.print(
        f"\nWrote {target} and {schema}. Next:\n  python run_local.py --config {target}",
        markup=False,
    )


def _notes(proposal: Proposal) -> list[str]:
    """What the owner should look at."""
    notes = list(proposal.label.notes)
    if proposal.found.rows < FEW_ROWS:
        notes.append(f"only {proposal.found.rows} rows: eval and test will be tiny, or empty")
    notes += [f"{d.name}: {d.warning}" for d in proposal.decisions if d.warning]
    notes += [f"{name}: perhaps a leak: {why}" for name, why in proposal.leaks.items()]
    if proposal.found.corrupt:
        first = proposal.found.corrupt[0]
        notes.append(
            f"one picture cannot be decoded and is left out: {first}"
            if len(proposal.found.corrupt) == 1
            else f"{len(proposal.found.corrupt)} pictures cannot be decoded and are left out, "
            f"the first: {first}"
        )
    return notes


def _plain(text: str) -> str:
    """Text that rich shows as it stands."""
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
