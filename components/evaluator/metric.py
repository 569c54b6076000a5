"""Our metrics as TFMA metrics: mergeable, sliceable, with thresholds, comparable to a baseline.

All keys of one model share a single pass: one combiner per slice gathers labels, predictions and
weights; each key's value is derived from it. TFMA's own costs a Python call per row, slice and
metric, which is where nearly all its time goes.
"""

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator.statistics import statistic
from data.tasks import Task

_Accumulator = list[tuple[np.ndarray, np.ndarray, np.ndarray]]


class _Gather(beam.CombineFn):  # type: ignore[misc]
    """Labels (n,), predictions (n,) or (n, classes) and weights (n,) of a slice, in chunks."""

    def __init__(self, key: Any, eval_config: Any, weighted: bool) -> None:
        self._key, self._eval_config, self._weighted = key, eval_config, weighted

    def create_accumulator(self) -> _Accumulator:
        return []

    def add_input(self, chunks: _Accumulator, element: Any) -> _Accumulator:
        for label, prediction, weight in metric_util.to_label_prediction_example_weight(
            element,
            eval_config=self._eval_config,
            model_name=self._key.model_name,
            output_name=self._key.output_name,
            example_weighted=self._weighted,
            flatten=False,
            squeeze=False,
        ):
            scores = np.ravel(prediction).astype(np.float64)
            chunks.append((np.ravel(label)[:1].astype(np.float64), scores[None], np.ravel(weight)[:1]))
        return self.compact(chunks) if len(chunks) >= 1024 else chunks

    def merge_accumulators(self, accumulators: Iterable[_Accumulator]) -> _Accumulator:
        return [chunk for chunks in accumulators for chunk in chunks]

    def compact(self, chunks: _Accumulator) -> _Accumulator:
        if len(chunks) < 2:
            return chunks
        small = [chunk for chunk in chunks if len(chunk[0]) < 1024]
        large = [chunk for chunk in chunks if len(chunk[0]) >= 1024]
        if small:
            labels, scores, weights = zip(*small, strict=True)
            large.append((np.concatenate(labels), np.concatenate(scores), np.concatenate(weights)))
        return large

    def extract_output(self, chunks: _Accumulator) -> dict[Any, Any]:
        if not chunks:
            return {self._key: (np.zeros(0), np.zeros((0, 1)), np.zeros(0))}
        labels, scores, weights = zip(*chunks, strict=True)
        return {
            self._key: (np.concatenate(labels), np.concatenate(scores), np.concatenate(weights))
        }


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
    place = {
        "model_name": model_name,
        "output_name": output_name,
        "example_weighted": example_weighted,
    }
    gathered = metric_types.MetricKey(name="_predictions", **place)
    key = metric_types.MetricKey(name=name, **place)

    def result(values: dict[Any, Any]) -> dict[Any, float]:
        labels, scores, weights = values[gathered]
        predictions = scores if Task(task) is Task.MULTICLASS else scores[:, 0]
        return {
            key: statistic(statistic_key, Task(task), labels, predictions, weights, class_id)
        }

    return [
        metric_types.MetricComputation(
            keys=[gathered],
            preprocessors=None,
            combiner=_Gather(gathered, eval_config, example_weighted),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]


class Statistic(metric_types.Metric):  # type: ignore[misc]
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
