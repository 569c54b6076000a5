"""What learning inputs before labels adds where labels are few: pictures and columns.

    make bench-pretrain-gain ARGS="--seeds 3"

pictures  Fashion-MNIST, the splits of `make bench-semi-fashion`: 600 labelled pictures, 5,400 without
          a label, 1,000 that choose the epoch, 1,000 for the test; small-cnn on pixels. Accuracy.
columns   `taxi`, each seed shuffles it anew: 600 labelled trips, 11,400 without, 1,500 that choose the
          epoch, 1,502 for the test; the preset's network. AUC.

Each is trained from new weights and from those of `[pretrain]`; everything else is equal, the seed too.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

sys.path.insert(0, str(Path(__file__).parent))

import semi_fashion as pictures
import split_run
from sklearn.metrics import roc_auc_score

from components.trainer.techniques.pretrain_config import PretrainSection
from pipeline.config import load
from pipeline.prepare import prepare

LABELLED = 600


def main() -> None:
    """Measures and prints a line per seed, then the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--of", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--epochs", type=int, default=10, help="of pre-training")
    parser.add_argument("--steps", type=int, default=1200, help="pictures: at least so many")
    arguments = parser.parse_args()
    for kind in arguments.of:
        print(f"{kind}\nseed    alone  pretrained  seconds", flush=True)
        with tempfile.TemporaryDirectory(prefix="pretrain-gain-") as folder:
            measure = KINDS[kind](arguments, Path(folder))
            lines = []
            for seed in range(arguments.seeds):
                began = time.perf_counter()
                lines.append(measure(seed))
                seconds = time.perf_counter() - began
                print(
                    f"{seed:4} {lines[-1][0]:8.4f} {lines[-1][1]:11.4f} {seconds:8.0f}", flush=True
                )
        gains = [100 * (after - before) for before, after in lines]
        spread = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
        print(
            f"mean {statistics.mean(gains):+.2f} points (standard error {spread:.2f})", flush=True
        )


def _pictures(arguments: Any, folder: Path) -> Callable[[int], tuple[float, float]]:
    from components.trainer.examples import ExampleFiles
    from components.trainer.pictures.learner import learn
    from components.trainer.techniques.run import Pretraining

    graph = pictures._graph(folder)
    section = PretrainSection(epochs=arguments.epochs, noise=0.5)

    def measure(seed: int) -> tuple[float, float]:
        files, _, test = pictures._write(seed, folder / str(seed))
        image = {**pictures.NETWORK, "seed": seed, "least_steps": arguments.steps}
        plain = pictures._spec(graph, files, image)
        train, evaluation, every = (
            ExampleFiles([files[name] for name in names], graph, "label")
            for names in (["train"], ["eval"], ["train", "unlabelled"])
        )
        run = replace(plain.run, pretraining=Pretraining(section, every))
        found = [
            pictures._accuracy(learn(spec, train, evaluation).outputs, *test)
            for spec in (plain, replace(plain, run=run))
        ]
        return found[0], found[1]

    return measure


def _columns(arguments: Any, folder: Path) -> Callable[[int], tuple[float, float]]:
    import numpy as np
    import tensorflow as tf

    from components.trainer.entry import run_fn

    prepared = prepare(load("taxi"), folder)
    table = split_run.read(prepared)
    truth = np.array([str(v) == prepared.classes[-1] for v in table[prepared.label].to_pylist()])
    section = PretrainSection(epochs=arguments.epochs)

    def measure(seed: int) -> tuple[float, float]:
        parts = split_run.shuffled(len(truth), seed)
        here = folder / str(seed)
        split_run.lay_out(prepared, table, parts, here)
        records = tf.data.TFRecordDataset(sorted(map(str, here.glob("train-*.gz"))), "GZIP")
        unlabelled = here / "Split-unlabelled"
        unlabelled.mkdir()
        for file, rows in (
            (here / "few.gz", records.take(LABELLED)),
            (unlabelled / "rest.gz", records.skip(LABELLED)),
        ):
            with tf.io.TFRecordWriter(str(file), "GZIP") as writer:
                for row in rows:
                    writer.write(row.numpy())
        found = []
        for pretrain in ("{}", section.model_dump_json()):
            given = split_run.arguments(prepared, seed, here)
            given.train_files = [str(here / "few.gz"), str(unlabelled / "*.gz")]
            given.custom_config |= {"pretrain": pretrain}
            given.serving_model_dir = str(here / f"model-{len(found)}")
            run_fn(given)
            (here / "model").unlink(missing_ok=True)
            (here / "model").symlink_to(given.serving_model_dir)
            scores = split_run.Run(here, {}).answers("test")["score"]
            found.append(float(roc_auc_score(truth[parts[2]], scores)))
        told = json.loads((here / "run" / "history.json").read_text())
        assert told["pretrain"], "nothing was pre-trained"
        return found[0], found[1]

    return measure


KINDS: dict[str, Callable[[Any, Path], Callable[[int], tuple[float, float]]]] = {
    "pictures": _pictures,
    "columns": _columns,
}

if __name__ == "__main__":
    main()
