"""A model as its callers see it: what it answers to real rows, how long that takes, how large it is."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from data.signatures import CHOSEN, CLASS, EXAMPLES_INPUT, PREDICTION, SERVING_EXAMPLES
from data.tasks import Task

Array: TypeAlias = npt.NDArray[Any]

METRICS = {
    Task.BINARY: "accuracy",
    Task.MULTICLASS: "accuracy",
    Task.MULTILABEL: "hamming_loss",
    Task.REGRESSION: "mae",
}
"""What student and teacher are compared by."""

_ROUNDS = 5


class Measured:
    """A SavedModel and its answers."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: a SavedModel with the signature `serving_examples`.
        """
        self._path = path
        self._loaded = tf.saved_model.load(str(path))
        self._ask = self._loaded.signatures[SERVING_EXAMPLES]

    @property
    def parameters(self) -> int:
        """How many numbers it has learned or keeps."""
        kept = tf.train.load_checkpoint(str(self._path / "variables" / "variables"))
        dtypes = kept.get_variable_to_dtype_map()
        shapes = kept.get_variable_to_shape_map()
        return sum(int(np.prod(shapes[n])) for n, dtype in dtypes.items() if dtype.is_floating)

    def quality(self, rows: Sequence[bytes], task: Task, label: str, classes: list[str]) -> float:
        """The task's metric (`METRICS`) on serialized tf.Examples with their labels."""
        wrong: list[Array] = []
        for start in range(0, len(rows), 256):
            part = list(rows[start : start + 256])
            answer = self._answer(part)
            truth = [tf.train.Example.FromString(row).features.feature[label] for row in part]
            wrong.append(_errors(answer, truth, task, classes))
        mean = float(np.concatenate(wrong).mean())
        return 1.0 - mean if METRICS[task] == "accuracy" else mean

    def ask(self, rows: Sequence[bytes], batch: int) -> float:
        """Asks once about every row, `batch` of them at a time; returns the seconds it took."""
        started = time.perf_counter()
        for start in range(0, len(rows), batch):
            self._answer(list(rows[start : start + batch]))
        return time.perf_counter() - started

    def _answer(self, rows: list[bytes]) -> dict[str, Array]:
        outputs = self._ask(**{EXAMPLES_INPUT: tf.constant(rows)})
        return {name: value.numpy() for name, value in outputs.items()}


def seconds_per_row(models: Sequence[Measured], rows: Sequence[bytes], batch: int) -> list[float]:
    """Of each model, the best of several rounds in turn: other work on the machine slows all."""
    rows = rows[: max(batch, len(rows) // batch * batch)]  # whole batches
    best = [float("inf")] * len(models)
    for model in models:
        model.ask(rows[:batch], batch)  # traces, allocates
    for _ in range(_ROUNDS):
        for number, model in enumerate(models):
            best[number] = min(best[number], model.ask(rows, batch) / len(rows))
    return best


def _errors(answer: dict[str, Array], truth: list[Any], task: Task, classes: list[str]) -> Array:
    """(rows,): 1 for wrong, the share of wrong labels, or the distance."""
    if task is Task.REGRESSION:
        values = [feature.float_list.value[0] for feature in truth]
        return np.abs(answer[PREDICTION].ravel() - np.array(values, np.float64))
    named = [[name.decode() for name in feature.bytes_list.value] for feature in truth]
    if task is Task.MULTILABEL:
        hot = np.array([[name in names for name in classes] for names in named])
        return np.mean(hot != answer[CHOSEN].astype(bool), axis=1)
    said = [name.decode() for name in answer[CLASS].ravel()]
    return np.array([float([s] != names) for s, names in zip(said, named, strict=True)])
