"""What TFMA writes of a slice beside its metrics: plots, and our charts as text.

The charts travel as TFMA's attributions, the channel for values of a slice that are no metrics; the
executor gathers them into plots.json and worst.json.
"""

import base64
import json
from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator.charts import charts
from components.evaluator.chunk import Chunk
from components.evaluator.metric import intervals, tally_computation
from components.evaluator.plots import plots
from components.evaluator.tally import Tally
from data.tasks import Task

NAME = "detail"
_LARGEST_EXAMPLE = 200_000


def _computations(
    task: str,
    classes: list[str],
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
    **more: Any,
) -> list[Any]:
    tally_key, tally = tally_computation(
        eval_config, model_name, output_name, example_weighted, Task(task)
    )
    count, seed = more.get("replicates", 0), more.get("seed", 0)
    key = metric_types.AttributionsKey(name=NAME, model_name=model_name, output_name=output_name)
    if any(spec.is_baseline and spec.name == model_name for spec in eval_config.model_specs):
        # Empty, but there: tfma.load_eval_result refuses a model without attributions.
        none = metric_types.CIDerivedMetricComputation(keys=[key], result=lambda _: {key: {}})
        return [tally, none]

    def result(values: dict[Any, Any]) -> dict[Any, Any]:
        found = values[tally_key]
        texts = {
            "charts": charts(found, classes),
            "worst": worst(found, classes),
            "bounds": bounds(values, tally_key, more.get("bounds", []), count, seed),
        }
        return {
            **plots(found, tally_key),
            key: {name: json.dumps(value) for name, value in texts.items()},
        }

    return [tally, metric_types.CIDerivedMetricComputation(keys=[key], result=result)]


def bounds(
    values: dict[Any, Any], tally_key: Any, asked: list[list[Any]], count: int, seed: int
) -> list[list[Any]]:
    """[metric key, confidence, [low, high] or null, the same of the difference to the baseline].

    Args:
      values: of a slice, as TFMA has them.
      tally_key: where the tally is.
      asked: [metric key, statistic key, class id, confidence] of each gate that asks for one.
      count: replicates.
      seed: of their draws.
    """
    found = []
    for name, statistic, class_id, level in asked:
        key = tally_key._replace(name=name)
        around = intervals(values, tally_key, key, statistic, class_id, level, count, seed)
        found.append([name, level, around.get(key), around.get(key.make_diff_key())])
    return found


def worst(tally: Tally, classes: list[str]) -> list[dict[str, Any]]:
    """The rows with the greatest loss, worst first, their examples serialized and in base64.

    Args:
      tally: of a slice; only the overall one has examples.
      classes: names in class order; empty for a task without classes.
    """
    rows = tally.worst
    if rows is None or rows.examples is None:
        return []
    found = []
    for row, loss in enumerate(rows.losses(tally.task)):
        example = rows.examples[row]
        fits = len(example) <= _LARGEST_EXAMPLE
        found.append(
            {
                "loss": float(loss),
                **_answer(tally.task, rows.rows([row]), classes),
                "example": base64.b64encode(example).decode() if fits else "",
            }
        )
    return found


def _answer(task: Task, row: Chunk, classes: list[str]) -> dict[str, Any]:
    """label, prediction and score, as people read them; a sequence's label is in its example."""
    label, prediction = row.labels[0], row.predictions[0]
    if task is Task.REGRESSION:
        return {"label": float(label), "prediction": float(prediction[0]), "score": None}
    if task is Task.SEQUENCE:
        text = None if row.answers is None else row.answers[0]
        return {"label": None, "prediction": text, "score": None}
    if task is Task.MULTILABEL:
        scores, chosen = prediction[: len(classes)], prediction[len(classes) :]
        return {
            "label": ", ".join(n for n, there in zip(classes, label, strict=True) if there),
            "prediction": ", ".join(n for n, there in zip(classes, chosen, strict=True) if there),
            "score": float(scores.max()),
        }
    number = int(label)
    if task is Task.BINARY:
        chosen = int(prediction[0] > 0.5)
        return {
            "label": classes[number],
            "prediction": classes[chosen],
            "score": float(prediction[0]),
        }
    return {
        "label": classes[number],
        "prediction": classes[int(prediction.argmax())],
        "score": float(prediction.max()),
    }


class Detail(metric_types.Metric):
    """Plots and charts, for a MetricConfig with `class_name: "Detail"` and this module.

    Args:
      task: name of the task.
      classes: names in class order.
      kept: settings of `Kept`.
      name: as TFMA wants one.
    """

    def __init__(
        self, task: str, classes: list[str], kept: dict[str, Any], name: str = NAME, **more: Any
    ) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            name=name,
            task=task,
            classes=classes,
            kept=kept,
            **more,
        )


metric_types.register_metric(Detail)
