"""`python -m pipeline schema show | diff | accept`: the curated schema beside the last run's data."""

import argparse
import difflib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.example_validator import anomalies
from pipeline import config
from pipeline.commands.report import choose
from pipeline.earlier import history, lineage
from pipeline.prepare import read_schema
from pipeline.result import anomalies_table
from pipeline.schema import changes
from pipeline.schema.text import edited


class SchemaError(RuntimeError):
    """It cannot be done; the message says why and what could be."""


def _last_source(output: Path) -> str:
    """The configuration of the newest run."""
    try:
        root = choose(output, None)
    except ValueError as error:
        raise config.ConfigError(f"which configuration? Give --config; {error}") from None
    return str(history.runs(root)[0].request["source"])


def main(argv: list[str]) -> int:
    """One of three: what the schema says, what the data says against it, or take the data's side.

    Returns 0; for `diff` 3 where the data would stop a run; 1 or 2 with a sentence.
    """
    parser = argparse.ArgumentParser(prog="python -m pipeline schema", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("show", "the curated schema, a line per column"),
        ("diff", "how the last run's data differs from it"),
        ("accept", "change it so that the last run's data fits"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--config", default="", help="preset or TOML file (default: that of the last run)"
        )
        command.add_argument("--root", default="output", help="where runs are kept")
        if name == "accept":
            some = command.add_mutually_exclusive_group(required=True)
            some.add_argument("--column", action="append", default=[], help="may be repeated")
            some.add_argument("--all", action="store_true", help="every column but the label")
    options = parser.parse_args(argv)
    console = Console(highlight=False)
    try:
        loaded = config.load(options.config or _last_source(Path(options.root)))
        path = loaded.schema_path
        if path is None:
            raise config.ConfigError(f"{loaded.source} names no schema (data.schema)")
        schema = read_schema(path)
        root = (Path(options.root) / loaded.config.name).resolve()
        if options.command == "show":
            _show(console, path, schema)
        elif options.command == "diff":
            return _diff(console, loaded, schema, root)
        else:
            _accept(console, loaded, path, schema, root, options.column)
    except config.ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except SchemaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _show(console: Console, path: Path, schema: schema_pb2.Schema) -> None:
    shared = {domain.name: domain for domain in schema.string_domain}
    table = Table(box=box.SIMPLE_HEAD, title=escape(str(path)), title_justify="left")
    for title in ("column", "type", "present in", "values"):
        table.add_column(title, overflow="fold")
    for feature in schema.feature:
        kind = feature.WhichOneof("domain_info")
        domain = (
            shared.get(feature.domain) if kind == "domain" else getattr(feature, kind or "", "")
        )
        words = text_format.MessageToString(domain, as_one_line=True) if domain else "any"
        table.add_row(
            escape(feature.name),
            schema_pb2.FeatureType.Name(feature.type).lower(),
            f"{feature.presence.min_fraction:.1%}" if feature.HasField("presence") else "any",
            escape(words if len(words) < 200 else f"{words[:200]} …"),
        )
    console.print(table)


def _diff(
    console: Console, loaded: config.LoadedConfig, schema: schema_pb2.Schema, root: Path
) -> int:
    run_id, statistics, found = _last_run(root)
    checked_with = [
        anomalies_pb2.Anomalies.FromString(file.read_bytes()).baseline
        for file in (found.glob("Split-*/SchemaDiff.pb") if found else ())
    ]
    if found and checked_with and all(used == schema for used in checked_with):
        rows = anomalies.read(found, statistics)
    else:
        console.print(f"[dim]The schema is another than run {run_id} used: checking again…[/]")
        with tempfile.TemporaryDirectory() as folder:
            changes.validate(statistics, schema, Path(folder))
            rows = anomalies.read(Path(folder), statistics)
    if not rows:
        console.print(f"The data of run {run_id} fits the schema.")
        return 0
    anomalies_table(console, [row.as_dict() for row in rows])
    columns = dict.fromkeys(row.column for row in rows if not row.column.startswith("("))
    if columns:
        console.print(
            "To take the data's side: [cyan]python -m pipeline schema accept --config "
            f"{escape(str(loaded.source))} --column {escape(next(iter(columns)))}[/] (or --all)"
        )
    stops = anomalies.stopping(rows, loaded.config.validation.stop_at)
    return 3 if stops else 0


def _accept(
    console: Console,
    loaded: config.LoadedConfig,
    path: Path,
    schema: schema_pb2.Schema,
    root: Path,
    columns: list[str],
) -> None:
    if path.is_relative_to(config.PRESETS.resolve()):
        raise SchemaError(
            f"{path} belongs to the preset '{loaded.config.name}' and is not changed. Copy "
            f"{loaded.source.name} and {path.name} to a folder of yours and use --config there."
        )
    run_id, statistics, _ = _last_run(root)
    found = changes.proposed(schema, statistics)
    possible = [name for name, change in found.items() if not change.refused]
    for name in columns:
        if name not in found:
            names = ", ".join(possible) or "nothing: the data fits"
            raise SchemaError(f"run {run_id} has nothing to accept for '{name}'. It has: {names}")
        if found[name].refused:
            raise SchemaError(f"'{name}': {found[name].refused}")
    chosen = columns or [name for name in possible if name != loaded.config.data.label]
    for name, change in found.items():
        if name not in chosen:
            why = change.refused or "the label's classes change only by --column"
            if not columns:
                console.print(f"[yellow]left as it is[/] {escape(name)}: {escape(why)}")
    if not chosen:
        console.print(f"Nothing to accept: the data of run {run_id} fits the schema.")
        return
    wanted = changes.apply(schema, [found[name] for name in chosen])
    _write(console, path, wanted)
    new = [name for name in chosen if found[name].before is None]
    if new:
        console.print(
            f"The model sees {escape(', '.join(new))} from the next run on; "
            '[cyan]NAME = "ignore"[/] under \\[features] keeps a column out.'
        )


def _write(console: Console, path: Path, wanted: schema_pb2.Schema) -> None:
    before = path.read_text(encoding="utf-8")
    backup = path.with_name(f"{path.name}.bak")
    try:
        after = edited(before, wanted)
    except ValueError:
        after = text_format.MessageToString(wanted)
        console.print(f"[yellow]Comments are lost[/]; they are still in {escape(str(backup))}.")
    shutil.copy2(path, backup)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(after, encoding="utf-8")
    os.replace(partial, path)
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(backup), str(path), n=1, lineterm=""
    )
    for line in lines:
        style = {"+": "green", "-": "red"}.get(line[0], "dim")
        console.print(f"[{style}]{escape(line)}[/]", soft_wrap=True)


def _last_run(root: Path) -> tuple[str, Path, Path | None]:
    """The newest run that has statistics: its id, them, and its anomalies."""
    for run in history.runs(root):
        made: Any = lineage.outputs(root, run.id)
        statistics = made.get("StatisticsGen", {}).get("statistics", [])
        if statistics and Path(statistics[-1].uri).is_dir():
            found = made.get("ExampleValidator", {}).get("anomalies", [])
            return run.id, Path(statistics[-1].uri), Path(found[-1].uri) if found else None
    raise SchemaError(f"no run under {root} has statistics of its data. Run the pipeline first.")
