"""One run from a checked configuration to a summary: plan, lock, watch, run, tell."""

import hashlib
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from components.pusher.versions import manifests
from pipeline import plan, result
from pipeline.config import LoadedConfig
from pipeline.console import quiet_terminal
from pipeline.earlier import history
from pipeline.engines import local, table
from pipeline.engines.site import Site
from pipeline.fingerprints import digest, node_facts
from pipeline.live import watch
from pipeline.lock import lock
from pipeline.nodes import BY_ID, Facts
from pipeline.prepared import Prepared


@dataclass(frozen=True)
class Request:
    """What the user asked for, as kept in a run's request.json so that it can be resumed."""

    source: str
    overrides: tuple[str, ...] = ()
    selection: plan.Selection = field(default_factory=plan.Selection)
    engine: str = ""
    """What `--engine` said; empty: the configuration decides."""
    base_run: str = ""
    """A partial run takes what it does not make from this one."""


def run(loaded: LoadedConfig, prepared: Prepared, request: Request) -> int:
    """Runs what has to run.

    Returns:
      The exit code: 0 pushed or up to date, 1 failed, 3 data anomalies, 4 not blessed.

    Raises:
      LockedError: another run holds the root.
      EngineError: what the data work should run on cannot run.
    """
    run_id = _new_id(prepared.root)
    with lock(prepared.root, run_id):
        facts = node_facts(prepared)
        past = history.runs(prepared.root)
        steps = plan.make_plan(facts, past, request.selection, prepared.serving_directory)
        last = next((r for r in past if r.status in ("ok", "not_blessed")), None)
        if plan.nothing_to_do(steps) and last is not None:
            return result.up_to_date(Console(), prepared, steps, past)
        engines = choose_engine(loaded, prepared, request)
        folder = prepared.root / "runs" / run_id
        write_request(folder, prepared, request, steps, facts)
        return _run(loaded, prepared, request, steps, facts, past, folder, engines)


def _run(
    loaded: LoadedConfig,
    prepared: Prepared,
    request: Request,
    steps: list[plan.Step],
    facts: dict[str, Facts],
    past: list[history.Run],
    folder: Path,
    engines: tuple[Site, table.Choice],
) -> int:
    started = time.time()
    os.environ["PIPELINE_PROGRESS"] = str(folder / "progress.jsonl")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    for place in (str(loaded.base), os.getcwd()):  # where one's own model and preprocessing live
        if place not in sys.path:
            sys.path.insert(1, place)
    if "processes" in engines[1].all:
        os.environ["PYTHONPATH"] = local.import_path(
            Path(__file__).resolve().parent.parent, loaded.base, os.environ.get("PYTHONPATH", "")
        )
    interrupted = False
    with quiet_terminal(folder / "log.txt") as console:
        result.opening(console, prepared, folder)
        with watch(console, steps, folder):
            try:
                beam_args = table.beam_args(*engines)
                _execute(prepared, request, steps, facts, past, folder, beam_args)
            except KeyboardInterrupt:
                interrupted = True
            except Exception as error:  # told by the events, in the user's words
                _note_failure(folder, error)
        from pipeline import summary  # reads MLMD, which the run has just imported anyway

        outcome = summary.summarise(
            prepared, folder, steps, config_hash(prepared), time.time() - started
        )
        summary.write(folder, outcome)
        _keep_example(prepared, folder, outcome)
        from pipeline.reports.write import write_or_say

        unreported = write_or_say(prepared.root, folder.name)
        result.closing(console, prepared, history.read(folder), interrupted, unreported)
    return summary.EXIT_CODES[outcome["status"]]


def site_of(loaded: LoadedConfig, prepared: Prepared) -> Site:
    """What engines are told of a run."""
    return Site(
        section=prepared.config.engine,
        output=prepared.root.parent,
        base=loaded.base,
        data_bytes=sum(file.stat().st_size for file in prepared.files),
        nodes=tuple(BY_ID),
    )


def choose_engine(
    loaded: LoadedConfig, prepared: Prepared, request: Request
) -> tuple[Site, table.Choice]:
    """What the data work runs on, checked before anything starts.

    Raises:
      EngineError: it cannot run; all that is missing, and how to get it.
    """
    site = site_of(loaded, prepared)
    choice = table.choose(site, request.engine)
    table.check(site, choice)
    return site, choice


