"""What a model server was asked and answered, read from its request log: TFRecords of PredictionLog."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.signatures import EXAMPLES_INPUT, SCORES

Row = dict[str, list[Any]]
"""{column: its values}; none where it is missing: NaN for a number, "" for a text."""


@dataclass
class Requests:
    """A sample of the rows, and counts of all of them."""

    sample: list[Row] = field(default_factory=list)
    rows: int = 0
    requests: int = 0
    versions: Counter[int] = field(default_factory=Counter)
    """Rows by the model's version."""
    first: int = 0
    """Unix seconds of the first request; 0: there is none, or the log has no times."""
    last: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    """{class: sum of its scores over `answered` rows}."""
    answered: int = 0
    other: int = 0
    """Records without rows of a model: other calls than predict, classify and regress."""
    cut_off: list[Path] = field(default_factory=list)
    """Files whose last record is not whole: the server writes it, or was killed."""


def read(
    files: Sequence[Path],
    classes: Callable[[int], Sequence[str]] = lambda version: (),
    since: int = 0,
    keep: int = 100_000,
    leave_out: Iterable[str] = (),
) -> Requests:
    """Reads request logs, of this project's server or of TensorFlow Serving.

    Args:
      files: TFRecord files, uncompressed.
      classes: by version of the model the names of its classes, in the order of `scores`.
      since: Unix seconds; what is older is not looked at.
      keep: rows in the sample; where there are more, each has the same chance (Vitter 1985,
        algorithm R, seed 0).
      leave_out: columns that are not kept, such as pictures.

    Raises:
      ValueError: a file holds something else.
    """
    from google.protobuf.message import DecodeError
    from tensorflow_serving.apis import prediction_log_pb2

    found, chance, unwanted = Requests(), random.Random(0), frozenset(leave_out)
    for file in files:
        for record in _records(file, found):
            try:
                log = prediction_log_pb2.PredictionLog.FromString(record)
            except DecodeError:
                raise ValueError(f"{file} is no request log: not PredictionLog inside") from None
            seconds = log.log_metadata.timestamp_secs
            if seconds < since:
                continue
            rows = _rows(log)
            if rows is None:
                found.other += 1
                continue
            found.requests += 1
            found.first = min(found.first or seconds, seconds)
            found.last = max(found.last, seconds)
            version = log.log_metadata.model_spec.version.value
            found.versions[version] += len(rows)
            _answers(log, classes(version), found)
            for row in rows:
                found.rows += 1
                at = found.rows - 1 if found.rows <= keep else chance.randrange(found.rows)
                if at >= keep:
                    continue
                kept = {name: values for name, values in row.items() if name not in unwanted}
                if at < len(found.sample):
                    found.sample[at] = kept
                else:
                    found.sample.append(kept)
    return found


def _records(file: Path, found: Requests) -> Iterator[bytes]:
    import tensorflow as tf

    try:
        for record in tf.data.TFRecordDataset(str(file)):
            yield record.numpy()
    except tf.errors.DataLossError:
        found.cut_off.append(file)


def _rows(log: Any) -> list[Row] | None:
    import tensorflow as tf

    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        inputs = {name: tf.make_ndarray(t) for name, t in log.predict_log.request.inputs.items()}
        if set(inputs) == {EXAMPLES_INPUT}:
            return [_example(tf.train.Example.FromString(x)) for x in inputs[EXAMPLES_INPUT].flat]
        count = max((len(array) for array in inputs.values() if array.ndim), default=0)
        return [
            {n: _values(a[row]) for n, a in inputs.items() if a.ndim and len(a) == count}
            for row in range(count)
        ]
    if kind in ("classify_log", "regress_log"):
        asked = getattr(log, kind).request.input
        if asked.WhichOneof("kind") == "example_list_with_context":
            context = _example(asked.example_list_with_context.context)
            listed = asked.example_list_with_context.examples
            return [context | _example(example) for example in listed]
        return [_example(example) for example in asked.example_list.examples]
    return None


def _values(array: Any) -> list[Any]:
    return [value for value in np.asarray(array).ravel().tolist() if not _missing(value)]


def _example(example: Any) -> Row:
    return {
        name: [v for v in getattr(f, f.WhichOneof("kind")).value if not _missing(v)]
        if f.WhichOneof("kind")
        else []
        for name, f in example.features.feature.items()
    }


def _missing(value: Any) -> bool:
    return value == b"" or (isinstance(value, float) and math.isnan(value))


def _answers(log: Any, classes: Sequence[str], found: Requests) -> None:
    """Adds each class's scores up; answers that are not of these classes count for nothing."""
    import tensorflow as tf

    kind = log.WhichOneof("log_type")
    if kind == "predict_log" and SCORES in log.predict_log.response.outputs:
        scores = tf.make_ndarray(log.predict_log.response.outputs[SCORES])
        if classes and scores.ndim == 2 and scores.shape[1] == len(classes):
            found.answered += len(scores)
            for name, total in zip(classes, scores.sum(0, dtype=np.float64), strict=True):
                found.scores[name] = found.scores.get(name, 0.0) + float(total)
    elif kind == "classify_log":
        for row in log.classify_log.response.result.classifications:
            if {one.label for one in row.classes} == set(classes):
                found.answered += 1
                for one in row.classes:
                    found.scores[one.label] = found.scores.get(one.label, 0.0) + one.score
