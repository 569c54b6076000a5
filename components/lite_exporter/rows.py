"""Real rows as the SavedModel's signatures take them, what the network takes of them, their labels."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from data.signatures import PREDICTION, SCORES
from data.tasks import Task

Array: TypeAlias = npt.NDArray[Any]
_BATCH = 64


def read(examples: Path, split: str, count: int) -> list[bytes]:
    """The first serialized tf.Examples of a split of an Examples artifact.

    Raises:
      FileNotFoundError: there is none.
    """
    files = sorted(str(file) for file in (examples / f"Split-{split}").glob("*"))
    found = []
    if files:
        records = tf.data.TFRecordDataset(files, compression_type="GZIP")
        found = [record.numpy() for record in islice(records, count)]
    if not found:
        raise FileNotFoundError(f"the {split} split has no rows to make smaller models with")
    return found


class Asked:
    """A SavedModel's signatures of plain columns, asked serialized tf.Examples."""

    def __init__(self, model: Path) -> None:
        """Args:
        model: the SavedModel's folder.
        """
        self._model = model
        self._loaded = tf.saved_model.load(str(model))

    def ask(self, signature: str, rows: Sequence[bytes]) -> dict[str, Array]:
        """{output: (rows, ...)}."""
        function = self._loaded.signatures[signature]
        dtypes = _inputs(self._model, signature)
        parts: list[dict[str, Array]] = []
        for start in range(0, len(rows), _BATCH):
            answer = function(**columns(rows[start : start + _BATCH], dtypes))
            parts.append({name: value.numpy() for name, value in answer.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def columns(rows: Sequence[bytes], dtypes: dict[str, tf.DType]) -> dict[str, tf.Tensor]:
    """Plain columns, (rows,) each: a missing number is NaN, a missing text "".

    Args:
      rows: serialized tf.Examples.
      dtypes: of the columns, as the signature takes them; whole numbers are its float64 ones.
    """
    kinds = {tf.float64: tf.int64}
    parsed = tf.io.parse_example(
        tf.constant(list(rows)),
        {name: tf.io.VarLenFeature(kinds.get(dtype, dtype)) for name, dtype in dtypes.items()},
    )
    found = {}
    for name, dtype in dtypes.items():
        sparse = parsed[name]
        missing: Any = "" if dtype == tf.string else np.nan
        values = tf.SparseTensor(sparse.indices, tf.cast(sparse.values, dtype), [len(rows), 1])
        found[name] = tf.sparse.to_dense(values, missing)[:, 0]
    return found


def numbers(answer: dict[str, Array]) -> Array:
    """The part of a SavedModel's answer that a network gives: (rows, classes), or (rows, 1)."""
    found = answer[SCORES] if SCORES in answer else answer[PREDICTION]
    return found.reshape(len(found), -1)


def truth(rows: Sequence[bytes], label: str, task: Task, classes: list[str]) -> Array:
    """Labels: class numbers (rows,), (rows, classes) of 0 and 1, or values (rows,)."""
    features = [tf.train.Example.FromString(row).features.feature[label] for row in rows]
    if task is Task.REGRESSION:
        return np.array([feature.float_list.value[0] for feature in features], np.float64)
    named = [[name.decode() for name in feature.bytes_list.value] for feature in features]
    if task is Task.MULTILABEL:
        return np.array([[float(name in names) for name in classes] for names in named])
    return np.array([classes.index(names[0]) for names in named])


def _inputs(model: Path, signature: str) -> dict[str, tf.DType]:
    """Inputs of a signature as they are called in the file: a loaded function names them otherwise
    where a column could not be a parameter of one.
    """
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    found = saved.meta_graphs[0].signature_def[signature].inputs
    return {name: tf.as_dtype(found[name].dtype) for name in sorted(found)}
