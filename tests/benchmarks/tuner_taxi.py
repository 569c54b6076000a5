"""What a search of 20 trials gains on `taxi`: the preset's settings against the best that was found.

    make bench-tuner-taxi
    make bench-tuner-taxi ARGS="--splits 3 --trials 20 --algorithm bayesian"

Each split shuffles the rows anew into 8 parts for training, 1 that chooses (the epoch, and the best
trial) and 1 for the test, which neither sees. Real Transform, the real Trainer and the real Tuner with
the usual space for columns; the same seed for both. The preset's own settings are the first trial.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import split_run
from sklearn.metrics import log_loss, roc_auc_score

from pipeline.config import load
from pipeline.module_config import tuner_config
from pipeline.prepare import prepare
from pipeline.prepared import Prepared

LABEL = "big_tipper"


def main() -> None:
    """Measure and print one line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--algorithm", default="random")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    search = [f"tuner.trials={given.trials}", f"tuner.algorithm={given.algorithm}"]
    print(
        "split    eval loss: as set, tuned   test AUC: as set, tuned   test log loss: as set, tuned"
    )
    rows = []
    with tempfile.TemporaryDirectory() as output:
        prepared = prepare(load("taxi", [*search, *given.set]), Path(output))
        table = split_run.read(prepared)
        for seed in range(given.first, given.first + given.splits):
            folder = Path(output) / str(seed)
            parts = split_run.shuffled(len(table), seed)
            split_run.lay_out(prepared, table, parts, folder)
            truth = [str(table.column(LABEL)[int(row)].as_py()) for row in parts[2]]
            row = []
            found = None
            for tuned in (False, True):
                if tuned:
                    found = _search(prepared, seed, folder)
                run = split_run.train(prepared, seed, folder, found)
                epochs = json.loads((folder / "run" / "history.json").read_text())["epochs"]
                scores = run.answers("test")["score"]
                yes = [value == prepared.classes[-1] for value in truth]
                kept = min(epoch["eval_loss"] for epoch in epochs)
                row.append((kept, roc_auc_score(yes, scores), log_loss(yes, scores)))
            rows.append([value for pair in zip(*row, strict=True) for value in pair])
            _show(f"{seed}", rows[-1])
    _show("mean", [statistics.mean(column) for column in zip(*rows, strict=True)])
    for name, first in (("AUC", 2), ("log loss", 4)):
        gains = [row[first + 1] - row[first] for row in rows]
        spread = statistics.stdev(gains) if len(gains) > 1 else float("nan")
        print(
            f"test {name}, tuned less as set: {statistics.mean(gains):+.4f}, deviation {spread:.4f}"
        )


def _search(prepared: Prepared, seed: int, folder: Path) -> dict[str, object]:
    from components.tuner.entry import tuner_fn

    told = split_run.arguments(prepared, seed, folder)
    told.custom_config = {**tuner_config(prepared), **told.custom_config}
    told.transform_graph_path, told.working_dir = told.transform_output, str(folder / "tuner")
    began = time.process_time()
    search = tuner_fn(told).tuner
    search.search()
    found = search.told()
    states = [trial["state"] for trial in found["trials"]]
    best = found["trials"][found["best"] - 1]
    print(
        f"  {len(states)} trials, {states.count('pruned')} pruned, {states.count('failed')} failed, "
        f"{time.process_time() - began:.0f} CPU seconds; the best, {found['best']}: {best['values']}",
        flush=True,
    )
    config: dict[str, object] = search.get_best_hyperparameters()[0].get_config()
    search.forget()
    return config


def _show(name: str, row: list[float]) -> None:
    cells = [f"{row[i]:.4f}, {row[i + 1]:.4f}" for i in (0, 2, 4)]
    print(f"{name:8} {cells[0]:>26} {cells[1]:>25} {cells[2]:>30}", flush=True)


if __name__ == "__main__":
    main()
