"""Another model, asked as its callers ask it: a SavedModel with the signatures of the contract."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.trainer.signature_names import input_dtypes
from components.trainer.transfer.batches import Array
from data.saved_models import latest
from data.signatures import CLASS, PREDICTION, SCORE, SCORES, SERVING_DEFAULT
from data.tasks import Task

_CERTAIN = 1e-7
"""Probabilities of a sigmoid are kept so far from 0 and 1, where log-odds would be infinite."""
_LEAST = 1e-30
"""The least probability of a softmax, which float32 resolves much better than near 1."""


class TeacherError(ValueError):
    """A model that cannot teach this one; the message says why."""


class Teacher:
    """Plain outputs, as a model has them before sigmoid or softmax, from a model that is served."""

    def __init__(self, place: Path, task: Task, classes: list[str]) -> None:
        """Args:
        place: a SavedModel, or a folder of versions.
        task: what the label asks.
        classes: in the order of the outputs.

        Raises:
          TeacherError: no model, or none of this task.
        """
        found = latest(place)
        if found is None:
            raise TeacherError(f"no SavedModel and no version of one at {place}")
        self.path = found
        self._task, self._classes = task, classes
        self._loaded = tf.saved_model.load(str(self.path))  # its variables live as long as it does
        signature = self._loaded.signatures.get(SERVING_DEFAULT)
        wanted = {
            Task.BINARY: SCORE,
            Task.MULTICLASS: SCORES,
            Task.MULTILABEL: SCORES,
            Task.REGRESSION: PREDICTION,
        }.get(task)
        if wanted is None:
            raise TeacherError(f"task {task.value} has no plain outputs that could be learned from")
        if signature is None or wanted not in signature.structured_outputs:
            raise TeacherError(
                f"{self.path} has no '{SERVING_DEFAULT}' that answers '{wanted}': it is no model of "
                f"task {task.value}"
            )
        self._signature, self._wanted = signature, wanted
        self._inputs = input_dtypes(str(self.path), SERVING_DEFAULT)

    @property
    def columns(self) -> list[str]:
        """The raw columns it asks for."""
        return list(self._inputs)

    @property
    def parameters(self) -> int:
        """How many numbers it has learned or keeps; counters and tables of words do not count."""
        return sum(
            int(np.prod(variable.shape))
            for variable in self._loaded.variables
            if variable.dtype.is_floating
        )

    def outputs(self, columns: Mapping[str, Any]) -> Array:
        """Log-odds, log-probabilities (logits but for a constant a row) or values.

        Args:
          columns: raw columns by name, (batch,) each; a missing number is NaN, a missing text "".

        Returns:
          (batch, units) float32.

        Raises:
          TeacherError: a column it needs is not there, or its classes are others.
        """
        lacking = [name for name in self._inputs if name not in columns]
        if lacking:
            raise TeacherError(
                f"{self.path} asks for columns that are not there: {', '.join(lacking)}. "
                f"There are: {', '.join(columns)}"
            )
        answer = self._signature(
            **{name: _as(dtype, columns[name]) for name, dtype in self._inputs.items()}
        )
        found = answer[self._wanted].numpy().astype(np.float64)
        if self._task is Task.REGRESSION:
            return found.reshape(-1, 1).astype(np.float32)
        self._check_classes(answer, found)
        if self._task is Task.MULTICLASS:
            return np.log(np.maximum(found, _LEAST)).astype(np.float32)
        inside = np.clip(found, _CERTAIN, 1.0 - _CERTAIN)
        odds = np.log(inside) - np.log1p(-inside)
        return odds.reshape(len(found), -1).astype(np.float32)

    def _check_classes(self, answer: Mapping[str, Any], found: Array) -> None:
        width = 1 if self._task is Task.BINARY else len(self._classes)
        if found.reshape(len(found), -1).shape[1] != width:
            raise TeacherError(
                f"{self.path} knows {found.shape[1]} classes. Expected: {', '.join(self._classes)}"
            )
        if CLASS not in answer:
            return
        said = [name.decode() for name in answer[CLASS].numpy().ravel()]
        numbers = found > 0.5 if self._task is Task.BINARY else found.argmax(axis=1)
        meant = [self._classes[int(number)] for number in numbers.ravel()]
        if said != meant:
            wrong = next((s, m) for s, m in zip(said, meant, strict=True) if s != m)
            raise TeacherError(
                f"{self.path} has other classes, or another order of them: it says '{wrong[0]}' "
                f"where this one says '{wrong[1]}'"
            )


def _as(dtype: Any, column: Any) -> Any:
    """A column as the signature takes it; whole numbers may come as text, missing ones as "nan"."""
    column = tf.convert_to_tensor(column)
    if column.dtype == tf.string and dtype != tf.string:
        column = tf.strings.to_number(column, tf.float64)
    return tf.cast(column, dtype)
