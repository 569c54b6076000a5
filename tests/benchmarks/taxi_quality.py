"""How well `taxi` separates big tippers from others, against scikit-learn's boosted trees.

    make bench-taxi-quality ARGS="--splits 5"
    make bench-taxi-quality ARGS="--set train.batch_size=64"

The same rows and columns for both: the preset's, without what it excludes. Each split shuffles them
anew into 8 parts for training, 1 that chooses (our epoch) and 1 for the test. Ours goes through real
Transform (statistics of the training part alone) and the real Trainer with the preset's settings;
HistGradientBoostingClassifier gets text as categories and missing values as such, and of two
configurations (its defaults, and half the learning rate with early stopping) the one better on eval.
Settings are to be chosen by the eval columns.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import split_run
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from split_run import Rows

from pipeline.config import load
from pipeline.prepare import prepare
from pipeline.prepared import Prepared

SLICE = ("payment_type", "Credit Card")
TREES: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.05, "max_iter": 300, "early_stopping": True},
]


def main() -> None:
    """Measure and print one line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("taxi", arguments.set), Path(folder))
        table, truth = _read(prepared)
        rows_as_read = split_run.read(prepared)
        rows = []
        print(f"{'':8}" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))
        for seed in range(arguments.first, arguments.first + arguments.splits):
            parts = split_run.shuffled(len(truth), seed)
            trees = _trees(table, truth, parts, seed)
            run = split_run.fit(prepared, rows_as_read, parts, seed, Path(folder) / str(seed))
            ours = {name: run.answers(name)["score"] for name in ("eval", "test")}
            row = dict(run.facts)
            for split, part in (("eval", parts[1]), ("test", parts[2])):
                cards = np.flatnonzero(table[SLICE[0]].to_numpy()[part] == SLICE[1])
                for who, scores in (("trees", trees[split]), ("ours", ours[split])):
                    row[f"{split} {who}"] = roc_auc_score(truth[part], scores)
                    row[f"{who} cards"] = roc_auc_score(truth[part][cards], scores[cards])
                if split == "eval":
                    row |= {
                        f"eval {who} cards": row.pop(f"{who} cards") for who in ("trees", "ours")
                    }
            rows.append(row)
            _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in rows) for key in rows[0]})


COLUMNS = {
    "eval trees": 12,
    "eval ours": 11,
    "test trees": 12,
    "test ours": 11,
    "trees cards": 13,
    "ours cards": 12,
    "epochs": 8,
    "best": 6,
    "Transform CPU s": 17,
    "Trainer CPU s": 15,
}
"""What is printed: AUC on all rows, then on the test rows of the slice."""


def _show(name: str, row: dict[str, float]) -> None:
    cells = [f"{row[key]:{width}.{4 if row[key] < 1 else 0}f}" for key, width in COLUMNS.items()]
    print(f"{name:8}" + "".join(cells), flush=True)


def _read(prepared: Prepared) -> tuple[pd.DataFrame, Rows]:
    frame = pd.concat([pd.read_csv(file) for file in prepared.source.files], ignore_index=True)
    truth = frame[prepared.label].astype(str).to_numpy() == prepared.classes[-1]
    return frame[list(prepared.features)], truth.astype(np.int64)


def _trees(table: pd.DataFrame, truth: Rows, parts: list[Rows], seed: int) -> dict[str, Any]:
    text = table.select_dtypes("object").columns
    encoded = table.astype(dict.fromkeys(text, "category"))
    train, evaluation, test = parts
    found = []
    for options in TREES:
        model = HistGradientBoostingClassifier(
            categorical_features="from_dtype", random_state=seed, **options
        ).fit(encoded.iloc[train], truth[train])
        scores = {
            name: model.predict_proba(encoded.iloc[part])[:, 1]
            for name, part in (("eval", evaluation), ("test", test))
        }
        found.append((roc_auc_score(truth[evaluation], scores["eval"]), scores))
    return max(found, key=lambda entry: entry[0])[1]


if __name__ == "__main__":
    main()
