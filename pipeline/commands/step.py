"""`step NODE`: one node of a run, for schedulers that start each node as a task of their own.

A run is `step start`, every node in the order of the graph, `step finish`; all with the same
`--run-id`. What it leaves is what `run_local.py` leaves: runs/<id>/ with summary.json, MLMD, caches.
"""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from pipeline import plan
from pipeline.config import ConfigError, load
from pipeline.earlier import history
from pipeline.engines.site import EngineError
from pipeline.fingerprints import node_facts
from pipeline.lock import LockedError, lock
from pipeline.nodes import NODES, switched_off
from pipeline.prepare import prepare
from pipeline.prepared import Prepared

_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[T_-](\d\d):?(\d\d):?(\d\d)")


def main(argv: list[str]) -> int:
    """0 done, 1 failed, 2 bad usage, 3 stopped by data anomalies, 4 not blessed (of `finish`)."""
    options = _parser().parse_args(argv)
    try:
        return _step(options)
    except (ConfigError, EngineError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except LockedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def tidy(run_id: str) -> str:
    """A scheduler's run id as ours, which sort by time: `manual__2026-11-23T04:05:06+00:00` becomes
    `20261123-040506`; without a time in it, its letters and digits."""
    found = _TIME.search(run_id)
    if found:
        return "{}{}{}-{}{}{}".format(*found.groups())
    return re.sub(r"[^A-Za-z0-9-]+", "-", run_id).strip("-")


def _step(options: argparse.Namespace) -> int:
    loaded = load(options.config, options.set)
    off = switched_off(loaded.config.model_dump(by_alias=True))
    nodes = [node.id for node in NODES if node.id not in off]
    if options.step not in ("start", "finish", *nodes):
        raise ValueError(f"no step '{options.step}'. Valid: start, {', '.join(nodes)}, finish")
    for place in (str(loaded.base), os.getcwd()):  # where one's own model and preprocessing live
        if place not in sys.path:
            sys.path.insert(1, place)
    prepared = prepare(loaded, Path(options.root))
    folder = prepared.root / "runs" / tidy(options.run_id)
    with lock(prepared.root, folder.name):
        if options.step == "start":
            return _start(options, prepared, folder, off)
        if not (folder / "request.json").is_file():
            raise ValueError(
                f"no run {folder.name} under {prepared.root}: `step start` comes first"
            )
        if options.step == "finish":
            return _finish(prepared, folder)
        return _node(options, loaded, prepared, folder)


def _start(
    options: argparse.Namespace, prepared: Prepared, folder: Path, off: frozenset[str]
) -> int:
    from pipeline.runner import Request, write_marks, write_request

    if folder.exists():  # a scheduler's retry
        return 0
    facts, past = node_facts(prepared), history.runs(prepared.root)
    selection = plan.Selection(off=off)
    steps = plan.make_plan(facts, past, selection, prepared.serving_directory)
    request = Request(options.config, tuple(options.set), selection, options.engine)
    write_request(folder, prepared, request, steps, facts)
    write_marks(folder, steps, facts, past)
    return 0


def _node(options: argparse.Namespace, loaded: Any, prepared: Prepared, folder: Path) -> int:
    from pipeline import beam_runner, dag, failure
    from pipeline.engines import table
    from pipeline.runner import Request, choose_engine, schema_copy

    request = Request(options.config, engine=options.engine)
    beam_args = table.beam_args(*choose_engine(loaded, prepared, request))
    os.environ["PIPELINE_PROGRESS"] = str(folder / "progress.jsonl")
    try:
        beam_runner.DagRunner().run_node(
            dag.create_pipeline(prepared, schema_copy(prepared)),
            run_id=folder.name,
            node_id=options.step,
            events=folder / "events.jsonl",
            fingerprints=json.loads((folder / "marks.json").read_text(encoding="utf-8")),
            beam_args=beam_args,
        )
    except Exception:
        event = history.read_lines(folder / "events.jsonl")[-1]
        what, where, hint = failure.explain(event["error"], event["message"], event["traceback"])
        print("\n".join(line for line in (what, where, hint) if line), file=sys.stderr)
        return 3 if event["error"] == "DataAnomaliesError" else 1
    return 0


def _finish(prepared: Prepared, folder: Path) -> int:
    from pipeline import summary
    from pipeline.runner import config_hash

    run = history.read(folder)
    planned = [
        plan.Step(node, each["action"], each["why"], each["from"])
        for node, each in run.request["nodes"].items()
    ]
    seconds = time.time() - (folder / "request.json").stat().st_mtime
    outcome = summary.summarise(prepared, folder, planned, config_hash(prepared), seconds)
    summary.write(folder, outcome)
    print(f"{folder.name}: {outcome['status']}")
    return summary.EXIT_CODES[outcome["status"]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline step", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("step", metavar="start|NODE|finish")
    parser.add_argument("--run-id", required=True, help="the scheduler's name for the run")
    parser.add_argument("--config", default="fashion", metavar="NAME|FILE")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--root", default="output", metavar="DIR")
    parser.add_argument("--engine", default="", metavar="NAME")
    return parser
