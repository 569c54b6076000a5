"""How well the fashion recipe does on the committed sample, against logistic regression on pixels.

    PYTHONPATH=. python tests/benchmarks/fashion_quality.py --splits 5
    PYTHONPATH=. python tests/benchmarks/fashion_quality.py --set size=80 --set fine_tune_epochs=2

Each split shuffles the 8,000 pictures anew into 6,000 for training, 1,000 that choose (epoch,
regularisation) and 1,000 for the test. Settings are to be chosen by the eval column.
"""

import argparse
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

from components.trainer.batches import Rows
from components.trainer.image_config import ImageSettings
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

Labels = npt.NDArray[np.int64]


def main() -> None:
    """Measure and print one line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    settings = ImageSettings.model_validate(dict(item.split("=", 1) for item in arguments.set))
    print(f"settings: {settings!r}")

    table = pq.read_table(sample())
    pictures: list[bytes] = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    pixels = _pixels(pictures)
    print("split  pixels: eval   test   recipe: frozen eval   eval   test     gain   wall s  CPU s")
    rows = []
    for seed in range(arguments.first, arguments.first + arguments.splits):
        order = np.random.default_rng(seed).permutation(len(labels))
        parts = np.split(order, [6000, 7000])
        row = {**_linear(pixels, labels, parts), **_recipe(pictures, labels, parts, settings, seed)}
        rows.append(row)
        _show(str(seed), row)
    _show("mean", {key: statistics.mean(row[key] for row in rows) for key in rows[0]})


def _show(name: str, row: dict[str, float]) -> None:
    gain = 100 * (row["test"] - row["linear_test"])
    print(
        f"{name:5} {row['linear_eval']:13.4f} {row['linear_test']:6.4f} {row['frozen_eval']:20.4f} "
        f"{row['eval']:6.4f} {row['test']:6.4f} {gain:+6.2f} pt {row['wall']:8.1f} {row['cpu']:6.1f}",
        flush=True,
    )


def _pixels(pictures: list[bytes]) -> npt.NDArray[np.float32]:
    import tensorflow as tf

    decoded = [tf.io.decode_png(picture).numpy().ravel() for picture in pictures]
    return np.stack(decoded).astype(np.float32) / 255  # (pictures, 784)


def _linear(
    pixels: npt.NDArray[np.float32], labels: Labels, parts: list[Labels]
) -> dict[str, float]:
    """Logistic regression on the same rows; its strength of regularisation is chosen on eval."""
    train, evaluation, test = parts
    best = {"linear_eval": 0.0, "linear_test": 0.0}
    for strength in (0.01, 0.1, 1.0):
        model = LogisticRegression(C=strength, max_iter=2000).fit(pixels[train], labels[train])
        score = float(model.score(pixels[evaluation], labels[evaluation]))
        if score > best["linear_eval"]:
            tested = float(model.score(pixels[test], labels[test]))
            best = {"linear_eval": score, "linear_test": tested}
    return best


def _recipe(
    pictures: list[bytes], labels: Labels, parts: list[Labels], settings: ImageSettings, seed: int
) -> dict[str, float]:
    import tensorflow as tf

    from components.trainer.image_recipe import fit_images
    from components.trainer.pictures import decode

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
