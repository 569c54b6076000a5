"""What keeping a frozen network's features saves: an epoch of the head with them, and without.

    make bench-frozen-epoch

The committed fashion pictures, 6,000 for training, the preset's backbone and size, mirror images off, so
that both ways see the same pictures: the features of every picture once, by the Trainer's own
function, then epochs of the head on them by its own loop. Recomputing costs an epoch the features
again. Tracing is in neither figure: the first epoch is left out, and from the features' time that of
a few pictures, nearly all of it tracing, is taken away.
"""

import argparse
import os
import statistics
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pyarrow.parquet as pq

from components.trainer.heads import HEADS
from components.trainer.pictures.config import ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.network import build_network
from components.trainer.transfer import phases
from components.trainer.transfer.activations import Activations, Shelf, compute_activations
from components.trainer.transfer.batches import Rows
from components.trainer.transfer.best import Best
from components.trainer.transfer.recipe import build_head
from components.trainer.transfer.throttle import Throttle
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

TRAINED, JUDGED, EPOCHS = 6000, 64, 6


def main() -> None:
    """Measure and print both epochs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=ImageSettings().size)
    arguments = parser.parse_args()
    settings = ImageSettings(size=arguments.size, precision="float32")
    table = pq.read_table(sample()).slice(0, TRAINED + JUDGED)
    pictures = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    network = build_network(settings, "float32")
    quiet = Throttle(lambda event: None)

    def features(first: int, after: int) -> tuple[Activations, float]:
        rows = Rows(pictures[first:after], labels[first:after])
        began = time.perf_counter()
        kept = compute_activations(
            rows,
            lambda pixels: network.upper(network.lower(pixels), False),
            lambda encoded: decode(encoded, settings.size),
            False,
            Shelf(settings.cache_megabytes),
            quiet,
        )
        return kept, time.perf_counter() - began

    judges, tracing = features(TRAINED, TRAINED + JUDGED)
    rows, once = features(0, TRAINED)
    once -= tracing
    head = build_head(network.channels, len(CLASSES), 0.3, 0, Task.MULTICLASS, rows.labels)

    def answers(pooled: Any, training: bool) -> Any:
        return head(pooled, training=training)

    keras.utils.set_random_seed(0)
    phase = phases.Phase(
        "head",
        answers,
        head.trainable_variables,
        EPOCHS,
        settings.head_rate,
        settings.batch_size,
        others=head.non_trainable_variables,
    )
    history = phases.train(
        phase,
        rows,
        judges,
        HEADS[Task.MULTICLASS],
        Best(head.trainable_variables, "accuracy"),
        np.random.default_rng(0),
        quiet,
    )
    epoch = statistics.median(entry["seconds"] for entry in history[1:])
    print(f"{TRAINED} pictures at {settings.size} px")
    print(f"an epoch of the head on kept features: {epoch:.2f} s")
    print(f"their features, what recomputing adds:  {once:.2f} s")
    print(f"an epoch that recomputes takes {(once + epoch) / epoch:.0f} times as long")


if __name__ == "__main__":
    main()
