"""Our metrics as TFMA metrics: mergeable, sliceable, with thresholds, comparable to a baseline.

All keys of one model share a single pass: a preprocessor hands over arrays, the rows of a batch that
are in a slice (extraction.py) or, behind TFMA's own extractors, one row; one combiner per slice keeps
a tally of them; each key's value is derived from it. TFMA's own metrics look every row up again for
each slice and metric, which is where nearly all their time goes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from scipy import stats
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator import bootstrap, reduction
from components.evaluator.chunk import Chunk
from components.evaluator.tally import BOOKKEEPING, Kept, Tally
from data.tasks import Task

CHUNKS = "chunks"
"""The extract that holds {model name: Chunk}."""
TALLY = "_tally"
"""The private metric that holds a slice's tally; TFMA does not write what begins with `_`."""


class _Reduce(metric_types.Preprocessor):
    """Extracts -> the chunk of one model."""

    def __init__(self, model_name: str, prediction_key: str, task: Task) -> None:
        super().__init__(name=f"reduce[{model_name}]")
        self._model, self._task = (model_name, prediction_key), task

    def process(self, extracts: Mapping[str, Any]) -> Iterator[Chunk]:
        found = extracts.get(CHUNKS)
        if found is None:
            found = reduction.chunks(reduction.single(extracts), [self._model], self._task)
        yield found[self._model[0]]


class Gather(beam.CombineFn):
    """The tally of a slice."""

    def __init__(self, key: Any, task: Task, kept: Kept) -> None:
        self._key, self._task, self._kept = key, task, kept

    def create_accumulator(self) -> Tally:
        return Tally(self._task, self._kept)

    def add_input(self, tally: Tally, chunk: Chunk) -> Tally:
        tally.add(chunk)
        return tally

    def merge_accumulators(self, accumulators: Iterable[Tally]) -> Tally:
        merged = self.create_accumulator()
        for tally in accumulators:
            merged.merge(tally)
        return merged

    def compact(self, tally: Tally) -> Tally:
        tally.pack()
        return tally

    def extract_output(self, tally: Tally) -> dict[Any, Tally]:
        tally.pack()
        return {self._key: tally}


def tally_computation(
    eval_config: Any, model_name: str, output_name: str, example_weighted: bool, task: Task
) -> tuple[Any, Any]:
    """(key, computation) of the tally that every metric of a model is read from."""
    place = {"output_name": output_name, "example_weighted": example_weighted}
    key = metric_types.MetricKey(name=TALLY, model_name=model_name, **place)
    reduce = _Reduce(model_name, _prediction_key(eval_config, model_name), task)
    kept = kept_for(eval_config)
    return key, metric_types.MetricComputation([key], [reduce], Gather(key, task, kept))


def kept_for(eval_config: Any) -> Kept:
    """What an EvalConfig of ours asks a tally to keep; without one what the metrics need."""
    return Kept(**settings(eval_config).get("kept", {}))


def settings(eval_config: Any, class_name: str = "Detail") -> dict[str, Any]:
    """The settings of the first metric of a class in an EvalConfig; empty where there is none."""
    for spec in eval_config.metrics_specs if eval_config else ():
        for metric in spec.metrics:
            if metric.class_name == class_name:
                return dict(json.loads(metric.config))
    return {}


def _prediction_key(eval_config: Any, model_name: str) -> str:
    specs = list(eval_config.model_specs) if eval_config else []
    for spec in specs:
        if len(specs) == 1 or spec.name == model_name:
            return str(spec.prediction_key)
    return ""


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
    tally_key, tally = tally_computation(
        eval_config, model_name, output_name, example_weighted, Task(task)
    )
    key = tally_key._replace(name=name)

    def result(values: dict[Any, Any]) -> dict[Any, float]:
        return {key: values[tally_key].value(statistic_key, class_id)}

    found = [tally, metric_types.DerivedMetricComputation(keys=[key], result=result)]
    asked = settings(eval_config)
    if not asked.get("replicates") or statistic_key in BOOKKEEPING:
        return found
    count, seed = asked["replicates"], asked["seed"]

    def with_interval(values: dict[Any, Any]) -> dict[Any, Any]:
        around = intervals(
            values, tally_key, key, statistic_key, class_id, bootstrap.LEVEL, count, seed
        )
        return {name: _bounded(float(values[name]), interval) for name, interval in around.items()}

    return [*found, metric_types.CIDerivedMetricComputation(keys=[key], result=with_interval)]


def intervals(
    values: dict[Any, Any],
    tally_key: Any,
    key: Any,
    statistic_key: str,
    class_id: int,
    level: float,
    count: int,
    seed: int,
) -> dict[Any, bootstrap.Interval | None]:
    """The intervals around a metric and around its difference to the baseline.

    Args:
      values: of a slice, as TFMA has them.
      tally_key: where the tally is.
      key: the metric's.
      statistic_key: the key without its class.
      class_id: index of the class, -1 for all.
      level: between 0 and 1, such as 0.95.
      count: replicates.
      seed: of their draws.

    Returns:
      By key, for what there is: nothing in a slice without replicates, no difference where there is
      no baseline. None where too few replicates have a value.
    """
    here = bootstrap.of(values[tally_key], count, seed)
    if here is None:
        return {}
    around = {key: here.interval(float(values[key]), statistic_key, class_id, level)}
    difference, there = key.make_diff_key(), baseline_tally(values, tally_key)
    other = None if there is None else bootstrap.of(there, count, seed)
    if other is not None and difference in values:
        around[difference] = here.interval(
            float(values[difference]), statistic_key, class_id, level, less=other
        )
    return around


def baseline_tally(values: dict[Any, Any], tally_key: Any) -> Any:
    """The tally of the other model; None where there is none."""
    others = [
        item
        for key, item in values.items()
        if key.name == TALLY and key.model_name != tally_key.model_name
    ]
    return others[0] if others else None


def _bounded(value: float, interval: bootstrap.Interval | None) -> Any:
    """A value with its interval, in the one form that TFMA both writes and validates.

    TFMA writes bounds as mean -+ t * deviation: the mean is the middle of our interval, which need
    not be symmetric about the value, and the deviation what gives its width.
    """
    if interval is None or not np.isfinite(value):
        return value
    low, high = interval
    freedom = 1_000_000
    deviation = (high - low) / 2 / stats.t.ppf((1 + bootstrap.LEVEL) / 2, freedom)
    return types.ValueWithTDistribution((low + high) / 2, deviation, freedom, value)


class Statistic(metric_types.Metric):
    """One metric key, for a MetricConfig with `class_name: "Statistic"` and this module.

    Args:
      name: the key as reported, such as `f1` or `f1/sneaker`.
      statistic_key: the key without its class.
      task: name of the task.
      class_id: index of the class, -1 for all.
      more: what a reader of the EvalConfig needs to know of its gates.
    """

    def __init__(
        self, name: str, statistic_key: str, task: str, class_id: int = -1, **more: Any
    ) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            name=name,
            statistic_key=statistic_key,
            task=task,
            class_id=class_id,
        )


metric_types.register_metric(Statistic)
