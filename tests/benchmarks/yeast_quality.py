"""How many labels `yeast` gets wrong, against one-vs-rest logistic regression.

    PYTHONPATH=. python tests/benchmarks/yeast_quality.py --splits 5

The same rows and columns for both. Each split shuffles them anew into 8 parts for training, 1 that
chooses (our epoch and thresholds, their strength) and 1 for the test. Ours goes through real
Transform and the real Trainer with the preset's settings. The logistic regression gets columns
standardised by the training part and the best C of 0.003, 0.01, 0.03, 0.1 and 1 by Hamming loss on
eval; its threshold is 0.5, what `predict` uses.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import split_run
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, hamming_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from split_run import Rows

from pipeline.config import load
from pipeline.prepare import prepare

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 1.0)


def main() -> None:
    """Measure and print a line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("yeast", arguments.set), Path(folder))
        frame = pd.concat([pd.read_csv(file) for file in prepared.source.files], ignore_index=True)
        table = frame[list(prepared.features)].to_numpy()
        truth = frame[list(prepared.classes)].to_numpy().astype(int)
        rows_as_read = split_run.read(prepared)
        for seed in range(arguments.first, arguments.first + arguments.splits):
            parts = split_run.shuffled(len(truth), seed)
            strength, plain = _regression(table, truth, parts)
            run = split_run.fit(prepared, rows_as_read, parts, seed, Path(folder) / str(seed))
            row = {**run.facts, "C": strength}
            for name, part in (("eval", parts[1]), ("test", parts[2])):
                answers = run.answers(name)
                for who, chosen in (
                    ("ours", answers["chosen"]),
                    ("ours at 0.5", answers["scores"] > 0.5),
                    ("regression", plain[name]),
                ):
                    row[f"{name} hamming {who}"] = hamming_loss(truth[part], chosen)
                    for average in ("micro", "macro"):
                        row[f"{name} {average}-F1 {who}"] = f1_score(
                            truth[part], chosen, average=average, zero_division=0
                        )
            found.append(row)
            _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in found) for key in found[0]})


def _show(name: str, row: dict[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _regression(table: Any, truth: Any, parts: list[Rows]) -> tuple[float, dict[str, Any]]:
    train, evaluation, test = parts
    best: tuple[float, float, dict[str, Any]] | None = None
    for strength in STRENGTHS:
        model = make_pipeline(
            StandardScaler(), OneVsRestClassifier(LogisticRegression(C=strength, max_iter=2000))
        ).fit(table[train], truth[train])
        chosen = {"eval": model.predict(table[evaluation]), "test": model.predict(table[test])}
        wrong = hamming_loss(truth[evaluation], chosen["eval"])
        if best is None or wrong < best[0]:
            best = (float(wrong), strength, {k: np.asarray(v) for k, v in chosen.items()})
    assert best is not None
    return best[1], best[2]


if __name__ == "__main__":
    main()
