"""Charts in TFMA's own messages, so that its viewers have their plots."""

from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from components.evaluator.charts import POINTS
from components.evaluator.ranks import Curve
from components.evaluator.sequences import Array
from components.evaluator.tally import Tally
from data.tasks import Task

_MOST_CLASSES = 20
"""Past that TFMA gets no curves of single classes."""
_BUCKETS = 100


def plots(tally: Tally, key: Any) -> dict[Any, Any]:
    """{PlotKey: message} of a slice.

    Args:
      tally: of the slice.
      key: a MetricKey of the same model.
    """
    if tally.why_not():
        return {}
    found: dict[Any, Any] = {}
    if len(tally.curves) <= _MOST_CLASSES:
        for number, curve in enumerate(tally.curves):
            binary = tally.task is Task.BINARY
            sub_key = None if binary else metric_types.SubKey(class_id=number)
            found[_plot_key(key, "confusion_matrix_plot", sub_key)] = _matrices(curve)
            found[_plot_key(key, "calibration_plot", sub_key)] = _buckets(curve)
    if tally.confusion is not None and tally.task is Task.MULTICLASS:
        name = "multi_class_confusion_matrix_plot"
        found[_plot_key(key, name, None)] = _confusion(tally.confusion)
    return found


def _plot_key(key: Any, name: str, sub_key: Any) -> Any:
    return metric_types.PlotKey(
        name=name,
        model_name=key.model_name,
        output_name=key.output_name,
        sub_key=sub_key,
        example_weighted=key.example_weighted,
    )


def _matrices(curve: Curve) -> Any:
    """Counts of `score > threshold`, by rising threshold."""
    scores, positives, negatives = curve.steps()
    message = metrics_for_slice_pb2.ConfusionMatrixAtThresholds()
    if not len(scores):
        return message
    hits: Array = np.append(0.0, positives.cumsum())
    alarms: Array = np.append(0.0, negatives.cumsum())
    thresholds: Array = np.append(scores, min(0.0, scores[-1]) - 1e-6)
    chosen = np.unique(np.linspace(0, len(hits) - 1, POINTS).astype(int))
    with np.errstate(invalid="ignore"):
        for place in chosen[::-1]:
            tp, fp = hits[place], alarms[place]
            fn, tn = hits[-1] - tp, alarms[-1] - fp
            message.matrices.add(
                threshold=thresholds[place],
                true_positives=tp,
                false_positives=fp,
                false_negatives=fn,
                true_negatives=tn,
                precision=tp / (tp + fp),
                recall=tp / (tp + fn),
                false_positive_rate=fp / (fp + tn),
                f1=2 * tp / (2 * tp + fp + fn),
                accuracy=(tp + tn) / (tp + tn + fp + fn),
                false_omission_rate=fn / (fn + tn),
            )
    return message


def _buckets(curve: Curve) -> Any:
    scores, positives, negatives = curve.steps()
    edges = np.linspace(0, 1, _BUCKETS + 1)
    place = np.searchsorted(edges, scores, side="right")  # 0: below 0, last: from 1 on
    weights = positives + negatives
    sums = [np.bincount(place, w, _BUCKETS + 2) for w in (weights, positives, weights * scores)]
    bounds = [-np.inf, *edges, np.inf]
    message = metrics_for_slice_pb2.CalibrationHistogramBuckets()
    for number, (rows, labels, predictions) in enumerate(zip(*sums, strict=True)):
        message.buckets.add(
            lower_threshold_inclusive=bounds[number],
            upper_threshold_exclusive=bounds[number + 1],
            num_weighted_examples={"value": rows},
            total_weighted_label={"value": labels},
            total_weighted_refined_prediction={"value": predictions},
        )
    return message


def _confusion(weights: Any) -> Any:
    message = metrics_for_slice_pb2.MultiClassConfusionMatrixAtThresholds()
    matrix = message.matrices.add(threshold=0.0)
    for actual, predicted in np.argwhere(weights > 0):
        matrix.entries.add(
            actual_class_id=int(actual),
            predicted_class_id=int(predicted),
            num_weighted_examples=float(weights[actual, predicted]),
        )
    return message
