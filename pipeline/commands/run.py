"""The run command: flags, and mistakes answered in a sentence before anything heavy starts."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pipeline.config import LoadedConfig
    from pipeline.plan import Selection
    from pipeline.prepared import Prepared
    from pipeline.runner import Request

OUTPUT = Path("output")


def main(argv: list[str]) -> int:
    """Runs a pipeline; returns its exit code (0, 1, 2, 3 or 4)."""
    options = _parser().parse_args(argv)
    from pipeline.config import ConfigError
    from pipeline.engines.site import EngineError
    from pipeline.lock import LockedError
    from pipeline.runner import run

    try:
        loaded, prepared, request = _understand(options)
    except (ConfigError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.plan:
        return _show_plan(prepared, request.selection)
    try:
        return run(loaded, prepared, request)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except LockedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _understand(options: argparse.Namespace) -> "tuple[LoadedConfig, Prepared, Request]":
    """Flags to a checked request; raises ConfigError or ValueError with a sentence."""
    from pipeline import nodes, plan
    from pipeline.config import load
    from pipeline.earlier import history
    from pipeline.engines.config import EngineName
    from pipeline.prepare import prepare
    from pipeline.runner import Request

    overrides, root = list(options.set), Path(options.root)
    starts, ends = options.from_nodes + options.only, options.to_nodes + options.only
    if options.resume:
        last = _last_unfinished(root, options.config)
        overrides = [*last["overrides"], *overrides]
        starts, ends = starts or last["from"], ends or last["to"]
        options.engine = options.engine or last["engine"]
    if options.engine not in ("", *get_args(EngineName)):
        raise ValueError(f"no engine '{options.engine}'. Valid: {', '.join(get_args(EngineName))}")
    named = [*starts, *ends, *(options.force or [])]
    plan.check_names(named)
    loaded = load(options.config, overrides)
    off = nodes.switched_off(loaded.config.model_dump(by_alias=True))
    plan.check_names(named, off)
    if str(loaded.base) not in sys.path:  # one's own model lives beside the configuration
        sys.path.insert(1, str(loaded.base))
    prepared = prepare(loaded, root)
    force = tuple(nodes.BY_ID if options.force == [] else options.force or ())
    selection = plan.Selection(tuple(starts), tuple(ends), force, off)
    base = plan.base_run(selection, history.runs(prepared.root))
    request = Request(options.config, tuple(overrides), selection, options.engine, base)
    return loaded, prepared, request


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_local.py",
        description="Runs a pipeline from raw data to a served model directory.",
        epilog="exit codes: 0 pushed or up to date, 1 failed, 2 bad usage or configuration, "
        "3 stopped by data anomalies, 4 not blessed",
    )
    add = parser.add_argument
    add(
        "--config",
        default="fashion",
        metavar="NAME|FILE",
        help="a preset, or a .toml file (default: fashion)",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting: train.epochs=3",
    )
    add(
        "--root", default=str(OUTPUT), metavar="DIR", help="where everything goes (default: output)"
    )
    add("--plan", action="store_true", help="show what would run and why; run nothing")
    add(
        "--from",
        dest="from_nodes",
        action="append",
        default=[],
        metavar="NODE",
        help="start here, with the last run's outputs before it",
    )
    add(
        "--to",
        dest="to_nodes",
        action="append",
        default=[],
        metavar="NODE",
        help="stop after this node",
    )
    add("--only", action="append", default=[], metavar="NODE", help="just this node")
    add(
        "--force",
        nargs="*",
        metavar="NODE",
        help="run these nodes (all, if none is named) even if nothing changed",
    )
    add("--resume", action="store_true", help="go on with the last run that did not finish")
    add(
        "--engine",
        default="",
        metavar="NAME",
        help="what the data work runs on: auto, local, processes, portable, flink, spark, dataflow",
    )
    return parser


def _show_plan(prepared: "Prepared", selection: "Selection") -> int:
    from rich.console import Console

    from pipeline import plan, result
    from pipeline.earlier import history
    from pipeline.fingerprints import node_facts

    past = history.runs(prepared.root)
    steps = plan.make_plan(node_facts(prepared), past, selection, prepared.serving_directory)
    result.plan_table(Console(), steps)
    return 0


def _last_unfinished(root: Path, source: str) -> "dict[str, Any]":
    from pipeline.config import ConfigError, load
    from pipeline.earlier import history

    folder = root / load(source).config.name
    past = history.runs(folder)
    if not past:
        raise ConfigError(f"nothing to resume: no run under {folder}")
    if past[0].status == "ok":
        raise ConfigError(f"nothing to resume: the last run, {past[0].id}, finished")
    return past[0].request
