"""Our metrics as TFMA metrics: mergeable, sliceable, with thresholds, comparable to a baseline.

All keys of one model share a single pass: a preprocessor reduces a row to a label, its scores and
its weight once, before slicing; one combiner per slice gathers them; each key's value is derived
from what was gathered. TFMA's own metrics look every row up again for each slice and metric, which
is where nearly all their time goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator.statistics import LABELS_DIFFER, Rows
from data.tasks import Task

_Row = tuple[float, np.ndarray, float]
_Chunk = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Reduce(metric_types.Preprocessor):
    """A row's extracts -> (label, scores (classes,), weight) of one model."""

    def __init__(self, model_name: str, prediction_key: str, weighted: bool) -> None:
        super().__init__(name=f"reduce[{model_name}]")
        self._model_name, self._prediction_key = model_name, prediction_key
        self._weighted = weighted

    def process(self, extracts: Mapping[str, Any]) -> Iterator[_Row]:
        scores = self._own(extracts, constants.PREDICTIONS_KEY)
        if isinstance(scores, Mapping):
            if self._prediction_key not in scores:
                raise ValueError(
                    f"the model has no output '{self._prediction_key}'. Its outputs: "
                    f"{', '.join(sorted(scores))}"
                )
            scores = scores[self._prediction_key]
        weight = self._own(extracts, constants.EXAMPLE_WEIGHTS_KEY) if self._weighted else 1.0
        label = self._own(extracts, constants.LABELS_KEY)
        yield _number(label), np.ravel(scores), _number(weight)

    def _own(self, extracts: Mapping[str, Any], key: str) -> Any:
        value = extracts.get(key)
        if isinstance(value, Mapping) and self._model_name in value:
            return value[self._model_name]
        return value


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
                _Reduce(model_name, _prediction_key(eval_config, model_name), example_weighted)
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
    return int(np.count_nonzero(~same))


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
