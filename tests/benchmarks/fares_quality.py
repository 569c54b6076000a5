"""How close `fares` comes to the fare, against scikit-learn's boosted trees with the same loss.

    PYTHONPATH=. python tests/benchmarks/fares_quality.py --splits 5
    PYTHONPATH=. python tests/benchmarks/fares_quality.py --set train.batch_size=32

The same rows and columns for both: the preset's, without what it excludes. Each split shuffles them
anew into 8 parts for training, 1 that chooses (our epoch) and 1 for the test. Ours goes through real
Transform and the real Trainer with the preset's settings; HistGradientBoostingRegressor with
loss="absolute_error" gets text as categories and missing values as such, and of two configurations
(its defaults, and half the learning rate with early stopping) the one better on eval. Settings are
to be chosen by the eval columns.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import split_run
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from split_run import Rows

from pipeline.config import load
from pipeline.prepare import prepare

TREES: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.05, "max_iter": 300, "early_stopping": True},
]


def main() -> None:
    """Measure and print two lines per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("fares", arguments.set), Path(folder))
        frame = pd.concat([pd.read_csv(file) for file in prepared.source.files], ignore_index=True)
        table, truth = frame[list(prepared.features)], frame[prepared.label].to_numpy()
        rows_as_read = split_run.read(prepared)
        for seed in range(arguments.first, arguments.first + arguments.splits):
            parts = split_run.shuffled(len(truth), seed)
            trees = _trees(table, truth, parts, seed)
            run = split_run.fit(prepared, rows_as_read, parts, seed, Path(folder) / str(seed))
            row = dict(run.facts)
            for name, part in (("eval", parts[1]), ("test", parts[2])):
                ours = run.answers(name)["prediction"]
                for who, guesses in (("ours", ours), ("trees", trees[name])):
                    for metric, value in _measured(truth[part], guesses).items():
                        row[f"{name} {metric} {who}"] = value
            row["test mae ratio"] = row["test mae ours"] / row["test mae trees"]
            row["eval mae ratio"] = row["eval mae ours"] / row["eval mae trees"]
            found.append(row)
            _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in found) for key in found[0]})


def _measured(truth: Any, found: Any) -> dict[str, float]:
    squared = mean_squared_error(truth, found)
    return {
        "mae": mean_absolute_error(truth, found),
        "mse": squared,
        "rmse": float(np.sqrt(squared)),
        "r2": r2_score(truth, found),
    }


def _show(name: str, row: dict[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _trees(table: pd.DataFrame, truth: Any, parts: list[Rows], seed: int) -> dict[str, Any]:
    text = table.select_dtypes("object").columns
    encoded = table.astype(dict.fromkeys(text, "category"))
    train, evaluation, test = parts
    found = []
    for options in TREES:
        model = HistGradientBoostingRegressor(
            loss="absolute_error", categorical_features="from_dtype", random_state=seed, **options
        ).fit(encoded.iloc[train], truth[train])
        guesses = {
            "eval": model.predict(encoded.iloc[evaluation]),
            "test": model.predict(encoded.iloc[test]),
        }
        found.append((mean_absolute_error(truth[evaluation], guesses["eval"]), guesses))
    return min(found, key=lambda entry: entry[0])[1]


if __name__ == "__main__":
    main()
