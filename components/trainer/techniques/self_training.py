"""Pseudo-labels in rounds: each round trains from the beginning on labels and on what is sure.

D.-H. Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural
Networks"; that the student of one round labels for the next is from Xie et al. 2020, "Self-training
with Noisy Student improves ImageNet classification".
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.heads import HEADS
from components.trainer.learned import Learned, Outputs
from components.trainer.spec import Spec
from components.trainer.techniques.pseudo_labels import Taken, answered, chosen, take
from components.trainer.techniques.semi_config import SemiSection
from components.trainer.techniques.warm_start import Start
from components.trainer.transfer.batches import Array
from data.metrics import METRICS

logger = logging.getLogger(__name__)

Learner = Callable[[Spec, ExampleFiles, ExampleFiles], Learned]
_ROWS = 1024


@dataclass(frozen=True)
class Rows:
    """What there is to learn from."""

    train: ExampleFiles
    evaluation: ExampleFiles
    unlabelled: ExampleFiles
    taught: ExampleFiles | None
    """The same rows with a teacher's outputs beside a label that is none; None: nobody teaches."""
    with_more: Callable[[Sequence[str]], ExampleFiles]
    """The training split and the rows of other files."""
    spread: Callable[[], Array] | None = None
    """How probable each class is for the rows without labels, (rows, classes) in the order of their
    files, where labels spread to them; None: models label."""


def self_train(
    learn: Learner, spec: Spec, rows: Rows, section: SemiSection, label: str, folder: Path
) -> Learned:
    """Trains once on the labelled rows and once more a round; the best of them on eval.

    A round that takes no row, or the same rows as the one before, ends it.

    Args:
      learn: who learns.
      spec: what from and how; each round has checkpoints and logs of its own.
      rows: the splits.
      section: rounds, confidence.
      label: the label's name.
      folder: where taken rows are kept while this runs.

    Returns:
      The best round's model. Its history has `semi` too: `confidence`, `share`, `teacher` and `rounds`, a dict each:
      round, rows (labelled and taken), eval_<metric>, best, and from the first on taken, of (how many
      were asked), per_class; `ended`, where it did before the last round.
    """
    metric = HEADS[spec.task].metrics()[0].name
    sign = 1 if METRICS[metric].higher_is_better else -1
    told: list[dict[str, Any]] = []
    best: Learned | None = None
    latest: Learned | None = None
    before, ended, highest, kept = "", "", float("-inf"), 0
    for number in range(section.rounds + 1):
        train, facts = rows.train, {}
        if latest is not None:
            file = folder / f"round-{number}.gz"
            taken = _label(latest, number, spec, rows, section, label, file)
            ended = _nothing_new(taken, before, number)
            if ended:
                logger.info("pseudo-labels: %s", ended)
                break
            before = taken.digest
            train = rows.with_more([str(taken.file)])
            facts = {"taken": taken.rows, "of": taken.asked, "per_class": taken.per_class}
        keras.utils.set_random_seed(spec.settings.seed)
        latest = learn(_of_round(spec, number), train, rows.evaluation)
        assert latest.outputs is not None  # tasks with one class a row have them
        measured = measure(latest.outputs, spec, rows.evaluation)
        score = sign * measured[f"eval_{metric}"]
        if best is None or score > highest:
            best, highest = latest, score
        told.append({"round": number, "rows": train.rows, **facts, **measured})
        kept = number if best is latest else kept
    assert best is not None
    told = [{**each, "best": each["round"] == kept} for each in told]
    labels = section.teacher if section.method == "self" else section.method
    semi = {"confidence": section.least, "share": section.share, "teacher": labels, "rounds": told}
    return replace(
        best, history={**best.history, "semi": semi | ({"ended": ended} if ended else {})}
    )


def measure(outputs: Outputs, spec: Spec, evaluation: ExampleFiles) -> dict[str, float]:
    """eval_<metric> for each of the task's metrics, weighted where rows have weights."""
    metrics = HEADS[spec.task].metrics()
    run = tf.function(outputs, autograph=False, reduce_retracing=True)
    for features, labels, *weights in evaluation.batches(_ROWS):
        found = run(features)
        for metric in metrics:
            metric.update_state(labels, found, sample_weight=weights[0] if weights else None)
    return {f"eval_{metric.name}": float(metric.result()) for metric in metrics}


def _label(
    latest: Learned,
    number: int,
    spec: Spec,
    rows: Rows,
    section: SemiSection,
    label: str,
    file: Path,
) -> Taken:
    if rows.spread is not None:
        probabilities = rows.spread()
        numbers, probability = probabilities.argmax(axis=1), probabilities.max(axis=1)
    elif number == 1 and rows.taught is not None:
        numbers, probability = answered(
            rows.taught, lambda features, pairs: pairs[:, -spec.units :], spec.task
        )
    else:
        outputs = latest.outputs
        assert outputs is not None
        numbers, probability = answered(
            rows.unlabelled, lambda features, labels: outputs(features), spec.task
        )
    classes = list(spec.classes)
    shares = np.bincount(rows.train.labels.astype(np.int64), minlength=len(classes))
    taken = chosen(numbers, probability, section.least, section.share, shares / shares.sum())
    return take(rows.unlabelled, numbers, taken, classes, label, file)


def _nothing_new(taken: Taken, before: str, number: int) -> str:
    """Why a round would be for nothing; empty where it is not."""
    if not taken.rows:
        return f"round {number} found no row sure enough among {taken.asked}"
    if taken.digest == before:
        return f"round {number} took the same rows with the same labels as the one before"
    return ""


def _of_round(spec: Spec, number: int) -> Spec:
    part = f"round-{number}"
    run = replace(
        spec.run,
        checkpoints=spec.run.checkpoints.part(part),
        logs=spec.run.logs.part(part),
        start=Start(spec.run.start.path) if spec.run.start else None,
    )
    return replace(spec, run=run)
