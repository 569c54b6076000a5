"""The run command: flags, and mistakes answered in a sentence before anything heavy starts."""

import argparse
import sys
from pathlib import Path

OUTPUT = Path("output")


def main(argv: list[str]) -> int:
    """Runs a pipeline; returns its exit code (0, 1, 2, 3 or 4)."""
    options = _parser().parse_args(argv)
    from pipeline import engines, history, plan
    from pipeline.config import ConfigError, load
    from pipeline.lock import LockedError
    from pipeline.prepare import prepare
    from pipeline.runner import Request, run

    overrides, source = list(options.set), options.config
    try:
        root = Path(options.root)
        if options.resume:
            last = _last_unfinished(root, source)
            overrides = [*last.request["overrides"], *overrides]
        engines.beam_args(options.engine)
        names = [*options.from_nodes, *options.to_nodes, *options.only, *(options.force or [])]
        plan.check_names(names)
        loaded = load(source, overrides)
        if str(loaded.base) not in sys.path:  # one's own model lives beside the configuration
            sys.path.insert(1, str(loaded.base))
        prepared = prepare(loaded, root)
        selection = plan.Selection(
            from_nodes=tuple(options.from_nodes + options.only),
            to_nodes=tuple(options.to_nodes + options.only),
            force=tuple(plan.BY_ID if options.force == [] else options.force or ()),
        )
        if options.plan:
            return _show_plan(prepared, selection)
        request = Request(source, tuple(overrides), selection, options.engine)
        _check_base(history.runs(prepared.root), selection)
        return run(loaded, prepared, request)
    except (ConfigError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except LockedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_local.py",
        description="Runs a pipeline from raw data to a served model directory.",
        epilog="exit codes: 0 pushed or up to date, 1 failed, 2 bad usage or configuration, "
        "3 stopped by data anomalies, 4 not blessed",
    )
    add = parser.add_argument
    add("--config", default="fashion", metavar="NAME|FILE", help="a preset, or a .toml file (default: fashion)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting: train.epochs=3")
    add("--root", default=str(OUTPUT), metavar="DIR", help="where everything goes (default: output)")
    add("--plan", action="store_true", help="show what would run and why; run nothing")
    add("--from", dest="from_nodes", action="append", default=[], metavar="NODE", help="start here, with the last run's outputs before it")
    add("--to", dest="to_nodes", action="append", default=[], metavar="NODE", help="stop after this node")
    add("--only", action="append", default=[], metavar="NODE", help="just this node")
    add("--force", nargs="*", metavar="NODE", help="run these nodes (all, if none is named) even if nothing changed")
    add("--resume", action="store_true", help="go on with the last run that did not finish")
    add("--engine", default="local", metavar="NAME", help="what the Beam jobs run on: local")
    return parser


def _show_plan(prepared, selection) -> int:  # type: ignore[no-untyped-def]
    from rich.console import Console

    from pipeline import history, plan, result
    from pipeline.fingerprints import node_facts

    past = history.runs(prepared.root)
    steps = plan.make_plan(node_facts(prepared), past, selection, prepared.serving_directory)
    result.plan_table(Console(), steps)
    return 0


def _last_unfinished(root: Path, source: str):  # type: ignore[no-untyped-def]
    from pipeline import history
    from pipeline.config import ConfigError, load

    folder = root / load(source).config.name
    past = history.runs(folder)
    if not past:
        raise ConfigError(f"nothing to resume: no run under {folder}")
    if past[0].status == "ok":
        raise ConfigError(f"nothing to resume: the last run, {past[0].id}, finished")
    return past[0]


def _check_base(past, selection) -> None:  # type: ignore[no-untyped-def]
    if selection.from_nodes and not past:
        raise ValueError(
            f"--from {' '.join(selection.from_nodes)} needs the outputs of an earlier run, and there "
            "is none. Run once without --from."
        )


