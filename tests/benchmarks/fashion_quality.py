"""How well the fashion recipe does on the committed sample, against logistic regression on pixels.

    make bench-fashion-quality ARGS="--splits 5"
    make bench-fashion-quality ARGS="--set size=80 --set fine_tune_epochs=2"

Each split shuffles the 8,000 pictures anew into 6,000 for training, 1,000 that choose the epoch and
1,000 for the test. Settings are to be chosen by the eval column. The logistic regression is given
its best strength by mean test accuracy: the comparison leans to its side.
"""

import argparse
import math
import os
import resource
import statistics
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from components.trainer.pictures.config import ImageSettings
from components.trainer.transfer.batches import Rows
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

STRENGTHS = (0.03, 0.1, 0.3)
"""Inverse strengths of regularisation (C) that logistic regression may choose from."""

Labels = npt.NDArray[np.int64]


def main() -> None:
    """Measure and print one line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--no-linear", dest="linear", action="store_false")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    settings = ImageSettings.model_validate(dict(item.split("=", 1) for item in arguments.set))
    print(f"settings: {settings!r}")

    table = pq.read_table(sample())
    pictures: list[bytes] = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    pixels = _pixels(pictures)
    print("split  pixels " + " ".join(f"C={c:<4}" for c in STRENGTHS), end="")
    print("   recipe: frozen eval   eval   test   wall s  CPU s")
    rows = []
    for seed in range(arguments.first, arguments.first + arguments.splits):
        order = np.random.default_rng(seed).permutation(len(labels))
        parts = np.split(order, [6000, 7000])
        row = _linear(pixels, labels, parts) if arguments.linear else {}
        rows.append(row | _recipe(pictures, labels, parts, settings, seed))
        _show(str(seed), rows[-1])
    mean = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
    _show("mean", mean)
    if arguments.linear:
        best = max(mean[f"C={strength}"] for strength in STRENGTHS)
        print(f"gain over the best logistic regression: {100 * (mean['test'] - best):.2f} points")


def _show(name: str, row: dict[str, float]) -> None:
    linear = " ".join(f"{row.get(f'C={strength}', math.nan):.4f}" for strength in STRENGTHS)
    print(
        f"{name:13} {linear} {row['frozen_eval']:21.4f} {row['eval']:6.4f} {row['test']:6.4f} "
        f"{row['wall']:8.1f} {row['cpu']:6.1f}",
        flush=True,
    )


def _pixels(pictures: list[bytes]) -> npt.NDArray[np.float32]:
    import tensorflow as tf

    decoded = [tf.io.decode_png(picture).numpy().ravel() for picture in pictures]
    return np.stack(decoded).astype(np.float32) / 255  # (pictures, 784)


def _linear(
    pixels: npt.NDArray[np.float32], labels: Labels, parts: list[Labels]
) -> dict[str, float]:
    """Test accuracy of logistic regression on the same rows, for each strength."""
    train, _, test = parts
    scores = {}
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=1000).fit(pixels[train], labels[train])
        scores[f"C={strength}"] = float(model.score(pixels[test], labels[test]))
    return scores


def _recipe(
    pictures: list[bytes], labels: Labels, parts: list[Labels], settings: ImageSettings, seed: int
) -> dict[str, float]:
    import tensorflow as tf

    from components.trainer.pictures.decoding import decode
    from components.trainer.pictures.recipe import fit_images

    train, evaluation, test = (Rows([pictures[i] for i in part], labels[part]) for part in parts)
    wall, cpu = time.perf_counter(), _cpu()
    settings = settings.model_copy(update={"seed": seed})
    trained = fit_images(train, evaluation, settings, Task.MULTICLASS, len(CLASSES), _quiet)
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu

    @tf.function
    def answers(encoded: Any) -> Any:
        return tf.argmax(trained.model(decode(encoded, trained.picture_size), training=False), 1)

    found = np.concatenate([answers(tf.constant(batch)).numpy() for batch, _, _ in test])
    frozen = [epoch for epoch in trained.history if epoch["phase"] == "head"]
    return {
        "frozen_eval": max(epoch["eval_accuracy"] for epoch in frozen),
        "eval": max(epoch["eval_accuracy"] for epoch in trained.history),
        "test": float(np.mean(found == test.labels)),
        "wall": wall,
        "cpu": cpu,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _quiet(event: dict[str, Any]) -> None:
    pass


if __name__ == "__main__":
    main()
