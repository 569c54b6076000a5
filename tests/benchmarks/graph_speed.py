"""What a training step of the `taxi` network costs: eager, as a graph, by XLA; and whether it waits for rows.

    make bench-graph-speed ARGS="--steps 600 --rounds 5"

The preset's network, real transformed rows, the preset's batch size. Each way of running is built and
compiled anew with the same seed, takes one warm-up round (tracing, compiling: reported apart), then all
ways take turns for `--rounds` rounds of `--steps` steps; the best and the median round are printed.

The second table is about input: a step with rows as training reads them (held in memory, and streamed
off the disk as a larger split would be) against a step with one batch repeated in memory.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import split_run

from pipeline.config import load
from pipeline.module_config import trainer_config
from pipeline.prepare import prepare

WAYS = {
    "eager": {"run_eagerly": True},
    "graph, 1 step a call": {},
    "graph, 10 steps a call": {"together": 10},
    "XLA, 1 step a call": {"jit_compile": True},
    "XLA, 10 steps a call": {"jit_compile": True, "together": 10},
}
REFERENCE = "graph, 10 steps a call"
"""What the preset does."""


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600, help="a round, a multiple of 10")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--config", default="taxi")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec, files = _prepare(arguments, Path(folder))
        rounds = {
            name: _round(spec, files.shuffled(spec.settings.batch_size, 0), arguments.steps, **way)
            for name, way in WAYS.items()
        }
        _compare(rounds, REFERENCE, arguments)
        one = files.shuffled(spec.settings.batch_size, 0).take(1).cache().repeat().prefetch(4)
        sources = {
            "one batch, repeated": one,
            "held in memory": files.shuffled(spec.settings.batch_size, 0),
        }
        files.in_memory = False
        sources["streamed"] = files.shuffled(spec.settings.batch_size, 0)
        print()
        _compare(
            {
                name: _round(spec, rows, arguments.steps, together=10)
                for name, rows in sources.items()
            },
            "one batch, repeated",
            arguments,
        )


def _prepare(arguments: Any, folder: Path) -> tuple[Any, Any]:
    """The preset's network as the Trainer would be told of it, and its training rows."""
    import json

    import tensorflow_transform as tft

    from components.trainer.examples import ExampleFiles
    from components.trainer.inputs import model_inputs
    from components.trainer.spec import Spec
    from components.trainer.target import target
    from components.trainer.techniques.optimizing import Optimizing
    from components.trainer.techniques.run import TrainingRun

    prepared = prepare(load(arguments.config, arguments.set), folder)
    table = split_run.read(prepared)
    place = folder / "rows"
    place.mkdir()
    split_run.transform(prepared, table, split_run.shuffled(len(table), 0), place)
    graph = tft.TFTransformOutput(str(place / "graph"))
    config, settings = trainer_config(prepared), prepared.config.train
    files = ExampleFiles([str(place / "train-*.gz")], graph, prepared.label)
    task, classes = prepared.config.data.task, list(prepared.classes)
    spec = Spec(
        tuple(model_inputs(graph, prepared.label, json.loads(config["texts"]))),
        task,
        tuple(classes),
        target(files.labels, task, classes),
        settings,
        TrainingRun(Optimizing.of(settings)),
    )
    return spec, files


def _round(spec: Any, rows: Any, steps: int, **way: Any) -> Callable[[], float]:
    """A function that takes so many steps and returns the seconds; the first call also compiles."""
    import keras

    from components.trainer.columns.building import build_model
    from components.trainer.columns.fitting import compile_model

    keras.utils.set_random_seed(0)
    model = build_model(spec)
    together = int(way.get("together", 1))
    spec = replace(spec, run=replace(spec.run, jit_compile=way.get("jit_compile", False)))
    compile_model(model, spec, 10 * steps, together)
    model.run_eagerly = way.get("run_eagerly", False)
    batches = rows.repeat()

    def take() -> float:
        started = time.perf_counter()
        model.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
        return time.perf_counter() - started

    return take


def _compare(rounds: dict[str, Callable[[], float]], reference: str, arguments: Any) -> None:
    first = {name: take() for name, take in rounds.items()}
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    for _ in range(arguments.rounds):
        for name, take in rounds.items():
            seconds[name].append(take())
    base = statistics.median(seconds[reference])
    print(f"{'':26}{'steps/s best':>13}{'median':>9}{'ratio':>8}{'first round s':>15}")
    for name, taken in seconds.items():
        best, middle = arguments.steps / min(taken), arguments.steps / statistics.median(taken)
        ratio = base / statistics.median(taken)
        print(f"{name:26}{best:13.0f}{middle:9.0f}{ratio:8.2f}{first[name]:15.1f}", flush=True)


if __name__ == "__main__":
    main()
