"""Our metrics as TFMA metrics: mergeable, sliceable, with thresholds, comparable to a baseline.

All keys of one model share a single pass: a preprocessor reduces a row to a label, its scores and
its weight once, before slicing; one combiner per slice gathers them; each key's value is derived
from what was gathered. TFMA's own metrics look every row up again for each slice and metric, which
is where nearly all their time goes.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator import sequences
from components.evaluator.statistics import LABELS_DIFFER, Rows
from data.signatures import CHOSEN
from data.tasks import Task

_Row = tuple[float | np.ndarray, np.ndarray, float]
_Chunk = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Reduce(metric_types.Preprocessor):
    """A row's extracts -> (label, prediction, weight) of one model, as `Rows` takes them."""

    def __init__(self, model_name: str, prediction_key: str, weighted: bool, task: Task) -> None:
        super().__init__(name=f"reduce[{model_name}]")
        self._model_name, self._prediction_key = model_name, prediction_key
        self._weighted, self._task = weighted, task

    def process(self, extracts: Mapping[str, Any]) -> Iterator[_Row]:
        answers = self._own(extracts, constants.PREDICTIONS_KEY)
        answer = np.ravel(_named(answers, self._prediction_key))
        weight = self._own(extracts, constants.EXAMPLE_WEIGHTS_KEY) if self._weighted else 1.0
        label = self._own(extracts, constants.LABELS_KEY)
        if self._task is Task.MULTILABEL:
            every = np.ravel(np.full(len(answer), np.nan) if label is None else label)
            chosen = np.ravel(_named(answers, CHOSEN))
            yield every.astype(np.float64), np.concatenate([answer, chosen]), _number(weight)
        elif self._task is Task.SEQUENCE:
            truth, guess = _text(label), _text(answer)
            counts = np.full(len(sequences.COLUMNS), np.nan)
            if truth is not None and guess is not None:
                counts = sequences.compare(truth, guess)
            number = np.nan if truth is None else float(zlib.crc32(truth.encode()))
            yield number, counts if truth is not None else np.zeros(len(counts)), _number(weight)
        else:
            yield _number(label), answer, _number(weight)

    def _own(self, extracts: Mapping[str, Any], key: str) -> Any:
        value = extracts.get(key)
        if isinstance(value, Mapping) and self._model_name in value:
            return value[self._model_name]
        return value


def _named(answers: Any, key: str) -> Any:
    """One of a model's outputs; TFMA hands a single one over without its name."""
    if not isinstance(answers, Mapping):
        return answers
    if key not in answers:
        raise ValueError(
            f"the model has no output '{key}'. Its outputs: {', '.join(sorted(answers))}"
        )
    return answers[key]


def _text(value: Any) -> str | None:
    """The first text of an array of any shape; None for none."""
    flat = np.ravel(np.array([], object) if value is None else value)
    if not len(flat):
        return None
    first: Any = flat[0]
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)


def _number(value: Any) -> float:
    """The first number of an array of any shape; NaN for none."""
    flat = np.ravel(np.nan if value is None else value)
    return float(flat[0]) if len(flat) else np.nan


class _Gathered:
    """Rows of a slice so far: as they came, and packed into arrays (small to pickle)."""

    def __init__(self) -> None:
        self.loose: list[_Row] = []
        self.chunks: list[_Chunk] = []

    def pack(self) -> None:
        """All rows into one chunk."""
        if self.loose:
            labels, scores, weights = zip(*self.loose, strict=True)
            self.chunks.append((np.array(labels), np.stack(scores), np.array(weights, np.float32)))
            self.loose = []
        if len(self.chunks) > 1:
            columns = zip(*self.chunks, strict=True)
            labels, scores, weights = (np.concatenate(column) for column in columns)
            self.chunks = [(labels, scores, weights)]

    def __getstate__(self) -> list[_Chunk]:
        self.pack()
        return self.chunks

    def __setstate__(self, chunks: list[_Chunk]) -> None:
        self.loose, self.chunks = [], chunks


class _Gather(beam.CombineFn):
    """Labels, predictions and weights of a slice."""

    def __init__(self, key: Any, task: Task) -> None:
        self._key, self._task = key, task

    def create_accumulator(self) -> _Gathered:
        return _Gathered()

    def add_input(self, gathered: _Gathered, row: _Row) -> _Gathered:
        gathered.loose.append(row)
        return gathered

    def add_inputs(self, gathered: _Gathered, rows: Iterable[_Row]) -> _Gathered:
        gathered.loose.extend(rows)
        return gathered

    def merge_accumulators(self, accumulators: Iterable[_Gathered]) -> _Gathered:
        merged = _Gathered()
        for gathered in accumulators:
            merged.loose += gathered.loose
            merged.chunks += gathered.chunks
        return merged

    def compact(self, gathered: _Gathered) -> _Gathered:
        gathered.pack()
        return gathered

    def extract_output(self, gathered: _Gathered) -> dict[Any, Rows]:
        gathered.pack()
        if not gathered.chunks:
            return {self._key: Rows(self._task, np.zeros(0), np.zeros((0, 1)), np.zeros(0))}
        [(labels, scores, weights)] = gathered.chunks
        return {self._key: Rows(self._task, labels, scores, weights)}


def _computations(
    name: str,
    statistic_key: str,
    task: str,
    class_id: int,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
    **unused: Any,
) -> list[Any]:
    place = {"output_name": output_name, "example_weighted": example_weighted}
    rows_key = metric_types.MetricKey(name="_rows", model_name=model_name, **place)
    key = metric_types.MetricKey(name=name, model_name=model_name, **place)

    def result(values: dict[Any, Any]) -> dict[Any, float]:
        if statistic_key == LABELS_DIFFER:
            everyone = [rows for other, rows in values.items() if other.name == rows_key.name]
            return {key: float(max(_differing(values[rows_key], rows) for rows in everyone))}
        return {key: values[rows_key].value(statistic_key, class_id)}

    return [
        metric_types.MetricComputation(
            keys=[rows_key],
            preprocessors=[
                _Reduce(
                    model_name,
                    _prediction_key(eval_config, model_name),
                    example_weighted,
                    Task(task),
                )
            ],
            combiner=_Gather(rows_key, Task(task)),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]


def _prediction_key(eval_config: Any, model_name: str) -> str:
    specs = list(eval_config.model_specs) if eval_config else []
    for spec in specs:
        if len(specs) == 1 or spec.name == model_name:
            return str(spec.prediction_key)
    return ""


def _differing(mine: Rows, other: Rows) -> int:
    # Both were gathered side by side, in the same order.
    same = (mine.labels == other.labels) | (np.isnan(mine.labels) & np.isnan(other.labels))
    return int(np.count_nonzero(~same.reshape(len(same), -1).all(axis=1)))


class Statistic(metric_types.Metric):
    """One metric key, for a MetricConfig with `class_name: "Statistic"` and this module.

    Args:
      name: the key as reported, such as `f1` or `f1/sneaker`.
      statistic_key: the key without its class.
      task: name of the task.
      class_id: index of the class, -1 for all.
    """

    def __init__(self, name: str, statistic_key: str, task: str, class_id: int = -1) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            name=name,
            statistic_key=statistic_key,
            task=task,
            class_id=class_id,
        )


metric_types.register_metric(Statistic)
