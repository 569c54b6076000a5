"""What a teacher's soft targets are worth to a small student of the fashion pictures, paired over seeds.

    make bench-distil-fashion                                       # 600 labels, 5,400 pictures without
    make bench-distil-fashion ARGS="--labelled 6000 --teacher-epochs 4"    # every label known

Each seed shuffles the 8,000 committed pictures into 6,000 for training, 1,000 that choose the epoch
and 1,000 for the test, and keeps the labels of the first 600, equally many of each class. The teacher
(efficientnet-lite0) learns those. One student (small-cnn, 28 pixels) learns the labels alone, the other
labels and the teacher's answers to all 6,000 pictures, by the loss and recipe that `[distill]` has with
`data.unlabelled`; the same first weights, nearly the same number of steps. Temperature and alpha are
the defaults; nothing was chosen on these splits.
"""

import argparse
import os
import statistics
import time
from dataclasses import replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from components.trainer.pictures.config import ImageSettings
from components.trainer.techniques.distill_config import DistillSection
from components.trainer.techniques.distillation import Teaching
from components.trainer.techniques.run import TrainingRun
from components.trainer.transfer.batches import Rows
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

STUDENT = ImageSettings(
    backbone="small-cnn",
    size=28,
    fine_tune_epochs=1,
    fine_tune_rate=3e-3,
    mirror=False,
    dropout=0.0,
)
Labels = npt.NDArray[np.int64]


def main() -> None:
    """Measure and print one line per seed, then means and the paired gain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--labelled", type=int, default=600, help="of 6,000")
    parser.add_argument("--steps", type=int, default=1200, help="of a student")
    parser.add_argument("--teacher-epochs", type=int, default=0, help="of fine-tuning; 0: a head")
    arguments = parser.parse_args()
    table = pq.read_table(sample())
    pictures: list[bytes] = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    print("seed  teacher  labels alone  with the teacher    gain  wall s", flush=True)
    found = []
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        started = time.perf_counter()
        found.append(_seed(pictures, labels, seed, arguments))
        teacher, hard, soft = found[-1]
        print(
            f"{seed:4}  {teacher:7.4f}  {hard:12.4f}  {soft:16.4f}  {100 * (soft - hard):+6.2f}"
            f"  {time.perf_counter() - started:6.0f}",
            flush=True,
        )
    gains = [100 * (soft - hard) for _, hard, soft in found]
    means = [statistics.mean(column) for column in zip(*found, strict=True)]
    spread = statistics.stdev(gains) if len(gains) > 1 else float("nan")
    print(
        f"mean  {means[0]:7.4f}  {means[1]:12.4f}  {means[2]:16.4f}  {statistics.mean(gains):+6.2f}"
    )
    print(f"paired gain: {statistics.mean(gains):.2f} points, sd {spread:.2f}, {len(gains)} seeds")


def _seed(
    pictures: list[bytes], labels: Labels, seed: int, arguments: argparse.Namespace
) -> tuple[float, float, float]:
    order = np.random.default_rng(seed).permutation(len(labels))
    train, evaluation, test = np.split(order, [6000, 7000])
    known = _equally_many(train, labels, arguments.labelled)
    hidden = np.setdiff1d(train, known)
    judges = Rows([pictures[i] for i in evaluation], labels[evaluation])

    def rows(part: Labels) -> Rows:
        return Rows([pictures[i] for i in part], labels[part])

    def fit(settings: ImageSettings, data: Rows, run: TrainingRun | None = None) -> Any:
        settings = settings.model_copy(update={"seed": seed})
        from components.trainer.pictures.recipe import fit_images

        return fit_images(
            data, judges, settings, Task.MULTICLASS, len(CLASSES), lambda event: None, run=run
        )

    teacher = fit(
        ImageSettings(precision="float32", fine_tune_epochs=arguments.teacher_epochs), rows(known)
    )
    everything = np.concatenate([known, hidden])
    answers = _log_probabilities(teacher, [pictures[i] for i in everything])
    given = np.concatenate([labels[known].astype(np.float32), np.full(len(hidden), np.nan)])
    pairs = np.concatenate([given[:, None], answers], axis=1).astype(np.float32)
    section = DistillSection()
    taught = replace(TrainingRun(), teaching=Teaching(section.temperature, section.alpha))
    student = STUDENT.model_copy(update={"least_steps": arguments.steps})
    hard = fit(student, rows(known))
    soft = fit(student, Rows([pictures[i] for i in everything], pairs), taught)
    return (
        _accuracy(teacher, rows(test)),
        _accuracy(hard, rows(test)),
        _accuracy(soft, rows(test)),
    )


def _equally_many(train: Labels, labels: Labels, count: int) -> Labels:
    if count >= len(train):
        return train
    each = count // len(CLASSES)
    return np.concatenate([train[labels[train] == c][:each] for c in range(len(CLASSES))])


def _log_probabilities(trained: Any, pictures: list[bytes]) -> npt.NDArray[np.float32]:
    """What a served teacher answers, as components/trainer/techniques/teacher.py takes it."""
    import tensorflow as tf

    from components.trainer.pictures.decoding import decode

    @tf.function
    def ask(encoded: Any) -> Any:
        logits = trained.model(decode(encoded, trained.picture_size), training=False)
        return tf.nn.log_softmax(logits)

    parts = [pictures[start : start + 200] for start in range(0, len(pictures), 200)]
    return np.concatenate([ask(tf.constant(part)).numpy() for part in parts])


def _accuracy(trained: Any, rows: Rows) -> float:
    found = _log_probabilities(trained, rows.pictures).argmax(axis=1)
    return float(np.mean(found == rows.labels))


if __name__ == "__main__":
    main()
