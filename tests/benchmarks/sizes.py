"""Seconds, CPU seconds and peak memory of every component, by rows and engine, as a table and a plot.

    make bench-sizes ARGS="--rows 15000 150000 --engines local processes --folder FOLDER"
    make bench-sizes ARGS="--rows 10000000 --engines local --to StatisticsGen --model 15000 --folder FOLDER"
    make bench-sizes ARGS="--show"

Not a test: it asserts nothing. Every run starts from nothing, in an output folder of its own that is
removed after it. `--model ROWS` adds the Evaluator to runs that end before the Trainer: with a model that
was trained on so many rows. Measurements are added to docs/sizes.jsonl; docs/sizes.md and docs/sizes.svg are
drawn from that file, the last measurement of each kind. Memory is that of the whole process tree
(proportional set size: what processes share is counted once), with Flink's processes where it works,
looked at twice a second. On a shared machine wall seconds say less than CPU seconds.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import larger_taxi
import psutil
import sizes_shown

from pipeline.earlier import history
from pipeline.local_cluster import state

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "docs" / "sizes.jsonl"
EVERY = 0.5
"""Seconds between two looks at the process tree."""
Look = tuple[float, float, int]
"""Unix seconds, CPU seconds so far, bytes."""


def measure(
    rows: int, engine: str, folder: Path, flags: list[str], model: int = 0
) -> dict[str, Any]:
    """Runs the taxi pipeline once on so many rows; what each component cost.

    Args:
      rows: how many.
      engine: which one.
      folder: for data and output.
      flags: of run_local.py.
      model: where the flags end the run before there is one, the rows to train it on; 0: no Evaluator.
    """
    data, output = folder / f"{rows}", folder / f"output-{rows}-{engine}"
    if not data.is_dir():
        larger_taxi.write(data, rows)
    command = [sys.executable, "run_local.py", "--config", "taxi", "--engine", engine]
    command += ["--root", str(output), "--set", f"data.path={data}", *flags]
    kind = {"flink": "flink", "portable": "portable"}.get(engine)
    if kind:
        _cluster("up", output, "--kind", kind)
    try:
        looks, code = _watch(command, folder / "log.txt", output)
        if code:
            sys.exit(f"{' '.join(command)} ended with {code}: see {folder / 'log.txt'}")
        [run] = history.runs(output / "taxi")
        extra = evaluated(folder, output, model) if model else {}
        events = history.read_lines(output / "taxi" / "runs" / run.id / "events.jsonl")
        return {
            "rows": rows,
            "engine": engine,
            "bytes": sum(file.stat().st_size for file in data.iterdir()),
            "status": run.summary["status"],
            "auc": run.summary.get("metrics", {}).get("test", {}).get("auc"),
            "all": _cost(looks, looks[0][0], looks[-1][0]),
            "nodes": {
                node: _cost(looks, start, end) for node, start, end in _spans(events) if end > start
            }
            | extra,
        }
    finally:
        if kind:
            _cluster("down", output)
        shutil.rmtree(output, ignore_errors=True)


def evaluated(folder: Path, output: Path, rows: int) -> dict[str, Any]:
    """What the Evaluator costs on the test split of `output`, with a model of so many rows."""
    data, trained, made = (folder / name for name in (f"{rows}", f"model-{rows}", "evaluated"))
    if not data.is_dir():
        larger_taxi.write(data, rows)
    command = [sys.executable, "run_local.py", "--config", "taxi", "--root", str(trained)]
    command += ["--set", f"data.path={data}", "--to", "Evaluator"]
    script = Path(__file__).with_name("sizes_evaluated.py")
    places = [output / "taxi", trained / "taxi", made]
    printed = folder / "evaluated.txt"
    try:
        subprocess.run(command, cwd=REPOSITORY, check=True)
        printed.unlink(missing_ok=True)
        looks, code = _watch([sys.executable, str(script), *map(str, places)], printed, made)
        if code:
            sys.exit(f"{script.name} ended with {code}: see {printed}")
        span = json.loads(printed.read_text(encoding="utf-8").splitlines()[-1])
        return {"Evaluator": {**_cost(looks, span["start"], span["end"]), "model": rows}}
    finally:
        shutil.rmtree(trained, ignore_errors=True)
        shutil.rmtree(made, ignore_errors=True)


def _cluster(action: str, output: Path, *flags: str) -> None:
    command = [sys.executable, "-m", "pipeline", "cluster", action, "--root", str(output), *flags]
    subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)


def _watch(command: list[str], log: Path, output: Path) -> tuple[list[Look], int]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": str(REPOSITORY)}
    with log.open("ab") as file:
        run = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    looks: list[Look] = []
    cluster = state.read(output)
    while True:
        roots = [psutil.Process(run.pid)]
        roots += [found for p in (cluster.processes if cluster else []) if (found := p.found())]
        looks.append(_look(roots))
        if run.poll() is not None:
            return looks[:-1], run.returncode
        time.sleep(EVERY)


def _look(roots: list[psutil.Process]) -> Look:
    cpu, memory = 0.0, 0
    for root in roots:
        try:
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in tree:
            try:
                times = process.cpu_times()
                # Of children that have ended their parent keeps the sum.
                cpu += times.user + times.system + times.children_user + times.children_system
                full = process.memory_full_info()
                memory += getattr(full, "pss", full.rss)
            except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
                continue
    return time.time(), cpu, memory


def _spans(events: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    started = {event["node"]: event["time"] for event in events if event["event"] == "start"}
    return [
        (event["node"], started[event["node"]], event["time"])
        for event in events
        if event["event"] == "ran"
    ]


def _cost(looks: list[Look], start: float, end: float) -> dict[str, float]:
    inside = [look for look in looks if start <= look[0] <= end]
    before = [look for look in looks if look[0] < start]
    first, last = (before or inside or looks)[-1 if before else 0], (inside or before)[-1]
    return {
        "seconds": round(end - start, 1),
        "cpu": round(max(last[1] - first[1], 0.0), 1),
        "mib": round(max(look[2] for look in (inside or [last])) / 2**20),
    }


def main() -> None:
    """Measures what is asked for, then draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[15_000, 150_000])
    parser.add_argument("--engines", nargs="+", default=["local", "processes"])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/sizes"), help="for data and runs")
    parser.add_argument("--to", default="", metavar="NODE", help="up to and including this node")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C")
    parser.add_argument("--model", type=int, default=0, metavar="ROWS", help="see above")
    parser.add_argument("--show", action="store_true", help="only draw what was measured before")
    options = parser.parse_args()
    flags = [word for each in options.set for word in ("--set", each)]
    flags += ["--to", options.to] if options.to else []
    options.folder.mkdir(parents=True, exist_ok=True)
    for rows in [] if options.show else options.rows:
        for engine in options.engines:
            found = measure(rows, engine, options.folder.resolve(), flags, options.model)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            print(json.dumps(found), flush=True)
    sizes_shown.write(RESULTS)


if __name__ == "__main__":
    main()