def _execute(
    prepared: Prepared,
    request: Request,
    steps: list[plan.Step],
    facts: dict[str, Facts],
    past: list[history.Run],
    folder: Path,
    beam_args: dict[str, list[str]],
) -> None:
    # Imported here: this is where the heavy libraries come in.
    from pipeline import beam_runner, dag

    pipeline = dag.create_pipeline(prepared, schema_copy(prepared))
    marks = write_marks(folder, steps, facts, past)
    beam_runner.DagRunner().run_nodes(
        pipeline,
        run_id=folder.name,
        events=folder / "events.jsonl",
        fingerprints=marks,
        beam_args=beam_args,
        from_nodes=list(request.selection.from_nodes) or None,
        to_nodes=list(request.selection.to_nodes) or None,
        base_run=request.base_run,
    )


def write_marks(
    folder: Path, steps: list[plan.Step], facts: dict[str, Facts], past: list[history.Run]
) -> dict[str, str]:
    """Each node's part of TFX's cache key, also kept in the run's folder."""
    marks = {node: digest(values) for node, values in facts.items()}
    for step in steps:
        if step.forced:  # a mark of its own: no earlier answer has it, later runs do not either
            marks[step.node] += folder.name
    for step in steps:
        if step.action == "cached" and (source := _mark_of(past, step)):
            marks[step.node] = source
    (folder / "marks.json").write_text(json.dumps(marks), encoding="utf-8")
    return marks


def _mark_of(past: list[history.Run], step: plan.Step) -> str:
    """The mark under which the run that a step is cached from went into MLMD."""
    for run in past:
        file = run.path / "marks.json"
        if run.id == step.source and file.is_file():
            return str(json.loads(file.read_text(encoding="utf-8")).get(step.node, ""))
    return ""


def _keep_example(prepared: Prepared, folder: Path, outcome: dict[str, Any]) -> None:
    from pipeline import example_request

    if outcome["pushed"]:
        manifest = manifests(prepared.serving_directory)[outcome["pushed"]["version"]]
        inputs = manifest["signatures"]["serving_default"]["inputs"]
        example_request.write(Path(outcome["outputs"]["ExampleGen"][0]), inputs, folder)


def _note_failure(folder: Path, error: Exception) -> None:
    """A failure outside any node (building the DAG) becomes an event as well."""
    import traceback

    with open(folder / "log.txt", "a", encoding="utf-8") as log:
        log.write(traceback.format_exc())
    if any(event["event"] == "failed" for event in history.read_lines(folder / "events.jsonl")):
        return
    event: dict[str, Any] = {
        "node": "Pipeline",
        "event": "failed",
        "time": time.time(),
        "cpu": time.process_time(),
        "error": type(error).__name__,
        "message": str(error),
        "traceback": traceback.format_exc(),
    }
    with open(folder / "events.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def write_request(
    folder: Path,
    prepared: Prepared,
    request: Request,
    steps: list[plan.Step],
    facts: dict[str, Facts],
) -> None:
    """Makes the run's folder: what was asked, with which configuration, and the plan."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(prepared.config.model_dump_json(by_alias=True, indent=1))
    selection = request.selection
    content = {
        "source": request.source,
        "overrides": request.overrides,
        "from": selection.from_nodes,
        "to": selection.to_nodes,
        "force": selection.force,
        "engine": request.engine,
        "nodes": {
            step.node: {
                "action": step.action,
                "why": step.why,
                "from": step.source,
                "facts": facts[step.node],
                "inputs": BY_ID[step.node].inputs,
            }
            for step in steps
        },
    }
    (folder / "request.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def schema_copy(prepared: Prepared) -> Path:
    """The schema at a path that changes with its content: TFX caches by path."""
    copy = prepared.root / "cache" / f"schema-{prepared.schema_hash[:16]}.pbtxt"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(prepared.schema_path, copy)
    return copy


def config_hash(prepared: Prepared) -> str:
    """sha256 of the configuration as used."""
    text = prepared.config.model_dump_json(by_alias=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _new_id(root: Path) -> str:
    base = time.strftime("%Y%m%d-%H%M%S")
    run_id, count = base, 1
    while (root / "runs" / run_id).exists():
        count += 1
        run_id = f"{base}-{count}"
    return run_id
